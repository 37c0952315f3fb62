"""The bot over the local Slack, with a seeded queue and a simulated worker, in the browser."""
