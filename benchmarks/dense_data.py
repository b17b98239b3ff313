"""Images of streets, blood cells and nuclei for the benchmarks of segmentation and detection.

SKANN_DATA is the folder with camvid_train.npz, camvid_val.npz, bccd.npz and nuclei.npz.
"""

import os
from pathlib import Path

import numpy

VOID = 11  # CamVid's label of pixels that belong to none of its 11 classes


def data_folder():
    """Return the folder of the images."""
    return Path(os.environ["SKANN_DATA"])


def split(n_images):
    """Return the indices of the training images, 80 % of a permutation, and those of the test images."""
    return numpy.split(numpy.random.RandomState(0).permutation(n_images), [int(0.8 * n_images)])


def camvid():
    """Return CamVid's street scenes in its own split.

    Returns
    -------
    X_train, y_train, X_val, y_val : ndarrays of uint8
        Images of shape (n, 90, 120, 3) and labels of shape (n, 90, 120), where 11 is void.
    """
    parts = []
    for name in ("camvid_train", "camvid_val"):
        data = numpy.load(data_folder() / f"{name}.npz")
        parts += [data["images"], data["labels"]]
    return parts


def bccd():
    """Return blood smears with the boxes of red cells (0), white cells (1) and platelets (2).

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarrays
        Images of uint8 and shape (n, 120, 160, 3), and object arrays of dicts {"boxes": (k, 4), "labels": (k,)}.
    """
    data = numpy.load(data_folder() / "bccd.npz")
    X, boxes, labels, image = (data[name] for name in ("images", "boxes", "box_label", "box_image"))
    y = numpy.empty(len(X), object)
    for i in range(len(X)):
        y[i] = {"boxes": boxes[image == i].astype(float), "labels": labels[image == i].astype(int)}
    train, test = split(len(X))
    return X[train], y[train], X[test], y[test]


def nuclei(step=2):
    """Return microscope images of nuclei and their instance maps, both reduced to every ``step``-th pixel.

    Returns
    -------
    X_train, y_train, X_test, y_test : ndarrays
        Grey images of uint8 and shape (n, 128, 128) for the default ``step``, and maps of int32 in which 0 is the
        background and 1 to k are the nuclei that the reduction has left.
    """
    data = numpy.load(data_folder() / "nuclei.npz")
    X = data["images"][:, ::step, ::step]
    maps = data["instance_mask"][:, ::step, ::step]
    y = numpy.stack([renumber(instances) for instances in maps])
    train, test = split(len(X))
    return X[train], y[train], X[test], y[test]


def renumber(instances):
    """Return an instance map with the numbers 1 to k in place of those that occur; 0 stays."""
    numbers = numpy.unique(instances)
    return numpy.searchsorted(numbers[numbers > 0], instances, side="right").astype("int32")
