"""What type checkers know of the public API: `make test` checks this file, and nothing runs it.

``assert_type`` fails where a hint is missing or too wide; an ``ignore`` fails where the checker finds no error.
"""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=error

from dataclasses import dataclass
from typing import Any, assert_type

import numpy
import pandas  # type: ignore[import-untyped]
from numpy.typing import NDArray

import skann
from skann import (
    ConvClassifier,
    ConvRegressor,
    FCNSegmenter,
    MaskRCNNSegmenter,
    MLPClassifier,
    MLPRegressor,
    RCNNDetector,
    TabularMLPClassifier,
    TabularMLPRegressor,
    YOLODetector,
)
from skann.activations import ELU, ElementwiseActivation, LeakyReLU, Maxout, register
from skann.augmentations import Augment, Flip, Mixup, Rotate, Shift
from skann.callbacks import Checkpoint, TimeLimit
from skann.datasets import (
    ArraySource,
    GeneratorSource,
    ImageSource,
    Source,
    boxes_from_frame,
    frame_from_boxes,
)
from skann.initializers import Glorot, He, HeUniform, Normal
from skann.inspection import (
    DetectionDisplay,
    DetectionPrecisionRecallDisplay,
    HiddenLayerTransformer,
    SegmentationDisplay,
    TrainingHistoryDisplay,
    diagnose,
)
from skann.layers import BatchNorm, LayerNorm
from skann.losses import Dice, Focal, Huber
from skann.metrics import average_precision_by_class, instance_f1, mean_average_precision, mean_iou
from skann.preprocessing import ImageLoader, TabularEncoder
from skann.schedules import Cosine
from skann.solvers import LBFGS, SGD, Adam

X: NDArray[numpy.float64] = numpy.zeros((4, 2))
y: NDArray[numpy.int64] = numpy.zeros(4, dtype=numpy.int64)


def methods_of_the_classifier() -> None:
    clf = MLPClassifier((100, 50), LeakyReLU(0.2), dropout=[0.1, 0.5, 0.5], batch_size=numpy.size(y), random_state=0)
    assert_type(clf, MLPClassifier)
    assert_type(clf.fit(X, y, X_val=X, y_val=y), MLPClassifier)
    assert_type(clf.partial_fit(X, y, classes=[0, 1]), MLPClassifier)
    assert_type(clf.predict(X), NDArray[Any])
    assert_type(clf.predict_proba(X), NDArray[Any])
    assert_type(clf.predict_log_proba(X), NDArray[Any])
    assert_type(clf.decision_function(X), NDArray[Any])
    assert_type(clf.score(X, y, sample_weight=[1, 1, 2, 1]), float)
    assert_type(clf.hidden_layer_output(X, layer=0), NDArray[Any])
    assert_type(MLPClassifier.from_sklearn(clf.to_sklearn()), MLPClassifier)


def attributes_of_the_classifier(clf: MLPClassifier) -> None:
    assert_type(clf.classes_, NDArray[Any])
    assert_type(clf.coefs_, list[NDArray[Any]])
    assert_type(clf.intercepts_, list[NDArray[Any]])
    assert_type(clf.parameters_, dict[str, NDArray[Any]])
    assert_type(clf.history_, dict[str, list[Any]])
    assert_type(clf.loss_curve_, list[float])
    assert_type(clf.best_loss_, float | None)
    assert_type(clf.n_iter_, int)
    assert_type(clf.max_iter, int)
    clf.coefs_ = [numpy.ones((2, 3)), numpy.ones((3, 1))]


def the_regressor() -> None:
    reg = MLPRegressor(Huber(2.0), [10], "elu", learning_rate=Cosine(), clip_norm=1.0, target_transform="standard")
    assert_type(reg.fit(X, y), MLPRegressor)
    assert_type(reg.partial_fit(X, y), MLPRegressor)
    assert_type(reg.predict(X), NDArray[Any])
    assert_type(reg.score(X, y), float)
    assert_type(reg.history_, dict[str, list[Any]])
    assert_type(reg.coefs_, list[NDArray[Any]])


