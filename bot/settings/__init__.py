"""All settings of the bot, read from environment variables and from `queue-bot.toml`."""
