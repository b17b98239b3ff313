"""Augmentations: what each does to a batch, and that training draws them reproducibly and leaves the data alone."""

import numpy
import pytest
import scipy.ndimage
from numpy.testing import assert_allclose, assert_array_equal

from skann.augmentations import Brightness, Crop, Flip, Mixup, Rotate, Shift
from skann.engine.activations import ReLU
from skann.engine.arrays.counter_bits import CounterBits
from skann.engine.arrays.random_bits import SFC64, numpy_generator
from skann.engine.data.augmentation import AUGMENTATIONS, Augment, BatchAugment, compose
from skann.engine.data.device_reader import MovingReader, reader_for
from skann.engine.data.reader import Reader
from skann.engine.data.rows import Rows
from skann.engine.learner import Learner
from skann.engine.losses import LogLoss
from skann.engine.optimizers import Adam
from skann.engine.schedules import Constant
from skann.engine.training.history import Progress
from skann.engine.training.settings import Settings
from skann.engine.training.state import TrainingState
from skann.engine.training.step import SupervisedStep
from skann.engine.training.trainer import Trainer

from .harness import small_network

N, HEIGHT, WIDTH, CHANNELS, CLASSES = 40, 7, 9, 2, 3
FLOAT32 = numpy.dtype("float32")


def images(dtype="float32"):
    return numpy.random.default_rng(0).uniform(0.1, 1, (N, HEIGHT, WIDTH, CHANNELS)).astype(dtype)


def targets(dtype="float32"):
    return numpy.eye(CLASSES, dtype=dtype)[numpy.arange(N) % CLASSES]


def augmented(augment, X=None, seed=0):
    X = images() if X is None else X.copy()
    return augment(X, targets(X.dtype), numpy.random.default_rng(seed))


def shifted(image, down, right):
    """Return an image moved by pixels, by another algorithm than that of the augmentations: crop from a wide border."""
    height, width = image.shape[:2]
    wide = numpy.pad(image, ((height, height), (width, width), (0, 0)))
    return wide[height - down : 2 * height - down, width - right : 2 * width - right]


def distances(X, moved, rows, columns):
    """Return by how much each image was moved, or fail."""
    found = []
    for before, after in zip(X, moved, strict=True):
        steps = [(i, j) for i in range(-rows, rows + 1) for j in range(-columns, columns + 1)]
        found.append(next(step for step in steps if numpy.array_equal(shifted(before, *step), after)))
    return numpy.array(found)


@pytest.mark.parametrize("cls", AUGMENTATIONS.classes(), ids=lambda cls: cls.__name__)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_batch_changes_in_place_in_its_dtype_and_as_the_generator_says(cls, dtype):
    X, y = images(dtype), targets(dtype)
    changed, target = cls()(X, y, numpy.random.default_rng(0))
    assert changed is X
    assert target is y
    assert (images(dtype) != X).any()
    again, other = (augmented(cls(), images(dtype), seed) for seed in (0, 1))
    assert_array_equal(again[0], X)
    assert_array_equal(again[1], y)
    assert (other[0] != X).any()
    assert (y == targets(dtype)).all() == (cls is not Mixup)


@pytest.mark.parametrize("augment", [Flip(0), Shift(0), Crop(0), Rotate(0), Brightness(0)], ids=repr)
def test_without_strength_nothing_changes(augment):
    assert_allclose(augmented(augment)[0], images(), rtol=1e-6)


def test_flip_mirrors_about_half_of_the_images():
    X, flipped = images(), augmented(Flip())[0]
    mirrored = (flipped == X[:, :, ::-1]).all(axis=(1, 2, 3))
    assert_array_equal(flipped[~mirrored], X[~mirrored])
    assert 10 <= mirrored.sum() <= 30
    assert_array_equal(augmented(Flip(1))[0], X[:, :, ::-1])


