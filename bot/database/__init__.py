"""Connections, transactions, time limits, and the differences between servers."""
