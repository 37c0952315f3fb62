"""Samples of the queue and their rollups."""