@pytest.mark.parametrize(
    ("augment", "rows", "columns"),
    [(Shift(0.3), 2, 3), (Shift(0.1), 1, 1), (Shift(0.06), 0, 1), (Shift(1), 7, 9), (Crop(2), 2, 2), (Crop(8), 7, 8)],
    ids=repr,
)
def test_shift_and_crop_move_by_whole_pixels_and_fill_with_zeros(augment, rows, columns):
    X = images()
    moved = distances(X, augmented(augment)[0], rows, columns)
    bound = numpy.array([rows, columns])
    assert (abs(moved) <= bound).all()
    if max(rows, columns) <= 3:  # all distances occur in 40 draws
        for axis, largest in enumerate(bound):
            assert set(moved[:, axis]) == set(range(-largest, largest + 1))


def test_rotate_by_quarter_turns():
    square = images()[:, :, :HEIGHT]

    class Quarter(numpy.random.Generator):
        def uniform(self, low, high, size):
            assert (low, high) == (-90, 90)
            return numpy.full(size, high)

    X = square.copy()
    Rotate(90).transform(X, Quarter(numpy.random.SFC64()))
    assert_allclose(X, numpy.rot90(square, axes=(1, 2)), atol=1e-5)


def test_rotate_is_bilinear_and_zero_outside(monkeypatch):
    monkeypatch.setattr("skann.engine.data.motions._BLOCK", 3 * HEIGHT * WIDTH)  # 40 images in blocks of 3
    X = images("float64")
    rotated = augmented(Rotate(40), X)[0]
    angles = numpy.radians(numpy.random.default_rng(0).uniform(-40, 40, N))
    centre = numpy.array([(HEIGHT - 1) / 2, (WIDTH - 1) / 2])
    for image, result, angle in zip(X, rotated, angles, strict=True):
        turn = numpy.array([[numpy.cos(angle), numpy.sin(angle)], [-numpy.sin(angle), numpy.cos(angle)]])
        for channel in range(CHANNELS):
            wide = numpy.pad(image[..., channel], 1)  # SciPy's constant mode does not interpolate across the border
            expected = scipy.ndimage.affine_transform(
                wide, turn, centre + 1 - turn @ (centre + 1), order=1, mode="constant"
            )[1:-1, 1:-1]
            assert_allclose(result[..., channel], expected, atol=1e-9)
    assert (rotated == 0).any()


def test_brightness_multiplies_whole_images():
    X = images()
    factors = augmented(Brightness(0.5))[0] / X
    assert_allclose(factors, numpy.broadcast_to(factors[:, :1, :1, :1], X.shape), rtol=1e-5)
    assert 0.5 <= factors.min() < 0.65
    assert 1.35 < factors.max() <= 1.5


def test_mixup_mixes_rows_and_targets_alike():
    n = N
    X, y = numpy.eye(n, dtype="float64").reshape(n, 1, n, 1), numpy.eye(n)
    Mixup(1.0)(X, y, numpy.random.default_rng(0))
    assert_allclose(X.reshape(n, n), y)  # a row and its target have the same shares
    assert_allclose(y.sum(axis=1), 1)
    assert ((y > 0).sum(axis=1) <= 2).all()
    own = numpy.diag(y)
    assert len(set(own[own < 1])) > n / 2  # a share for each row
    assert 0.3 < own[own < 1].mean() < 0.7
    # small alpha: one of the two rows prevails
    X, y = numpy.eye(n).reshape(n, 1, n, 1), numpy.eye(n)
    Mixup(0.01)(X, y, numpy.random.default_rng(0))
    assert (y.max(axis=1) > 0.9).mean() > 0.9


# compose


def darken(X, y, rng):
    X *= 0.5
    return X, y


