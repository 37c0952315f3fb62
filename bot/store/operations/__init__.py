"""Operations (bulk changes): their scope, batches and undo, and the change freeze."""
