"""Runs bulk changes batch by batch."""
