"""Updates of the index of failures and its counts."""
