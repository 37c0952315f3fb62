"""Read and write the bot's own tables; each topic has its package."""
