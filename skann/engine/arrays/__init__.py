"""Arrays of NumPy and CuPy: what differs between the two, random bits, sums of numbers on a device, and kernels."""
