"""Saliency maps: the parts of an image on which an output of a convolutional network depends."""

from __future__ import annotations

from typing import Any

import numpy
from sklearn.base import is_classifier

from ..engine.data.rows import chunks
from ..engine.functions.pairs import check_pair
from ..engine.graph import Graph
from ..engine.losses import MULTIOUTPUT
from ..engine.models.convnet import INPUT
from ..engine.network import Network
from ..engine.parameters import Parameters
from ..engine.prediction import chunk_size
from ..engine.prediction_form import prediction_form
from .extraction import as_floats, find_owner, images_of, is_spatial, network_of_images, title_of

METHODS = ("gradient", "grad_cam", "occlusion")
_PATCH = 4  # by default a patch has a fourth of the sides of the image
_STEPS = 3  # per patch and axis: neighbouring patches overlap by two thirds


def saliency(
    estimator: Any, X: Any, target: Any = None, *, method: str = "gradient", patch_size: Any = None
) -> numpy.ndarray:
    """Return how much each pixel matters for an output of a convolutional network.

    The score of an image is the raw output for a class, as in ``decision_function`` and with the opposite sign for the
    first of two classes, or a raw output of a regressor in units of y. Three methods explain it:

    - "gradient": absolute value of the derivative of the score with respect to each pixel, of several channels the
      largest [1]_. Fine, but noisy.
    - "grad_cam": ``relu(sum_k w_k A_k)`` with the maps A of the last convolution, after its activation, and the mean
      derivatives w of the score with respect to each map, interpolated to the size of the image [2]_. Coarse; only
      what raises the score.
    - "occlusion": the fall of the score if a patch around the pixel is replaced by the mean colour of the training
      images, averaged over the patches that cover the pixel [3]_. Negative where the patch lowers the score.

    Parameters
    ----------
    estimator : ConvClassifier or ConvRegressor
        Fitted estimator, or a Pipeline or search that ends in one.
    X : array-like of shape (n_images, ...)
        Images, in the form that the estimator takes. With a Pipeline, the pixels are those that reach the network.
    target : label, int, or array-like of shape (n_images,), default=None
        The class or, for a regressor, the index of the output, of all images or of each. None: the predicted class, for
        a multilabel target the label with the highest score, or the only output.
    method : {"gradient", "grad_cam", "occlusion"}, default="gradient"
        The method, as described above.
    patch_size : int or (int, int), default=None
        Rows and columns of the patches of "occlusion". None: a fourth of those of the image.

    Returns
    -------
    maps : ndarray of shape (n_images, height, width)
        float64. Signals have a height of 1. uint8 images count in units of 255.

    Raises
    ------
    TypeError
        If the network takes no images, or does not predict a class or numbers for an image.
    ValueError
        If the target or the parameters are invalid, if y had several columns of classes in fit, or if "grad_cam" meets
        a network without convolutions.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    References
    ----------
    .. [1] Simonyan, Vedaldi & Zisserman, 2014, "Deep inside convolutional networks", arXiv:1312.6034.
    .. [2] Selvaraju et al., 2017, "Grad-CAM: visual explanations from deep networks via gradient-based localization",
       arXiv:1610.02391.
    .. [3] Zeiler & Fergus, 2014, "Visualizing and understanding convolutional networks", arXiv:1311.2901.

    Examples
    --------
    >>> from sklearn.datasets import load_digits
    >>> from skann import ConvClassifier
    >>> from skann.inspection import saliency
    >>> digits = load_digits()
    >>> clf = ConvClassifier((8, 16), max_iter=5, random_state=0).fit(digits.images, digits.target)
    >>> saliency(clf, digits.images[:2]).shape
    (2, 8, 8)
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {', '.join(map(repr, METHODS))}. Got {method!r} instead.")
    network, before = network_to_explain(estimator)
    images = as_floats(network, images_of(network, before, X))
    direction = score_direction(network, images, target)
    if method == "gradient":
        return numpy.abs(score_gradient(network, images, direction)).max(axis=-1)
    if method == "grad_cam":
        return _grad_cam(network, images, direction)
    return _occlusion(network, images, direction, _check_patch(patch_size, images.shape[1:3]))


def network_to_explain(estimator: Any) -> tuple[Any, list[Any]]:
    """Return the fitted network inside an estimator, and the fitted transformers before it.

    Raises
    ------
    TypeError
        If it is no network that predicts a class or numbers for an image.
    """
    network, before = network_of_images(estimator)
    if is_spatial(network):
        raise TypeError(
            "A saliency map explains an output for a whole image: pass a ConvClassifier or ConvRegressor. "
            f"{title_of(find_owner(estimator)[0])} has outputs for its parts."
        )
    return network, before


def score_direction(network: Any, images: numpy.ndarray, target: Any = None) -> numpy.ndarray:
    """Return the factors of the raw outputs in the score of each image, of shape (n_images, n_outputs)."""
    n_outputs = network.n_outputs_
    direction = numpy.zeros((len(images), n_outputs))
    columns, factors = (_class_scores if is_classifier(network) else _output_scores)(network, images, target)
    direction[numpy.arange(len(images)), columns] = factors
    return direction


def score_gradient(network: Any, images: numpy.ndarray, direction: numpy.ndarray) -> numpy.ndarray:
    """Return the derivatives of the scores with respect to the images."""
    learner = network._learner
    return _input_gradient(*prediction_form(learner.graph, learner.parameters), images, direction)


def explained_classes(network: Any, images: numpy.ndarray, target: Any = None) -> numpy.ndarray:
    """Return the index of the class that is explained for each image, by default of the predicted one."""
    if network._task == MULTIOUTPUT:
        raise ValueError(
            "A saliency map explains the score of one class, but the network predicts several columns of classes: fit "
            "it on one column of y."
        )
    if target is not None:
        return _index_of(network.classes_, target, len(images))
    scores = network._raw_outputs(images)
    return (scores[:, 0] > 0).astype(int) if _is_single(network) else scores.argmax(axis=1)


def _is_single(network: Any) -> bool:
    """Return whether a single output tells two classes apart."""
    return network.n_outputs_ == 1 and len(network.classes_) == 2


def _class_scores(network: Any, images: numpy.ndarray, target: Any) -> tuple[Any, Any]:
    """Return the output and the factor of each image for the class that is explained."""
    codes, beta = explained_classes(network, images, target), network._learner.objective.link.inverse_temperature
    return (0, numpy.where(codes == 1, beta, -beta)) if _is_single(network) else (codes, beta)


def _index_of(classes: numpy.ndarray, target: Any, n_images: int) -> numpy.ndarray:
    """Return the indices of target classes, or raise ValueError."""
    labels = _for_each_image(target, n_images)
    codes = {label: i for i, label in enumerate(classes.tolist())}
    unknown = [label for label in labels.tolist() if label not in codes]
    if unknown:
        raise ValueError(f"target must be one of the classes {classes}. Got {unknown[0]!r}.")
    return numpy.array([codes[label] for label in labels.tolist()])


def _output_scores(network: Any, images: numpy.ndarray, target: Any) -> tuple[Any, Any]:
    """Return the output of each image, by default the only one, and the factor that gives it the units of y."""
    n_outputs = network.n_outputs_
    if target is None and n_outputs > 1:
        raise ValueError(f"The network has {n_outputs} outputs: pass the index of one of them as target.")
    columns = _for_each_image(0 if target is None else target, len(images))
    if columns.dtype.kind not in "iu" or columns.min() < 0 or columns.max() >= n_outputs:
        raise ValueError(f"target must be the index of an output, an int in the range [0, {n_outputs}). Got {target}.")
    return columns, numpy.broadcast_to(network._target_scale, n_outputs)[columns]


def _for_each_image(target: Any, n_images: int) -> numpy.ndarray:
    """Return a target for each image."""
    target = numpy.asarray(target)
    if target.shape not in ((), (n_images,)):
        raise ValueError(f"target must be one for all images or one for each of {n_images}. Got shape {target.shape}.")
    return numpy.broadcast_to(target, n_images)


def _input_gradient(
    graph: Graph, parameters: Parameters, x: numpy.ndarray, output_gradient: numpy.ndarray
) -> numpy.ndarray:
    """Return the gradient with respect to the only input of a graph, given that of its only output."""
    (output,) = graph.outputs
    gradient = numpy.empty(x.shape)
    n_rows = min(len(x), max(1, chunk_size(graph) // len(graph.nodes)))  # a backward pass keeps every output
    network = Network(graph, parameters, n_rows, training=True, input_gradients=True)
    for part in chunks(0, len(x), n_rows):
        network.forward(x[part])
        (gradient[part],) = network.backward({output: output_gradient[part]}, parameters=False, inputs=True)
    return gradient


def _grad_cam(network: Any, images: numpy.ndarray, direction: numpy.ndarray) -> numpy.ndarray:
    """Return the sums of the maps of the last convolution, weighted by their mean derivatives."""
    learner = network._learner
    last = next((name for name in reversed(learner.hidden) if len(learner.graph.shapes[name]) == 3), None)
    if last is None:
        raise ValueError("method='grad_cam' needs a convolution, and the network has none. Use method='gradient'.")
    graph, parameters = prediction_form(learner.graph, learner.parameters)
    maps = network._compute_outputs(learner.predictor_of(last), images)
    after = _graph_after(graph, last)
    weights = _input_gradient(after, parameters, maps.astype(images.dtype, copy=False), direction).mean(axis=(1, 2))
    return _resize(numpy.maximum(numpy.einsum("nhwc,nc->nhw", maps, weights), 0), images.shape[1:3])


def _graph_after(graph: Graph, node: str) -> Graph:
    """Return the graph of all that depends on a node, with the output of the node as its input."""
    depends, nodes = {node}, []
    for name, later in graph.nodes.items():
        if depends & set(later.inputs):
            depends.add(name)
            nodes.append(later)
    return Graph(nodes, {node: graph.shapes[node]}, graph.outputs)


def _resize(maps: numpy.ndarray, size: tuple[int, int]) -> numpy.ndarray:
    """Return maps interpolated bilinearly to another height and width, pixels being areas around their centres."""
    rows, columns = (_interpolation(old, new) for old, new in zip(maps.shape[1:], size, strict=True))
    return rows @ maps @ columns.T


def _interpolation(old: int, new: int) -> numpy.ndarray:
    """Return the matrix of shape (new, old) of linear interpolation, constant beyond the outermost centres."""
    centres = (numpy.arange(new) + 0.5) * old / new - 0.5
    return numpy.stack([numpy.interp(centres, numpy.arange(old), unit) for unit in numpy.eye(old)], axis=1)


def _check_patch(patch_size: Any, image_size: tuple[int, int]) -> tuple[int, int]:
    """Return the rows and columns of a patch, or raise ValueError."""
    if patch_size is None:
        height, width = image_size
        return -(-height // _PATCH), -(-width // _PATCH)
    rows, columns = check_pair("patch_size", patch_size)
    if rows > image_size[0] or columns > image_size[1]:
        raise ValueError(
            f"Patches of {rows} x {columns} pixels are larger than the images, of {image_size[0]} x {image_size[1]}."
        )
    return rows, columns


def _occlusion(network: Any, images: numpy.ndarray, direction: numpy.ndarray, patch: tuple[int, int]) -> numpy.ndarray:
    """Return the mean fall of the score over the patches that cover each pixel."""

    def score(x: numpy.ndarray) -> numpy.ndarray:
        return (network._raw_outputs(x) * direction).sum(axis=1)

    values = network._learner.parameters.values
    mean = -values[INPUT, "shift"] / values[INPUT, "scale"]
    whole, total, count = score(images), numpy.zeros(images.shape[:3]), numpy.zeros(images.shape[1:3])
    rows, columns = (_places(size, length) for size, length in zip(images.shape[1:3], patch, strict=True))
    for i in rows:
        for j in columns:
            covered = slice(i, i + patch[0]), slice(j, j + patch[1])
            occluded = images.copy()
            occluded[:, *covered] = mean
            total[:, *covered] += (whole - score(occluded))[:, None, None]
            count[covered] += 1
    return total / count


def _places(size: int, length: int) -> list[int]:
    """Return the first pixels of patches of a length that cover an axis of a size."""
    places = list(range(0, size - length + 1, max(1, length // _STEPS)))
    return places if places[-1] == size - length else [*places, size - length]
