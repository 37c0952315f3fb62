"""Incidents: their failures, their mutes, and the activity of the queue during an incident."""
