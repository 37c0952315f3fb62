"""One file per operation: its arguments, its role, what it does, and how the answer looks."""
