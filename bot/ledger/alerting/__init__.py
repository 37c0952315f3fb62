"""What is watched, and told of while it is wrong."""
