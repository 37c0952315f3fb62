"""Operations (bulk changes): scope, batches, undo, and the change freeze."""
