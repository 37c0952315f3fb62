"""Views of alerts, mutes and monitoring."""