def test_compose_takes_names_objects_functions_and_lists():
    assert compose(None) is None
    assert compose([]) is None
    assert compose("flip") == Flip()
    assert compose(Crop(2)) == Crop(2)
    assert_array_equal(augmented(compose(darken))[0], images() / 2)
    flipped_first = augmented(compose([Flip(1), Shift(1), darken]), seed=3)[0]
    shifted_first = augmented(compose((Shift(1), Flip(1), darken)), seed=3)[0]
    assert (flipped_first != shifted_first).any()
    X, y = images(), targets()
    rng = numpy.random.default_rng(3)
    for part in (Flip(1), Shift(1), darken):
        part(X, y, rng)
    assert_array_equal(flipped_first, X)


def test_compose_refuses_unknown_names():
    with pytest.raises(ValueError, match=r"Unknown augment 'flop'\. Did you mean 'flip'"):
        compose(["crop", "flop"])


def test_functions_may_return_new_arrays_of_the_same_shape():
    X, y = images(), targets()
    changed, target = compose(lambda X, y, rng: (X.astype(float) + 1, y[::-1].tolist()))(X, y, None)
    assert changed is X
    assert_allclose(X, images() + 1, rtol=1e-6)
    assert_array_equal(target, targets()[::-1])


@pytest.mark.parametrize(
    ("function", "error", "message"),
    [
        (lambda X, y, rng: X, TypeError, r"must return \(X, y\). Got ndarray"),
        (lambda X, y, rng: None, TypeError, r"must return \(X, y\). Got NoneType"),
        (lambda X, y, rng: (X[1:], y), ValueError, r"X of the shape that it is given, \(40, 7, 9, 2\). Got \(39"),
        (lambda X, y, rng: (X, y[:, 0]), ValueError, r"y of the shape that it is given, \(40, 3\). Got \(40,\)"),
    ],
)
def test_functions_that_return_something_else(function, error, message):
    with pytest.raises(error, match=message):
        augmented(compose(function))

    class Custom(Augment):
        def __call__(self, X, y, rng):
            return function(X, y, rng)

    for augment in (Custom(), [Flip(), Custom()]):
        batch = BatchAugment(compose(augment), SFC64(0))
        with pytest.raises(error, match=message):
            batch(images(), targets())


# the reader


def reader(X, augment, n_rows=8, seed=0, **kwargs):
    rows = Rows(X, numpy.arange(len(X)) % CLASSES, n_classes=CLASSES, **kwargs)
    return Reader(rows, FLOAT32, n_rows, BatchAugment(compose(augment), SFC64(seed)))


@pytest.mark.parametrize("dtype", ["float32", "float64", "uint8"])
@pytest.mark.parametrize("order", [None, numpy.arange(N)[::-1]], ids=["in order", "reordered"])
def test_a_reader_augments_copies(dtype, order):
    X = (images() * 255).astype(dtype)
    before = X.copy()
    reading = reader(X, ["flip", "mixup"])
    reading.begin(order)
    plain = Reader(reading.rows, FLOAT32, 8)
    plain.begin(order)
    x, target, scale = reading.read(slice(8, 16), 0.5)
    expected = plain.read(slice(8, 16))
    rng = numpy.random.Generator(SFC64(0))
    assert_array_equal(x, compose(["flip", "mixup"])(expected[0].copy(), expected[1].copy(), rng)[0])
    assert (target != expected[1]).any()
    assert scale == 0.5
    assert x.dtype == target.dtype == FLOAT32
    assert_array_equal(X, before)


def test_every_batch_is_drawn_anew_and_reproducibly():
    first, second = (reader(images(), "shift") for _ in range(2))
    drawn = [first.read(slice(0, 8))[0].copy() for _ in range(2)]
    assert (drawn[0] != drawn[1]).any()
    for x in drawn:
        assert_array_equal(second.read(slice(0, 8))[0], x)


@pytest.mark.parametrize("kind", [SFC64, CounterBits])
def test_numpy_generators_advance_the_bits_they_are_made_of(kind):
    bits, again = kind(7), kind(7)
    drawn = [numpy_generator(bits).random() for _ in range(4)]
    assert len(set(drawn)) == 4
    assert [numpy_generator(again).random() for _ in range(4)] == drawn
    assert numpy_generator(kind(8)).random() not in drawn


