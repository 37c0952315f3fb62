"""Views of operations: preview, progress, outcomes, undo and change freeze."""
