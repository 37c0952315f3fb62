"""The bot's own tables, one package for each topic."""
