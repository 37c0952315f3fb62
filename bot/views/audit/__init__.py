"""Views of audit records and of an order's story."""
