"""What changes jobs, one by one and in bulk, and what became of them."""
