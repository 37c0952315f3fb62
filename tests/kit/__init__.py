"""What several tests share: queues, replicas, people, clocks, and how a test drives them."""
