"""Metrics: samples of the queue, and rollups of the samples."""
