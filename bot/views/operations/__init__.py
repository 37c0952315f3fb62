"""Views of operations: preview, progress, outcomes, undo, change freeze."""
