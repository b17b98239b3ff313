"""Networks that the tests of the displays draw, each fitted once."""

from functools import cache

import numpy
from sklearn.datasets import load_breast_cancer, load_digits, load_iris, make_moons
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from skann import ConvClassifier, ConvRegressor, MLPClassifier, MLPRegressor

MOONS = make_moons(100, noise=0.1, random_state=0)
SMALL = {"hidden_layer_sizes": (7, 5), "max_iter": 6, "batch_size": 40, "random_state": 0}
SMALL_CONV = {"filters": (3,), "hidden_layer_sizes": (5,), "max_iter": 4, "batch_size": 20, "random_state": 0}


def spots(n, size, seed=0):
    """Return images of a bright spot on faint noise, and its row and column."""
    rng = numpy.random.RandomState(seed)
    rows, columns = rng.uniform(1, size - 2, size=(2, n))
    i, j = numpy.mgrid[:size, :size]
    images = numpy.exp(-((i - rows[:, None, None]) ** 2) - (j - columns[:, None, None]) ** 2)
    return images + 0.02 * rng.uniform(size=images.shape), rows, columns


def _flat_spots():
    images, rows, columns = spots(80, 6)
    return images.reshape(80, -1), (rows > columns).astype(int)


SPOTS = _flat_spots()


@cache
def conv(kind="grey", **options):
    """Return a convolutional network of images that have this form, with its X and y."""
    images, rows, columns = spots(60, 8)
    X = {
        "grey": images,
        "colour": numpy.stack([images, 1 - images, images**2], axis=-1),
        "signals": images.reshape(60, -1)[:, :24],
    }[kind]
    options = {**SMALL_CONV, "filters": (4, 6), **options}
    return ConvClassifier(**options).fit(X, (rows > columns).astype(int)), X, (rows > columns).astype(int)


@cache
def conv_regressor():
    """Return a regressor of the place of a spot, with its X and y."""
    images, rows, columns = spots(60, 8)
    y = numpy.column_stack([rows, columns])
    return ConvRegressor(**SMALL_CONV).fit(images, y), images, y


@cache
def iris(**options):
    """Return a classifier of irises by name, fitted on a DataFrame."""
    data = load_iris(as_frame=True)
    return MLPClassifier(**{**SMALL, **options}).fit(data.data, data.target_names[data.target])


@cache
def regressor(**options):
    """Return a regressor of two targets."""
    X, y = load_iris(return_X_y=True)
    return MLPRegressor(**{**SMALL, **options}).fit(X[:, :2], X[:, 2:] + y[:, None])


@cache
def cancer():
    """Return a classifier with 30 inputs."""
    return MLPClassifier(**SMALL, warn=False).fit(*load_breast_cancer(return_X_y=True))


@cache
def digits(**options):
    """Return a classifier of images of 8 by 8 pixels."""
    X, y = load_digits(return_X_y=True)
    return MLPClassifier(**{**SMALL, "hidden_layer_sizes": (50,), **options}).fit(X[:300] / 16, y[:300])


@cache
def moons(hidden=(8, 2), **options):
    """Return a classifier of two half moons that is right on nearly all of them."""
    return MLPClassifier(hidden, "tanh", solver="lbfgs", max_iter=400, random_state=0, **options).fit(*MOONS)


@cache
def search():
    """Return a grid search over a Pipeline with scaling, on a DataFrame."""
    data = load_iris(as_frame=True)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(**SMALL))
    grid = {"mlpclassifier__alpha": [0.1, 1.0]}
    return GridSearchCV(pipeline, grid, cv=2).fit(data.data, data.target_names[data.target])
