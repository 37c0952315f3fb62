"""Incidents: their failures, their mutes, and the queue's activity during an incident."""
