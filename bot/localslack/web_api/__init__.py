"""Slack's Web API and response urls: callers, rate limits and answers."""