def test_on_a_device_batches_are_augmented_on_the_host(device):
    X, weight = (images() * 255).astype("uint8"), numpy.arange(N, dtype=float)
    rows = Rows(X, numpy.arange(N) % CLASSES, weight, n_classes=CLASSES)
    there = reader_for(rows, FLOAT32, 8, device, BatchAugment(compose("mixup"), CounterBits(0)))
    assert isinstance(there, MovingReader)
    here = Reader(rows, FLOAT32, 8, BatchAugment(compose("mixup"), CounterBits(0)))
    order = numpy.arange(N)[::-1]
    for part in (here, there):
        part.begin(order)
    for chosen in (slice(0, 8), slice(8, 16)):
        for one, other in zip(here.read(chosen), there.read(chosen), strict=True):
            assert isinstance(other, device.ndarray)
            assert_array_equal(device.asnumpy(other), one)
    unweighted = reader_for(Rows(X, weight[:, None]), FLOAT32, 8, device, there.reader._augment)
    assert unweighted.read(slice(0, 8), 0.5)[2] == 0.5


# training


def jitter(X, y, rng):
    X += rng.normal(size=X.shape)
    return X, y


def trainer(augment, xp=numpy, X=None, state=None):
    """Return a trainer of a small network before its first epoch."""
    X = numpy.random.default_rng(0).normal(size=(N, 4)) if X is None else X
    graph, objective, parameters = small_network([ReLU()], (LogLoss(), "multiclass", CLASSES, 1.0))
    settings = Settings(Adam(), Constant(), 0.01, 8, 2, True, 0.0, 10, 2, augment=compose(augment))
    rng = numpy.random.RandomState(0)
    started = TrainingState.start(settings, graph, parameters, rng, xp)
    state = started if state is None else state
    assert state.is_compatible(settings, graph, parameters)
    rows = Rows(X, numpy.arange(N) % CLASSES, n_classes=CLASSES)
    step = SupervisedStep(Learner(graph, objective, parameters), rows, settings, state, xp)
    return Trainer(step, settings, Progress(), rng)


def theta_after(run):
    run.run()
    return run.parameters.theta


def test_training_draws_from_the_random_state_and_leaves_x_alone():
    X = numpy.random.default_rng(0).normal(size=(N, 4))
    before = X.copy()
    theta = theta_after(trainer(jitter, X=X))
    assert_array_equal(X, before)
    assert_array_equal(theta_after(trainer(jitter)), theta)
    assert (theta_after(trainer(None)) != theta).any()


def test_the_draws_go_on_with_the_state():
    """As dropout's do: the second call of partial_fit does not repeat the augmentations of the first."""
    first = trainer(jitter)
    first.run()
    state = first.step.state.copy()
    values = state.state_dict()
    reads = [trainer(jitter, state=state).step.reader for _ in range(2)]
    drawn = [reading.read(slice(0, 8))[0].copy() for reading in reads]
    assert (drawn[0] != drawn[1]).any()
    state.load_state_dict(values)  # as from a checkpoint
    assert_array_equal(trainer(jitter, state=state).step.reader.read(slice(0, 8))[0], drawn[0])


def test_a_state_without_draws_is_not_continued_with_augmentations():
    plain, augmenting = trainer(None), trainer(jitter)
    graph = plain.learner.graph
    assert not plain.step.state.is_compatible(augmenting.settings, graph, plain.parameters)
    assert not augmenting.step.state.is_compatible(plain.settings, graph, plain.parameters)


def test_training_on_a_device(device):
    """Counter-based bits are the same everywhere, so the same fit on the host is one with that generator."""
    there = trainer(jitter, device)
    here = trainer(jitter, state=there.step.state.copy())
    assert_allclose(theta_after(there), theta_after(here), rtol=1e-6, atol=1e-9)
    assert type(there.parameters.theta) is numpy.ndarray
