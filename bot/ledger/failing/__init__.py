"""The index of what failed: its entries, causes and counts."""
