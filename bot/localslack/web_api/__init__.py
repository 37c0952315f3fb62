"""Slack's Web API and response urls: callers, rates and answers."""
