"""Learners: what is learned of samples, one file each."""
