"""The kernels as loops, compiled by Numba if it is installed (the extra ``fast``).

Each loop replaces about ten passes of NumPy over memory by one. It performs the same operations on each element in the
same order, so that results are bitwise identical with and without Numba. Loops are single-threaded, since a second
thread pool would spin against that of the BLAS. They work in place, because a loop that reads one array and writes
another is not vectorized if both may be the same. exp, log and similar functions are left to NumPy, which vectorizes
them; Numba does so only with an additional library.

Numbers are passed in the dtype of the arrays (``typed``), since literals would promote float32 to float64.
"""

import math


def adam(theta, grad, first, second, n_decayed, l2, beta_1, beta_2, epsilon, size):
    """Take a step of ``optimizers.Adam``, with an L2 penalty on the first ``n_decayed`` parameters."""
    for i in range(n_decayed):
        grad[i] += theta[i] * l2
    for i in range(theta.size):
        first[i] = first[i] * beta_1 + grad[i]
        second[i] = second[i] * beta_2 + grad[i] * grad[i]
        theta[i] -= first[i] / (math.sqrt(second[i]) + epsilon) * size


def sgd(theta, grad, velocity, n_decayed, l2, momentum, nesterov, rate):
    """Take a step of ``optimizers.SGD``, with an L2 penalty on the first ``n_decayed`` parameters."""
    for i in range(n_decayed):
        grad[i] += theta[i] * l2
    for i in range(theta.size):
        moved = grad[i] * rate
        velocity[i] = velocity[i] * momentum - moved
        if nesterov:
            theta[i] = theta[i] - moved + velocity[i] * momentum
        else:
            theta[i] += velocity[i]


def add_bias(y, b):
    """Add b to every row of y."""
    for i in range(len(y)):
        for j in range(b.size):
            y[i, j] += b[j]


def relu(y, zero, one):
    """Write max(y, 0) into y, propagating NaN."""
    for i in range(y.size):
        # without the product the compiler emits a branch, which is five times slower
        y[i] = zero if y[i] <= zero else y[i] * one


def relu_backward(y, dy, zero):
    """Multiply dy by the derivative of ``relu`` at output y."""
    for i in range(y.size):
        dy[i] = zero if y[i] <= zero else dy[i]


def tanh_backward(y, dy, one):
    """Multiply dy by the derivative of tanh at output y."""
    for i in range(y.size):
        dy[i] *= one - y[i] * y[i]


def logistic_exponent(y, shift, scale):
    """Write -scale (y - shift) into y."""
    for i in range(y.size):
        y[i] = -((y[i] - shift) * scale)


def logistic(y, one):
    """Write 1 / (1 + y) into y, which holds an exponential."""
    for i in range(y.size):
        y[i] = one / (y[i] + one)


def logistic_backward(y, dy, one, scale):
    """Multiply dy by the derivative of ``Logistic`` at output y."""
    for i in range(y.size):
        dy[i] = dy[i] * y[i] * (one - y[i]) * scale


def silu(z, sigma, y, one):
    """Write z / (1 + e) into y and 1 / (1 + e) into sigma, which holds the exponential e."""
    for i in range(z.size):
        sigma[i] = one / (sigma[i] + one)
        y[i] = z[i] * sigma[i]


def silu_backward(y, sigma, dy, one):
    """Multiply dy by the derivative of ``SiLU`` at output y."""
    for i in range(y.size):
        whole = dy[i] * y[i]
        dy[i] = whole * (one - sigma[i]) + dy[i] * sigma[i]


def elu(y, e, one, alpha, scale):
    """Write scale (y if y > 0 else alpha (e - 1)) into y; e is exp(y)."""
    for i in range(y.size):
        y[i] = (y[i] if y[i] > 0 else (e[i] - one) * alpha) * scale


def elu_backward(y, dy, low, step):
    """Multiply dy by the derivative of ``elu`` at output y: low + step above zero, y + low below."""
    for i in range(y.size):
        dy[i] *= low + step if y[i] > 0 else y[i] + low


def mish(z, e, y, slope, flat, cap, one, two, four):
    """Write ``Mish`` of z into y, and its derivative into slope; e is exp(z), and cap is exp(flat)."""
    for i in range(z.size):
        exp = min(e[i], cap)
        n = (exp + two) * exp
        m = n + two
        share = n / m
        y[i] = z[i] * share
        slope[i] = (exp + one) * exp / m / m * four * min(z[i], flat) + share


