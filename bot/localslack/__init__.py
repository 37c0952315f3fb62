"""A strict local Slack on 127.0.0.1: its Web API, Socket Mode and a page for the browser."""
