"""Deltas: each change appends counts, and a later step aggregates them."""
