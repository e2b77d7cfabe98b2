"""Recipes: how networks are trained, ours and the papers' own."""
