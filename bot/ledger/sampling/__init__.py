"""The queue's figures over time."""
