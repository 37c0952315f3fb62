"""Sampling and rollup of the queue's metrics."""
