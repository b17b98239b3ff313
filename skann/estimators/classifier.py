"""The multi-layer perceptron for classification."""

from __future__ import annotations

from numbers import Real

import numpy
import sklearn.neural_network
from sklearn.base import ClassifierMixin
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import type_of_target

from ..engine.losses import CLASSIFICATION, LOSSES, Loss
from ..engine.parameters import Parameters
from .base import BaseMLP
from .class_weights import weigh_classes
from .compat import Interval, StrOptions, _check_partial_fit_first_call, _fit_context
from .constraints import NonZero, RegisteredName
from .conversion import SklearnConversion
from .docs import documented
from .labels import Labels

_TINY = numpy.finfo(numpy.float64).tiny  # softmax probabilities stay above it, so that their logarithms are finite
_LEAST = 2.0**-53  # the distance of 1 to the float64 below: logistic probabilities stay this far from 0 and 1


@documented(tasks=CLASSIFICATION, default="log_loss", score="accuracy")
class MLPClassifier(ClassifierMixin, SklearnConversion, BaseMLP):
    """Multi-layer perceptron classifier.

    A drop-in replacement for ``sklearn.neural_network.MLPClassifier`` with the same parameters, attributes, methods
    and draws, and more activations, losses, dropout and precision control. Several classes have a softmax output, two
    classes and multilabel targets a logistic one.

    Parameters
    ----------
    {parameters}

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels, sorted. Columns of a multilabel target are numbered from 0.
    {attributes}

    See Also
    --------
    MLPRegressor : The same network for regression.
    sklearn.neural_network.MLPClassifier : What this replaces.

    Notes
    -----
    Sample weights and ``alpha`` mean the same at every batch size, which is the one deliberate deviation from
    scikit-learn: there ``alpha`` is multiplied by n_samples / batch_size in effect.

    References
    ----------
    {references}

    Examples
    --------
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> from skann import MLPClassifier
    >>> from skann.activations import Maxout
    >>> X, y = make_classification(n_samples=200, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=1)
    >>> clf = MLPClassifier(activation=Maxout(3), dropout=0.2, max_iter=300, random_state=1).fit(X_train, y_train)
    >>> clf.predict(X_test).shape
    (50,)
    >>> clf.score(X_test, y_test) > 0.8
    True
    """

    _parameter_constraints: dict = {
        **BaseMLP._parameter_constraints,
        "loss": [RegisteredName(LOSSES, accepts=lambda cls: bool(cls.tasks & CLASSIFICATION)), Loss],
        "softmax_beta": [NonZero()],
        "class_weight": [None, StrOptions({"balanced"}), dict, list],
        "label_smoothing": [Interval(Real, 0, 1, closed="left")],
    }
    _counterpart = sklearn.neural_network.MLPClassifier
    _y_numeric = False
    _may_grow = False  # whether partial_fit takes new classes: its first call named none

    def __init__(
        self,
        hidden_layer_sizes=(100,),
        activation="relu",
        *,
        solver="adam",
        alpha=0.0001,
        batch_size="auto",
        learning_rate="constant",
        learning_rate_init=0.001,
        power_t=0.5,
        max_iter=200,
        shuffle=True,
        random_state=None,
        tol=1e-4,
        verbose=False,
        warm_start=False,
        momentum=0.9,
        nesterovs_momentum=True,
        early_stopping=False,
        validation_fraction=0.1,
        beta_1=0.9,
        beta_2=0.999,
        epsilon=1e-8,
        n_iter_no_change=10,
        max_fun=15000,
        loss="log_loss",
        dropout=0.0,
        softmax_beta=1.0,
        weight_init="auto",
        dtype="auto",
        class_weight=None,
        label_smoothing=0.0,
        scoring=None,
        l1=0.0,
        normalization=None,
        noise=0.0,
        averaging=0.0,
        clip_norm=None,
        max_norm=None,
        warn=True,
    ):
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change
        self.max_fun = max_fun
        self.loss = loss
        self.dropout = dropout
        self.softmax_beta = softmax_beta
        self.weight_init = weight_init
        self.dtype = dtype
        self.class_weight = class_weight
        self.label_smoothing = label_smoothing
        self.scoring = scoring
        self.l1 = l1
        self.normalization = normalization
        self.noise = noise
        self.averaging = averaging
        self.clip_norm = clip_norm
        self.max_norm = max_norm
        self.warn = warn

    @available_if(lambda self: self._check_partial_fit())
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X, y, sample_weight=None, classes=None):
        """Go on training with one pass over the given rows.

        Not available with solver='lbfgs' or early_stopping=True.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            Labels; they need not hold every class.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, not all zero. The call's loss is divided by its number of rows.
        classes : array-like of shape (n_classes,), default=None
            Every class that any call will have. Where the first call names none, later calls may bring new classes:
            each gets a new output, and what was learned of the others stays.

        Returns
        -------
        self : object
            The estimator, trained further.
        """
        with self._restored_on_error():
            fitted = self.__sklearn_is_fitted__()
            if classes is not None:
                _check_partial_fit_first_call(self, classes)
            if not fitted:
                self._may_grow = classes is None
            return self._partial_fit(X, y, sample_weight, goes_on=fitted)

    def predict(self, X):
        """Return the most probable class of each row.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        y : ndarray of shape (n_samples,), or (n_samples, n_classes) of 0 and 1 for multilabel targets
            A sparse matrix if y was one in fit.
        """
        decision = self._decision(X)
        return self._labels.decode(decision)

    def decision_function(self, X):
        """Return beta z, z the raw outputs and beta ``softmax_beta``; its largest column is what predict returns.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        decision : ndarray of shape (n_samples, n_classes), or (n_samples,) for two classes
            float64. For two classes and multilabel targets, positive where the class (``classes_[1]``) is predicted.
        """
        decision = self._decision(X)
        return decision[:, 0] if self._task == "binary" else decision

    @available_if(lambda self: self._check_probabilities())
    def predict_proba(self, X):
        """Return the probability of each class.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        p : ndarray of shape (n_samples, n_classes)
            float64, above 0, in the order of ``classes_``. Rows sum to one, except for multilabel targets.
        """
        raw = self._raw_outputs(X)
        p = self._architecture.link(raw)
        if self._task == "multiclass":
            return numpy.maximum(p, _TINY, out=p)
        numpy.clip(p, _LEAST, 1 - _LEAST, out=p)
        return numpy.hstack([1 - p, p]) if self._task == "binary" else p

    @available_if(lambda self: self._check_probabilities())
    def predict_log_proba(self, X):
        """Return the logarithm of ``predict_proba``, which is finite.

        Parameters
        ----------
        X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)

        Returns
        -------
        log_p : ndarray of shape (n_samples, n_classes)
            float64, in the order of ``classes_``.
        """
        return numpy.log(self.predict_proba(X))

    def _decision(self, X) -> numpy.ndarray:
        """Return beta z of shape (n_samples, n_outputs)."""
        raw = self._raw_outputs(X)
        return self._architecture.link.inverse_temperature * raw

    @property
    def _task(self) -> str:
        return self._labels.task

    @property
    def _n_one_hot(self) -> int | None:
        return self._labels.n_one_hot

    def _encode_target(self, y, sample_weight, goes_on, incremental):
        self._may_grow = self._may_grow and incremental
        named = incremental and not goes_on and not self._may_grow
        if goes_on:
            if incremental and self._may_grow:
                self._grown_from, self._labels = self._labels.classes, self._labels.joined_by(y)
            self._check_classes(y, incremental)
        elif named and not type_of_target(y).startswith("multilabel"):
            self._labels = Labels.from_classes(self.classes_)
            self._check_classes(y, incremental)
        else:
            self._labels = Labels.of(y)
            if named and not numpy.array_equal(self.classes_, self._labels.classes):
                raise ValueError(
                    f"classes must be the column numbers {self._labels.classes.tolist()} for a multilabel target with "
                    f"{len(self._labels.classes)} columns. Got {self.classes_.tolist()}."
                )
        self.classes_ = self._labels.classes
        return self._labels.encode(y)

    def _check_classes(self, y, incremental: bool) -> None:
        """Raise ValueError if y has classes that the fitted network has no output for, or in a warm start lacks one."""
        found = Labels.of(y)
        if (found.task == "multilabel") != (self._task == "multilabel"):
            raise ValueError(f"The classifier was fitted on a {self._task} target, but y is {found.task}.")
        classes, known = found.classes, self._labels.classes
        if not incremental and set(classes) != set(known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {known}, `y` has {classes}"
            )
        if not set(classes) <= set(known):
            raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {known}. 'y' has {classes}.")

    def _starting_parameters(self, architecture, n_samples, rng, goes_on):
        if goes_on and architecture.out_shape != self._architecture.out_shape and self._may_grow:
            return self._grown_parameters(architecture, rng)
        return super()._starting_parameters(architecture, n_samples, rng, goes_on)

    def _grown_parameters(self, architecture, rng) -> Parameters:
        """Return the last parameters with an output for each new class, freshly drawn.

        A logistic output z of two classes becomes the softmax outputs 0 and z, which have the same probabilities.
        """
        old = self._parameters
        parameters = Parameters.draw(architecture.layout(), rng, old.theta.dtype)
        for key, value in old.values.items():
            if key[0] != "output":
                parameters.values[key][...] = value
        kept = numpy.searchsorted(self._labels.classes, self._grown_from)
        for name in ("W", "b"):
            new, value = parameters.values["output", name], old.values["output", name]
            if len(kept) == 2:
                new[..., kept] = 0
            new[..., kept[-value.shape[-1] :]] = value
        for key, value in old.state.items():
            parameters.state[key][...] = value
        return parameters

    def _weigh_classes(self, y, sample_weight):
        if self.class_weight is None:
            return sample_weight
        return weigh_classes(self.class_weight, self._labels, y, sample_weight)

    def _check_partial_fit(self) -> bool:
        if self.class_weight == "balanced":
            raise AttributeError(
                "partial_fit does not support class_weight='balanced', as it does not see all rows. Compute the "
                "weights with sklearn.utils.class_weight.compute_class_weight('balanced', classes=..., y=...) and "
                "pass them as a dict."
            )
        return super()._check_partial_fit()

    def _check_probabilities(self) -> bool:
        """Raise AttributeError for a loss whose outputs are no probabilities."""
        if self.__sklearn_is_fitted__():
            loss = self._architecture.loss
        else:
            loss = LOSSES[self.loss] if self.loss in LOSSES.names() else self.loss
        if not getattr(loss, "gives_probabilities", True):
            raise AttributeError(
                f"The loss {self.loss!r} gives no probabilities. Use decision_function, loss='log_loss', or "
                "sklearn.calibration.CalibratedClassifierCV around the classifier."
            )
        return True

    def _classes_to_stratify(self, rows):
        return None if self._task == "multilabel" else rows.target.ravel()

    def _validation_score(self, raw, link, rows):
        right = self._labels.is_right(link.inverse_temperature * raw, rows.of(rows.target))
        return numpy.average(right, weights=rows.of(rows.weight))

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
