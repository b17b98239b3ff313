"""Functions that build the graph and the objective of a network."""
