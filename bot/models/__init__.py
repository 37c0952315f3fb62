"""The values and refusals that travel between the packages. No I/O."""
