"""Slack's Web API and response urls: who calls what, at what rate, and what is answered."""
