"""Execution of bulk changes in batches."""
