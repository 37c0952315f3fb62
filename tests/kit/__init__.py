"""Code shared by several tests: queues, replicas, people, clocks, and functions that drive them."""
