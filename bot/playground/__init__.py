"""The playground: the bot with the local Slack, a seeded queue and a simulated worker."""
