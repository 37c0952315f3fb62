"""Audit records and an order's story."""
