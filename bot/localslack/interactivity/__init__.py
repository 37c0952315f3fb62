"""What people of the workspace do, and what Slack makes of the answers that they get."""
