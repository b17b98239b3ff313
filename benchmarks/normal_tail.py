"""Fit the approximation of GELU in float32, 1 - Phi(a) = exp(-a^2 / 2) P(a) / Q(a), and print P, Q and the error.

Lawson's iteration approximates the minimax fit by least squares with weights that grow where the error is large. It
minimizes the error of a (1 - Phi(a)), which is that of GELU at -a.
"""

import numpy
from scipy.special import erfcx

LIMIT = 6.0  # beyond, exp(-a^2 / 2) is below 2e-8
DEGREES = 3, 4
STEPS = 80


def fit():
    """Return the coefficients of P and Q in ascending order, and the maximum error."""
    n_p, n_q = DEGREES
    nodes = LIMIT / 2 * (1 - numpy.cos(numpy.pi * (numpy.arange(3000) + 0.5) / 3000))
    share = nodes / LIMIT
    wanted = erfcx(nodes / numpy.sqrt(2)) / 2
    scale = numpy.exp(-(nodes**2) / 2) * numpy.maximum(nodes, 0.3)
    weights, divisor = numpy.ones_like(nodes), numpy.ones_like(nodes)
    powers = share[:, None] ** numpy.arange(max(DEGREES) + 1)
    for _ in range(STEPS):
        row = numpy.sqrt(weights) * scale / divisor  # P - wanted Q is linear in the coefficients
        matrix = numpy.hstack([powers[:, : n_p + 1], -wanted[:, None] * powers[:, 1 : n_q + 1]])
        solution = numpy.linalg.lstsq(matrix * row[:, None], wanted * row)[0]
        p, q = solution[: n_p + 1], numpy.concatenate([[1.0], solution[n_p + 1 :]])
        divisor = powers[:, : n_q + 1] @ q
        error = abs(powers[:, : n_p + 1] @ p / divisor - wanted) * scale
        weights = weights * (error / error.max() + 1e-3)
        weights /= weights.mean()
    return p / LIMIT ** numpy.arange(n_p + 1), q / LIMIT ** numpy.arange(n_q + 1), error.max()


def main():
    p, q, error = fit()
    for name, coefficients in (("P", p), ("Q", q)):
        print(name, ", ".join(f"{c:.8e}" for c in coefficients))
    print(f"largest error {error:.1e}")


if __name__ == "__main__":
    main()
