"""The loops over boxes and their regions of images, compiled as those of loops.py.

They have no counterpart in C: array functions do their work on a GPU. Boxes are columns of shape (5, n): x0, y0, x1,
y1 and the area, so that each loop over boxes reads contiguous memory.
"""


def suppress(boxes, survivors, kept, bound, zero):
    """Write the index of each box whose IoU with every one kept before it is at most ``bound``; return their number.

    ``survivors`` is scratch like boxes: those kept, side by side. Against these a box is compared in blocks, until one
    overlaps.
    """
    count = 0
    for j in range(boxes.shape[1]):
        x0, y0, x1, y1, area = boxes[0, j], boxes[1, j], boxes[2, j], boxes[3, j], boxes[4, j]
        overlaps, start = False, 0
        while start < count and not overlaps:
            stop = min(count, start + 64)
            for k in range(start, stop):
                width = max(min(x1, survivors[2, k]) - max(x0, survivors[0, k]), zero)
                height = max(min(y1, survivors[3, k]) - max(y0, survivors[1, k]), zero)
                common = width * height
                overlaps |= (common / (area + survivors[4, k] - common) if common > zero else zero) > bound
            start = stop
        if not overlaps:
            for column in range(5):
                survivors[column, count] = boxes[column, j]
            kept[count] = j
            count += 1
    return count


def best_matches(boxes, anchors, best, index, is_best, overlap, keep_best, zero):
    """Write the largest IoU of each anchor with a box, and the box, into ``best`` and ``index``.

    ``is_best`` receives whether an anchor has the largest IoU with some box, if this is above 0; ``overlap`` is scratch
    for the IoU of a box with each anchor.
    """
    best[:] = -1
    index[:] = 0
    is_best[:] = False
    for box in range(boxes.shape[1]):
        x0, y0, x1, y1, area = boxes[0, box], boxes[1, box], boxes[2, box], boxes[3, box], boxes[4, box]
        for a in range(anchors.shape[1]):
            width = max(min(x1, anchors[2, a]) - max(x0, anchors[0, a]), zero)
            height = max(min(y1, anchors[3, a]) - max(y0, anchors[1, a]), zero)
            common = width * height
            overlap[a] = common / (area + anchors[4, a] - common) if common > zero else zero
        for a in range(anchors.shape[1]):
            index[a] = box if overlap[a] > best[a] else index[a]
            best[a] = max(best[a], overlap[a])
        if keep_best:
            largest = zero
            for a in range(anchors.shape[1]):
                largest = max(largest, overlap[a])
            if largest > zero:
                for a in range(anchors.shape[1]):
                    is_best[a] |= overlap[a] == largest


def average_samples(features, image_of, rows, row_shares, columns, column_shares, out, zero):
    """Write the weighted sum over the pixels of each cell's samples into out.

    Each sample along an axis reads two pixels: rows are of shape (regions, cells, samples, 2), and their shares too.
    """
    n_regions, height, width, channels = out.shape
    for region in range(n_regions):
        image = image_of[region]
        for i in range(height):
            for j in range(width):
                for c in range(channels):
                    out[region, i, j, c] = zero
                for u in range(rows.shape[2]):
                    above, below = rows[region, i, u, 0], rows[region, i, u, 1]
                    share_above, share_below = row_shares[region, i, u, 0], row_shares[region, i, u, 1]
                    for v in range(columns.shape[2]):
                        left, right = columns[region, j, v, 0], columns[region, j, v, 1]
                        share_left, share_right = column_shares[region, j, v, 0], column_shares[region, j, v, 1]
                        w00, w01 = share_above * share_left, share_above * share_right
                        w10, w11 = share_below * share_left, share_below * share_right
                        for c in range(channels):
                            out[region, i, j, c] += (
                                w00 * features[image, above, left, c]
                                + w01 * features[image, above, right, c]
                                + w10 * features[image, below, left, c]
                                + w11 * features[image, below, right, c]
                            )


def average_samples_backward(dout, image_of, rows, row_shares, columns, column_shares, dfeatures, zero):
    """Write the gradient of ``average_samples`` with respect to the features into dfeatures."""
    n_regions, height, width, channels = dout.shape
    dfeatures[:] = zero
    for region in range(n_regions):
        image = image_of[region]
        for i in range(height):
            for j in range(width):
                for u in range(rows.shape[2]):
                    for v in range(columns.shape[2]):
                        for corner in range(4):  # one after the other, as they may be the same pixel
                            row, column = rows[region, i, u, corner // 2], columns[region, j, v, corner % 2]
                            share = row_shares[region, i, u, corner // 2] * column_shares[region, j, v, corner % 2]
                            for c in range(channels):
                                dfeatures[image, row, column, c] += share * dout[region, i, j, c]
