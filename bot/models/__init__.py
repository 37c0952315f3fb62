"""The values and refusals that the packages pass to each other. This package does no I/O."""
