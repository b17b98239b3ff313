"""The engine: arrays in, arrays out. It imports NumPy and SciPy, never scikit-learn or pandas."""
