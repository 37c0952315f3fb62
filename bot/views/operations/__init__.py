"""Bulk changes: preview, progress, outcomes, undo, change freeze."""