def gelu(z, bell, y, phi, limit, half, p0, p1, p2, p3, q0, q1, q2, q3, q4):
    """Write ``GELU`` of z into y, and the normal CDF into phi; bell is exp(-z^2 / 2)."""
    for i in range(z.size):
        a = min(abs(z[i]), limit)
        numerator = ((p3 * a + p2) * a + p1) * a + p0
        divisor = (((q4 * a + q3) * a + q2) * a + q1) * a + q0
        phi[i] = math.copysign(half - numerator / divisor * bell[i], z[i]) + half
        y[i] = z[i] * phi[i]


def gelu_backward(z, bell, phi, dy, density):
    """Multiply dy by the derivative of ``gelu``; density is the factor of bell."""
    for i in range(z.size):
        dy[i] *= bell[i] * density * z[i] + phi[i]


def blend(x, f, share, y):
    """Write x + share (f - x) into y, with one share per column."""
    for i in range(len(x)):
        for j in range(share.size):
            y[i, j] = (f[i, j] - x[i, j]) * share[j] + x[i, j]


def blend_backward(x, f, share, dy, moved, df):
    """Write the gradients of ``blend`` with respect to the share, per row, into moved, and to f into df."""
    for i in range(len(x)):
        for j in range(share.size):
            moved[i, j] = (f[i, j] - x[i, j]) * dy[i, j]
            df[i, j] = dy[i, j] * share[j]


def blend_skip(share, dy, dx):
    """Add the gradient of the linear path of ``blend`` to dx, the gradient through f."""
    for i in range(len(dx)):
        for j in range(share.size):
            dx[i, j] = dx[i, j] - dy[i, j] * share[j] + dy[i, j]


def centre(x, mean, centred, squares):
    """Write x - mean, with one mean per column, and its square; squares may be x."""
    for i in range(len(x)):
        for j in range(mean.size):
            centred[i, j] = x[i, j] - mean[j]
        # in a loop of its own, since one that also read x would not be vectorized where squares is x
        for j in range(mean.size):
            squares[i, j] = centred[i, j] * centred[i, j]


def scale_and_shift(x, scale, shift, y):
    """Write scale x + shift into y, with one scale and shift per column."""
    for i in range(len(x)):
        for j in range(scale.size):
            y[i, j] = x[i, j] * scale[j] + shift[j]


def batch_norm_backward(centred, slope, offset, share, scale, dx):
    """Write scale (dx - share (slope centred + offset)) into dx, with one share per row, of shape (n, 1)."""
    for i in range(len(dx)):
        for j in range(scale.size):
            dx[i, j] = (dx[i, j] - (centred[i, j] * slope[j] + offset[j]) * share[i, 0]) * scale[j]


def maxout(z, y, winner, one):
    """Write the maximum over the pieces of z, of shape (rows, pieces, units), into y, and its index into winner.

    NaN is propagated.
    """
    for i in range(len(z)):
        for k in range(y.shape[1]):
            y[i, k] = z[i, 0, k]
            winner[i, k] = 0
        for j in range(1, z.shape[1]):
            for k in range(y.shape[1]):
                piece, largest = z[i, j, k], y[i, k]
                winner[i, k] = j if piece > largest else winner[i, k]
                # without the product the compiler emits a branch
                y[i, k] = piece if piece > largest or piece != piece else largest * one


def maxout_backward(winner, dy, dz, pieces, zero):
    """Write dy into the winning pieces of dz, and zero into the others."""
    for i in range(len(dy)):
        for j in range(pieces):
            for k in range(dy.shape[1]):
                dz[i, j, k] = dy[i, k] if winner[i, k] == j else zero


def drop(y, bits, threshold, scale):
    """Multiply y by scale where the bits are below the threshold, and by zero elsewhere."""
    for i in range(y.size):
        y[i] = y[i] * scale if bits[i] < threshold else y[i] * 0


def softmax_shift(raw, target, beta, v, largest, losses):
    """Write v = beta raw minus its maximum, with the classes first, and the sum of y v over the classes into losses."""
    for k in range(len(v)):
        for i in range(largest.size):
            v[k, i] = raw[i, k] * beta
            largest[i] = v[k, i] if k == 0 else max(largest[i], v[k, i])
    for k in range(len(v)):
        for i in range(largest.size):
            v[k, i] -= largest[i]
            moved = v[k, i] * target[i, k]
            losses[i] = moved if k == 0 else losses[i] + moved


def softmax_gradient(e, target, beta, total, gradient):
    """Write the sum of the exponentials over the classes and the gradient beta (p - y) of the cross-entropy."""
    for k in range(len(e)):
        for i in range(total.size):
            total[i] = e[k, i] if k == 0 else total[i] + e[k, i]
    for k in range(len(e)):
        for i in range(total.size):
            gradient[i, k] = (e[k, i] / total[i] - target[i, k]) * beta
