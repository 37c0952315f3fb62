"""Connections, transactions, time limits, and what differs between servers."""
