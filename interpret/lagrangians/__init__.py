"""Lagrangians: exact forms, couplings, landscapes, discovery, and laws with an acceptance gate."""
