"""Mask secrets in every displayed text, by the secrets' keys and by their forms."""
