"""Keeps the index of failures and its counts up to date."""