def estimators_of_tables(frame: pandas.DataFrame) -> None:
    clf = TabularMLPClassifier("fast", n_members=3)
    assert_type(clf.fit(frame, y), TabularMLPClassifier)
    assert_type(clf.predict(frame), NDArray[Any])
    assert_type(clf.predict_proba(frame), NDArray[Any])
    assert_type(clf.classes_, NDArray[Any])
    assert_type(clf.feature_importances(frame, y), pandas.DataFrame)
    assert_type(clf.n_iter_, int)
    reg = skann.TabularMLPRegressor(loss="huber", random_state=0)
    assert_type(reg, TabularMLPRegressor)
    assert_type(reg.fit(frame, y), TabularMLPRegressor)
    assert_type(reg.predict(frame), NDArray[Any])
    assert_type(reg.score(frame, y), float)
    assert_type(TabularEncoder().fit(frame), TabularEncoder)


def blurred(X: NDArray[Any], y: NDArray[Any], rng: numpy.random.Generator) -> tuple[NDArray[Any], NDArray[Any]]:
    return X + rng.normal(size=X.shape), y


def estimators_of_images(images: NDArray[numpy.uint8], frame: pandas.DataFrame) -> None:
    clf = ConvClassifier(
        (16, 32), 64, kernel_size=(3, 5), pool_size=2, residual=True, augment=["flip", Shift(0.2), blurred]
    )
    assert_type(clf, ConvClassifier)
    assert_type(clf.fit(images, y, X_val=images, y_val=y), ConvClassifier)
    assert_type(clf.partial_fit(images, y, classes=[0, 1]), ConvClassifier)
    assert_type(clf.predict(images), NDArray[Any])
    assert_type(clf.predict_proba(images), NDArray[Any])
    assert_type(clf.score(images, y), float)
    assert_type(clf.classes_, NDArray[Any])
    assert_type(clf.coefs_, list[NDArray[Any]])
    assert_type(clf.image_shape_, tuple[int, int, int])
    reg = ConvRegressor(image_shape=(8, 8), augment=Mixup(alpha=0.4), normalization=LayerNorm(), target_transform=None)
    assert_type(reg.fit(X, y), ConvRegressor)
    assert_type(reg.predict(X), NDArray[Any])
    assert_type(reg.score(X, y), float)
    assert_type(Flip().set_params(p=0.3), Flip)
    augment: Augment = Shift(0.1)
    assert_type(augment(X, X, numpy.random.default_rng(0)), tuple[NDArray[Any], NDArray[Any]])
    loader = ImageLoader(size=(32, 32), mode="L").fit(frame)
    assert_type(loader, ImageLoader)
    assert_type(loader.transform(frame), ImageSource)
    sources: list[Source] = [ArraySource(images), ImageSource(["a.png"], (8, 8)), GeneratorSource(lambda: images, 4)]
    assert_type(sources[0].shape, tuple[int, ...])


def segmenters(images: NDArray[numpy.uint8], maps: NDArray[numpy.int64]) -> None:
    pixels = FCNSegmenter("unet", (8, 16), image_size=(64, 48), ignore_label=255, loss=Dice(), augment=Rotate(30))
    assert_type(pixels.fit(images, maps, X_val=[images[0]], y_val=[maps[0]]), FCNSegmenter)
    assert_type(pixels.predict(images), NDArray[Any])
    assert_type(pixels.predict_proba(images), NDArray[Any])
    assert_type(pixels.score(images, maps), float)
    assert_type(pixels.classes_, NDArray[Any])
    assert_type(mean_iou(maps, pixels.predict(images), labels=[0, 1]), float)
    assert_type(SegmentationDisplay.from_estimator(pixels, images, maps), SegmentationDisplay)
    single = MaskRCNNSegmenter(hidden_layer_sizes=64, n_regions=32, suppression="soft")
    assert_type(single.fit(images, maps), MaskRCNNSegmenter)
    assert_type(single.predict(images), NDArray[Any])
    assert_type(single.predict_instances(images, min_score=0.3), NDArray[Any])
    assert_type(instance_f1(maps, single.predict_instances(images)), float)


