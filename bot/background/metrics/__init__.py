"""Takes samples of the queue and rolls them up."""
