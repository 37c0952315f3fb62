"""A strict local Slack: its Web API, Socket Mode and a page in the browser, on 127.0.0.1."""
