"""Mask secrets by their key and by their form in every text that is shown."""
