"""The dialog of `queue-bot setup`: questions, statements for the database, and the file."""
