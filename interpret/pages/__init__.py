"""Runs as one page of HTML that needs nothing else: what is on it, and its templates."""
