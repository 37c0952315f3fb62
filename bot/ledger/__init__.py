"""The bot's own tables, in the queue's database so that they commit with the change."""
