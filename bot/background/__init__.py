"""Background work: the loop, and one package per topic."""
