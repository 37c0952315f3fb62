"""What runs by itself: the loop, and one package a topic."""
