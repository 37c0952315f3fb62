"""Incidents: which failures they have, what silences them, what is known of the queue meanwhile."""
