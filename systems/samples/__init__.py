"""Samples: what a law is learned from."""
