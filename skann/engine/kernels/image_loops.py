"""The loops over images, of shape (n, height, width, channels), compiled as those of loops.py.

They have no counterpart in C: array functions do their work on a GPU. Windows are given by their size, stride and
padding, as ``functions.windows.Windows.numbers``.
"""


def max_pool(x, y, winner, height, width, down, right, above, left, one):
    """Write the maximum over each window into y, and the index of the first cell that has it into winner.

    NaN is propagated.
    """
    n, rows, columns, channels = y.shape
    for image in range(n):
        for i in range(rows):
            top = i * down - above
            first_row, end_row = max(0, -top), min(height, x.shape[1] - top)
            for j in range(columns):
                start = j * right - left
                first_column, end_column = max(0, -start), min(width, x.shape[2] - start)
                first_cell = first_row * width + first_column
                for c in range(channels):
                    y[image, i, j, c] = x[image, top + first_row, start + first_column, c]
                    winner[image, i, j, c] = first_cell
                for row in range(first_row, end_row):
                    for column in range(first_column, end_column):
                        cell = row * width + column
                        if cell == first_cell:
                            continue
                        for c in range(channels):
                            value, largest = x[image, top + row, start + column, c], y[image, i, j, c]
                            winner[image, i, j, c] = cell if value > largest else winner[image, i, j, c]
                            # without the product the compiler emits a branch
                            y[image, i, j, c] = value if value > largest or value != value else largest * one


def max_pool_of_four(x, y, winner, down, right, one):
    """As ``max_pool`` for windows of 2 x 2 without padding, in half of the time: nothing is stored before the end."""
    n, rows, columns, channels = y.shape
    for image in range(n):
        for i in range(rows):
            top = i * down
            for j in range(columns):
                start = j * right
                for c in range(channels):
                    largest, cell = x[image, top, start, c], 0
                    value = x[image, top, start + 1, c]
                    cell = 1 if value > largest else cell
                    largest = value if value > largest or value != value else largest * one
                    value = x[image, top + 1, start, c]
                    cell = 2 if value > largest else cell
                    largest = value if value > largest or value != value else largest * one
                    value = x[image, top + 1, start + 1, c]
                    cell = 3 if value > largest else cell
                    largest = value if value > largest or value != value else largest * one
                    y[image, i, j, c] = largest
                    winner[image, i, j, c] = cell


def max_pool_backward(winner, dy, dx, offsets, height, width, down, right, above, left, zero):
    """Write the sum of the dy of the windows in which a pixel wins into dx, in descending order of the windows.

    Offsets are those of a window's cells from its first one, in pixels.
    """
    n, rows, columns, channels = dy.shape
    for image in range(n):
        dx[image] = zero
        pixels = dx[image].reshape(-1)
        for i in range(rows - 1, -1, -1):
            for j in range(columns - 1, -1, -1):
                corner = (i * down - above) * dx.shape[2] + j * right - left
                for c in range(channels):
                    pixels[(corner + offsets[winner[image, i, j, c]]) * channels + c] += dy[image, i, j, c]


def max_pool_of_four_backward(winner, dy, dx, zero):
    """As ``max_pool_backward`` for windows of 2 x 2 side by side, in a third of the time: it writes each pixel once."""
    n, rows, columns, channels = dy.shape
    for image in range(n):
        for i in range(rows):
            for j in range(columns):
                for cell in range(4):  # with all four in a single loop, the compiler would not vectorize
                    row, column = 2 * i + cell // 2, 2 * j + cell % 2
                    for c in range(channels):
                        dx[image, row, column, c] = dy[image, i, j, c] if winner[image, i, j, c] == cell else zero
            dx[image, 2 * i : 2 * i + 2, 2 * columns :] = zero
        dx[image, 2 * rows :] = zero


def average_pool(x, y, height, width, down, right, above, left, zero, share):
    """Write share times the sum over each window into y."""
    n, rows, columns, channels = y.shape
    for image in range(n):
        for i in range(rows):
            top = i * down - above
            for j in range(columns):
                start = j * right - left
                for c in range(channels):
                    y[image, i, j, c] = zero
                for row in range(max(0, -top), min(height, x.shape[1] - top)):
                    for column in range(max(0, -start), min(width, x.shape[2] - start)):
                        for c in range(channels):
                            y[image, i, j, c] += x[image, top + row, start + column, c]
                for c in range(channels):
                    y[image, i, j, c] *= share


def average_pool_backward(dy, dx, height, width, down, right, above, left, zero, share):
    """Write share times the sum of the dy of the windows of a pixel into dx, in descending order of the windows."""
    n, rows, columns, channels = dy.shape
    for image in range(n):
        dx[image] = zero
        for i in range(rows - 1, -1, -1):
            top = i * down - above
            for j in range(columns - 1, -1, -1):
                start = j * right - left
                for row in range(max(0, -top), min(height, dx.shape[1] - top)):
                    for column in range(max(0, -start), min(width, dx.shape[2] - start)):
                        for c in range(channels):
                            dx[image, top + row, start + column, c] += dy[image, i, j, c] * share


def repeat_backward(dy, dx, height, width):
    """Write the sum over each block of dy, of height x width pixels, into dx."""
    n, rows, columns, channels = dx.shape
    for image in range(n):
        for i in range(rows):
            for j in range(columns):
                for c in range(channels):
                    dx[image, i, j, c] = dy[image, i * height, j * width, c]
                for cell in range(1, height * width):
                    row, column = i * height + cell // width, j * width + cell % width
                    for c in range(channels):
                        dx[image, i, j, c] += dy[image, row, column, c]


def interpolate(x, y, shares):
    """Write the values between those of x, of shape (outer, length, inner), into y.

    Shares are the distances of the values from that of x, negative before it.
    """
    outer, length, inner = x.shape
    for k in range(outer):
        for i in range(length):
            for phase in range(shares.size):
                share = abs(shares[phase])
                at, other = i * shares.size + phase, i + (1 if shares[phase] > 0 else -1)
                if share > 0 and 0 <= other < length:
                    for c in range(inner):
                        y[k, at, c] = (x[k, other, c] - x[k, i, c]) * share + x[k, i, c]
                else:
                    for c in range(inner):
                        y[k, at, c] = x[k, i, c]


def interpolate_backward(dy, dx, shares):
    """Write the gradient of ``interpolate`` with respect to x into dx."""
    outer, length, inner = dx.shape
    for k in range(outer):
        for i in range(length):
            for c in range(inner):
                dx[k, i, c] = dy[k, i * shares.size, c]
            for phase in range(1, shares.size):
                for c in range(inner):
                    dx[k, i, c] += dy[k, i * shares.size + phase, c]
            for phase in range(shares.size):
                share, side = abs(shares[phase]), 1 if shares[phase] > 0 else -1
                if share > 0 and 0 <= i + side < length:
                    for c in range(inner):
                        dx[k, i, c] -= dy[k, i * shares.size + phase, c] * share
                if share > 0 and 0 <= i - side < length:
                    at = (i - side) * shares.size + phase
                    for c in range(inner):
                        dx[k, i, c] += dy[k, at, c] * share
