"""Labels of pixels and boxes move as the pixels do."""

import numpy
import pytest
from hypothesis import given, settings, strategies
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.data.augmentation import Augment, Brightness, Composition, Crop, Flip, Mixup, Rotate, Shift, compose
from skann.engine.data.motions import Reflection, Rotation, Translation
from skann.engine.data.spatial import PADDING, PROPOSAL, BoxTarget, MapTarget, SpatialAugment

PROPERTY = settings(max_examples=60, deadline=None, derandomize=True)
SIZE = HEIGHT, WIDTH = 23, 31
FILL = -1


@strategies.composite
def boxes_of_pixels(draw, margin=0):
    """Draw a box of whole pixels, at least three wide, that keeps a margin to the border."""
    sides = []
    for length in (WIDTH, HEIGHT):
        low = draw(strategies.integers(margin, length - margin - 3))
        sides.append((low, draw(strategies.integers(low + 3, length - margin))))
    (x0, x1), (y0, y1) = sides
    return x0, y0, x1, y1


def painted(box):
    """Return a map of one image in which the pixels of a box have the label 1."""
    x0, y0, x1, y1 = box
    labels = numpy.zeros((1, *SIZE), int)
    labels[0, y0:y1, x0:x1] = 1
    return labels


def bounding_box(labels):
    """Return the bounding box of the pixels of label 1 in the map of one image; None if there are none."""
    rows, columns = numpy.nonzero(labels[0] == 1)
    return None if len(rows) == 0 else [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


def moved(motion, box):
    """Return the bounding box of the pixels of a moved box, and the box moved and clipped to the image."""
    labels, boxes = painted(box), numpy.array([[box]], float)
    motion.move_maps(labels, FILL)
    motion.move_boxes(boxes, SIZE)
    return bounding_box(labels), boxes[0, 0].clip(0, [WIDTH, HEIGHT, WIDTH, HEIGHT])


EXACT = strategies.one_of(
    strategies.booleans().map(lambda chosen: Reflection(numpy.array([chosen]))),
    strategies.tuples(strategies.integers(-HEIGHT, HEIGHT), strategies.integers(-WIDTH, WIDTH)).map(
        lambda by: Translation(numpy.array([by[0]]), numpy.array([by[1]]))
    ),
)


@PROPERTY
@given(EXACT, boxes_of_pixels())
def test_reflected_and_translated_boxes_are_those_of_their_pixels(motion, box):
    found, expected = moved(motion, box)
    if found is None:
        assert (expected[2:] <= expected[:2]).any()
    else:
        assert_array_equal(found, expected)


@PROPERTY
@given(strategies.floats(-180, 180), boxes_of_pixels())
def test_a_rotated_box_holds_its_pixels(degrees, box):
    found, expected = moved(Rotation(numpy.radians([degrees])), box)
    if found is not None:
        assert (found[:2] >= expected[:2] - 1).all()
        assert (found[2:] <= expected[2:] + 1).all()


@PROPERTY
@given(strategies.floats(-20, 20), boxes_of_pixels(margin=7))
def test_a_box_rotated_within_the_image_is_that_of_its_pixels(degrees, box):
    found, expected = moved(Rotation(numpy.radians([degrees])), box)
    assert_allclose(found, expected, rtol=0, atol=1.001)


@pytest.mark.parametrize("turns", [-1, 1, 2])
def test_quarter_turns_are_exact(turns):
    labels = numpy.arange(49).reshape(1, 7, 7)
    boxes = numpy.array([[[1.0, 2, 4, 7]]])
    motion = Rotation(numpy.array([turns * numpy.pi / 2]))
    expected = numpy.rot90(labels, turns, axes=(1, 2)).copy()
    motion.move_maps(labels, FILL)
    assert_array_equal(labels, expected)
    motion.move_boxes(boxes, (7, 7))
    assert_allclose(boxes[0, 0], {1: [2, 3, 7, 6], -1: [0, 1, 5, 4], 2: [3, 0, 6, 5]}[turns], atol=1e-12)


@pytest.mark.parametrize("augment", [Flip(), Shift(0.4), Crop(3), Rotate(90)], ids=repr)
def test_maps_move_as_the_images_do(augment):
    """A map is an image of labels: of whole pixels exactly so, in rotations up to the interpolation."""
    rng = numpy.random.default_rng(0)
    labels = rng.integers(1, 4, (8, 11, 6)).repeat(3, axis=1).repeat(3, axis=2)
    X = labels[..., None].astype(float)
    motion = augment.draw(X.shape, rng)
    motion.move_images(X)
    motion.move_maps(labels, 0)
    same = X[..., 0] == labels
    if not isinstance(augment, Rotate):
        assert same.all()
    # the interpolated value lies between labels; within a block of nine pixels it is that of the block
    assert same.mean() > 0.2
    assert (numpy.abs(X[..., 0] - labels) <= 3).all()


def test_maps_may_have_more_axes_and_any_integer_dtype():
    rng = numpy.random.default_rng(0)
    for dtype in ("int8", "int16", "bool"):
        maps = rng.integers(0, 2, (5, 9, 8, 3)).astype(dtype)
        for augment in (Flip(), Shift(0.3), Rotate(30)):
            motion, alone = augment.draw(maps.shape, rng), maps[..., 1].copy()
            whole = maps.copy()
            motion.move_maps(whole, 0)
            motion.move_maps(alone, 0)
            assert_array_equal(whole[..., 1], alone)
            assert whole.dtype == dtype


def test_free_pixels_have_no_label():
    labels = numpy.zeros((3, 5, 4), int)
    Translation(numpy.array([2, -1, 5]), numpy.array([0, 3, 0])).move_maps(labels, FILL)
    assert_array_equal(labels[0], [[FILL] * 4] * 2 + [[0] * 4] * 3)
    assert_array_equal(labels[1], [[FILL] * 3 + [0]] * 4 + [[FILL] * 4])
    assert_array_equal(labels[2], FILL)


def padded(*boxes):
    """Return the boxes of one image, each with the code of its class."""
    return numpy.array([boxes], numpy.float32)


def test_boxes_are_clipped_and_those_nearly_gone_dropped():
    target = padded((0, 0, 4, 4, 0), (10, 0, 14, 4, 1), (0, 0, 2, 4, 2), (0, 0, 0, 0, PADDING), (8, 8, 9, 9, PROPOSAL))
    BoxTarget().move(target, Translation(numpy.array([0]), numpy.array([-3])), (20, 20))
    assert_allclose(target[0, :2], [[0, 0, 1, 4, 0], [7, 0, 11, 4, 1]])  # exactly a quarter remains of the first
    assert target[0, 2, 4] == PADDING
    assert target[0, 3, 4] == PADDING
    assert_allclose(target[0, 4], [5, 8, 6, 9, PROPOSAL])


def test_an_augmentation_moves_images_and_target_alike():
    rng = numpy.random.default_rng(0)
    maps = rng.integers(0, 3, (20, 8, 9)).astype("int16")
    X = maps[..., None].astype("float32")
    augment = SpatialAugment(compose(["flip", Shift(0.3), Brightness(0.0)]), MapTarget(0))
    moved_X, moved_maps = augment(X.copy(), maps.copy(), rng)
    assert_array_equal(moved_X[..., 0], moved_maps)
    assert (moved_maps != maps).any()


def test_a_function_receives_images_and_target():
    seen = []

    def function(X, y, rng):
        seen.append((X.shape, y.shape))
        y[...] = 2
        return X, y

    _, y = SpatialAugment(compose([function, "flip"]), MapTarget(0))(
        numpy.zeros((2, 3, 4, 1)), numpy.zeros((2, 3, 4), int), numpy.random.default_rng(0)
    )
    assert seen == [((2, 3, 4, 1), (2, 3, 4))]
    assert_array_equal(y, 2)


class Own(Augment):
    def __call__(self, X, y, rng):
        return X, y


@pytest.mark.parametrize("augment", [Mixup(), Own(), Composition((Flip(), Mixup()))], ids=repr)
def test_augmentations_that_change_targets_in_their_own_way_are_refused(augment):
    with pytest.raises(ValueError, match=r"augment=(Mixup|Own)\(.*\) changes targets in a way of its own"):
        SpatialAugment(augment, BoxTarget())
