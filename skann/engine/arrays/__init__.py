"""Support for NumPy and CuPy arrays: differences between the two, random bits, and deferred sums."""
