"""Alerts, mutes, and what is monitored."""
