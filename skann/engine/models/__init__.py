"""Functions that return a network's graph and its objective."""