def detectors(images: NDArray[numpy.uint8], frame: pandas.DataFrame) -> None:
    files, objects = boxes_from_frame(frame)
    assert_type(files, list[Any])
    assert_type(objects, NDArray[Any])
    assert_type(frame_from_boxes(files, objects), pandas.DataFrame)
    detector = YOLODetector(n_scales=1, box_loss="ciou", metric="coco", early_stopping=True)
    assert_type(detector.fit(images, objects), YOLODetector)
    assert_type(detector.predict(images), NDArray[Any])
    assert_type(detector.score(images, objects), float)
    assert_type(detector.image_shape_, tuple[int, int, int])
    regions = RCNNDetector((16, 32), proposals="selective_search")
    assert_type(regions.fit(images, objects), RCNNDetector)
    assert_type(mean_average_precision(objects, regions.predict(images), metric="coco"), float)
    assert_type(average_precision_by_class(objects, regions.predict(images)), dict[Any, float])
    assert_type(DetectionDisplay.from_estimator(detector, images, objects), DetectionDisplay)
    curves = DetectionPrecisionRecallDisplay.from_estimator(detector, images, objects)
    assert_type(curves, DetectionPrecisionRecallDisplay)


def what_else_is_public(clf: MLPClassifier) -> None:
    assert_type(LeakyReLU(0.1).set_params(slope=0.3), LeakyReLU)
    assert_type(ELU()([1.0, -1.0]), NDArray[Any])
    assert_type(HiddenLayerTransformer(clf, layer=0).fit(X, y), HiddenLayerTransformer)
    assert_type(TrainingHistoryDisplay.from_estimator(clf), TrainingHistoryDisplay)
    diagnose(clf, X, y)
    Checkpoint("fit.npz")
    TimeLimit(10)

    @register("typed")
    @dataclass(frozen=True)
    class Typed(ElementwiseActivation):
        scale: float = 1.0

    Typed(scale=2.0)  # type: ignore[abstract]


def objects_in_place_of_names() -> None:
    clf = MLPClassifier(solver=Adam(beta_1=0.95), weight_init=He(), normalization=BatchNorm(momentum=0.9))
    assert_type(clf, MLPClassifier)
    MLPRegressor(solver=LBFGS(max_fun=100), weight_init=Normal(scale=0.1), normalization=LayerNorm(epsilon=1e-3))
    MLPRegressor(solver=SGD(nesterovs_momentum=False), weight_init=Glorot(), normalization=None)
    assert_type(Adam().set_params(beta_1=0.5), Adam)
    assert_type(HeUniform().get_params(), dict[str, Any])


def what_is_an_error(clf: MLPClassifier) -> None:
    MLPClassifier(droput=0.1)  # type: ignore[call-arg]
    MLPRegressor(droput=0.1)  # type: ignore[call-arg]
    TabularMLPClassifier(droput=0.1)  # type: ignore[call-arg]
    TabularMLPRegressor(droput=0.1)  # type: ignore[call-arg]
    ConvClassifier(filter=(8, 16))  # type: ignore[call-arg]
    ConvRegressor(filters="many")  # type: ignore[arg-type]
    FCNSegmenter(filter=(8, 16))  # type: ignore[call-arg]
    YOLODetector(box_loss="iou")  # type: ignore[arg-type]
    RCNNDetector(metric="map")  # type: ignore[arg-type]
    MaskRCNNSegmenter(image_size=64)  # type: ignore[arg-type]
    ConvClassifier(augment=Adam())  # type: ignore[arg-type]
    Shift(fractoin=0.1)  # type: ignore[call-arg]
    LeakyReLU(slop=0.1)  # type: ignore[call-arg]
    Maxout(piece=3)  # type: ignore[call-arg]
    Focal(gama=2)  # type: ignore[call-arg]
    Adam(beta1=0.9)  # type: ignore[call-arg]
    BatchNorm(epsilon="small")  # type: ignore[arg-type]
    MLPClassifier(solver=He())  # type: ignore[arg-type]
    MLPClassifier(normalization=Adam())  # type: ignore[arg-type]
    MLPClassifier(max_iter="200")  # type: ignore[arg-type]
    MLPClassifier(dtype="float23")  # type: ignore[arg-type]
    clf.fit(X)  # type: ignore[call-arg]
    clf.fit(X, y, X_valid=X)  # type: ignore[call-arg]
    clf.partial_fit(X, y, clases=[0, 1])  # type: ignore[call-arg]
    clf.predict(X).fit(X, y)  # type: ignore[attr-defined]
    clf.history_["loss"].mean()  # type: ignore[attr-defined]
