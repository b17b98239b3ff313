"""Base class of the tabular estimators: splitting, encoding, fitting the members and averaging their outputs."""

from __future__ import annotations

from abc import ABC, abstractmethod
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any, Self

import numpy
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.callback import CallbackSupportMixin
from sklearn.utils import check_consistent_length, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from ..._sklearn_compat import _fit_context, _safe_indexing, with_callbacks
from ..._warnings import warn
from ..annotations import RandomState, Scoring, TabularAttributes
from ..atomic_fit import train_atomically
from ..builders import as_schedule
from ..constraints import ParameterHintsMixin
from ..data import rename_in_errors
from ..sample_weights import check_any_positive, check_range, check_sample_weight
from .constraints import SHARED_CONSTRAINTS
from .member_networks import TableClassifier, TableRecipe, TableRegressor
from .members import (
    LabelledRows,
    Member,
    MemberHooks,
    build_embeddings,
    encode_table,
    fit_encoder,
    network_params,
)
from .presets import resolve_auto
from .splits import Split, cross_validation_splits, single_split

if TYPE_CHECKING:
    import pandas

_DTYPE = numpy.dtype("float32")  # precision of training


class TabularMLP(CallbackSupportMixin, ParameterHintsMixin, TabularAttributes, BaseEstimator, ABC):
    """Base class for tabular estimators; subclasses define the target and the meaning of the outputs."""

    _parameter_constraints: dict = SHARED_CONSTRAINTS

    members_: list[Member]

    @with_callbacks
    @_fit_context(prefer_skip_nested_validation=True)
    def fit(
        self,
        X: Any,
        y: Any,
        sample_weight: ArrayLike | None = None,
        *,
        X_val: Any = None,
        y_val: Any = None,
        sample_weight_val: ArrayLike | None = None,
    ) -> Self:
        """Fit the model to table X and target(s) y.

        Ctrl-C ends training early, with a warning: the estimator is fitted, with the networks trained before and the
        best weights of the one being trained. Before the first step of the first network, KeyboardInterrupt propagates,
        and the estimator keeps its previous state.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The input data. Columns may hold numbers, text, categories, booleans, datetimes, timedeltas and missing
            values. The kind of a column is determined from all rows, including the validation set; medians, scales and
            categories are those of the training rows.
        y : array-like of shape (n_samples,), or (n_samples, n_outputs) for regression
            The target values: class labels of any type, or finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights for training and for the validation score, non-negative and not all zero. The encoder counts
            each row of positive weight once. If None, all samples have weight 1.
        X_val, y_val : like X and y, default=None
            Validation set that replaces the one split off from X. All members are then trained on all of X and only
            differ in their random draws.
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Sample weights of the validation set.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            If parameters or data are out of range; the message names the column.
        skann.exceptions.DivergenceError
            If the loss or a prediction becomes infinite or NaN; a subclass of ValueError. After any error, the
            estimator keeps its previous state; only after an error in a callback is it fitted.
        """
        members = train_atomically(
            self,
            lambda: self._prepare(X, y, sample_weight, (X_val, y_val, sample_weight_val)),
            lambda members: members.run(),
            self._conclude,
        )
        if members.error is not None:
            raise members.error
        return self

    def _prepare(self, X, y, sample_weight, validation) -> _EnsembleTraining:
        """Validate and split the data; return the training of the members."""
        metadata = None if sample_weight is None else {"sample_weight": sample_weight}
        arguments = {"estimator": self, "X": X, "y": y, "metadata": metadata}
        rows = self._training_rows(X, y, sample_weight)
        given = self._check_validation_set(*validation)
        kinds = self._column_kinds(rows, given)
        choices = resolve_auto(self.get_params(deep=False), self._task)
        rng = check_random_state(self.random_state)
        splits = self._split_rows(rows, given is not None, rng)
        return _EnsembleTraining(
            self, rows, given, kinds, choices, rng, splits, self._root_context(arguments), arguments
        )

    def _conclude(self, members: _EnsembleTraining) -> _EnsembleTraining:
        """Set the attributes of a fitted estimator and call the callbacks at the end of the fit."""
        self.members_ = members.done
        self._postprocess_members(members.held_out)
        self._set_training_attributes(members.rows.X, len(members.rows.y), members.splits)
        if members.ended == "interrupted" and not members.last_was_interrupted:
            warn(f"Training interrupted by user: {len(self.members_)} of {self.n_members} networks are kept.")
        members.report_end()
        return members

    # Data

    def _training_rows(self, X, y, sample_weight) -> LabelledRows:
        """Return the validated table, target and weights; set feature names and number."""
        X = self._table(X, reset=True, y=y)
        y = self._check_target(y)
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        weight = self._row_weights(y, sample_weight)
        check_any_positive(weight)
        check_range(weight, _DTYPE, None if getattr(self, "class_weight", None) is None else y)
        return LabelledRows(X, y, weight)

    def _table(self, X, *, reset: bool, **y):
        """Return a frame as it is and anything else as an array, after validating its columns."""
        from ...preprocessing.frames import Table  # imports pandas, which other estimators do not need

        data = Table(X, self).data
        validate_data(self, data, reset=reset, skip_check_array=True, **y)  # pyright: ignore[reportArgumentType]
        return data

    def _check_validation_set(self, X, y, sample_weight) -> LabelledRows | None:
        """Return the validation set passed to fit after the checks of the training set, or None."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            missing, present = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(f"{present} was given without {missing}: pass both or neither.")
        with rename_in_errors("X", "X_val"):
            X = self._table(X, reset=False)
        with rename_in_errors("y", "y_val"):
            y = self._check_target(y, known=True)
        with rename_in_errors("X", "X_val and y_val"):
            check_consistent_length(X, y)
        if sample_weight is not None:
            with rename_in_errors("sample_weight", "sample_weight_val"):
                sample_weight = check_sample_weight(sample_weight, X)
                check_range(sample_weight, _DTYPE)
        return LabelledRows(X, y, sample_weight)

    def _column_kinds(self, rows: LabelledRows, given: LabelledRows | None) -> list[str]:
        """Return the kind of each column, such as numbers or text, over the rows of both sets."""
        from ...preprocessing.encoder import column_kinds

        return column_kinds(rows.X, None if given is None else given.X, self)

    def _split_rows(self, rows: LabelledRows, has_validation: bool, rng) -> list[Split]:
        """Return the training and validation rows of each member."""
        n_rows = len(rows.y)
        if has_validation:
            return [single_split(None, n_rows, rows.weight, 0, rng)] * self.n_members
        codes = self._classes_to_stratify(rows.y)
        if self.n_members == 1:
            return [single_split(codes, n_rows, rows.weight, self.validation_fraction, rng)]
        return cross_validation_splits(codes, n_rows, rows.weight, self.n_members, rng)

    # Members

    def _build_member(
        self,
        rows: LabelledRows,
        split: Split,
        given: LabelledRows | None,
        kinds: list[str],
        choices: dict[str, Any],
        rng,
        quiet: bool,
    ) -> tuple[Member, LabelledRows | None]:
        """Return a fitted encoder with an unfitted network, and the encoded validation rows."""
        training = _take_rows(rows, split.train)
        encoder = fit_encoder(training.X, kinds, choices, quiet)
        validating = given
        if given is None and split.validation is not None:
            validating = _take_rows(rows, split.validation)
        seed = int(rng.randint(2**31 - 1))
        params = network_params(choices, len(split.train), seed, validates=validating is not None)
        recipe = TableRecipe(
            build_embeddings(encoder, encode_table(encoder, training.X), choices),
            choices["parametric_activation"],
            choices["weight_init"] == "data_driven",
            as_schedule("regularization_schedule", choices["regularization_schedule"]),
            choices["early_stopping"] and validating is not None,
        )
        member = Member(encoder, self._build_network(params, choices, recipe))
        if validating is not None:
            with rename_in_errors("X", "X_val") if given is not None else nullcontext():
                encoded = member.encode(validating.X)
            validating = validating._replace(X=encoded)
        return member, validating

    def _root_context(self, arguments: dict[str, Any]):
        """Set up the callbacks, if there are any, and return the context of the whole fit."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        if self.n_members == 1:
            return self._init_callback_context(max_subtasks=self.max_iter)
        root = self._init_callback_context(max_subtasks=self.n_members, sequential_subtasks=False)
        root.call_on_fit_task_begin(**arguments)
        return root

    def _member_context(self, root, i: int):
        """Return the context of one of several members."""
        return root.subcontext(task_name="member", task_id=i, max_subtasks=self.max_iter)

    def _set_training_attributes(self, X, n_rows: int, splits: list[Split]) -> None:
        """Set the attributes about the course of training."""
        networks = [member.network for member in self.members_]
        histories = [network.history_ for network in networks]
        scores: list[Any] = [network.best_validation_score_ for network in networks if network.early_stopping]
        self.n_iter_ = max(network.n_iter_ for network in networks)
        self.history_ = histories[0] if self.n_members == 1 else histories
        self.best_validation_score_ = float(numpy.mean(scores)) if scores else None
        vars(self).pop("oof_", None)
        if splits[0].left_out is not None:
            for member, split in zip(self.members_, splits, strict=False):
                output = self._member_output(member, _safe_indexing(X, split.left_out))
                if not hasattr(self, "oof_"):
                    self.oof_ = numpy.full((n_rows, *output.shape[1:]), numpy.nan)
                self.oof_[split.left_out] = output

    def _average_outputs(self, X) -> numpy.ndarray:
        """Return the mean of the members' outputs for X."""
        check_is_fitted(self)
        X = self._table(X, reset=False)
        total = self._member_output(self.members_[0], X)
        for member in self.members_[1:]:
            total += self._member_output(member, X)
        return total / len(self.members_)

    # Defined by subclasses

    _task: str  # a key of PRESETS

    @abstractmethod
    def _check_target(self, y, known: bool = False) -> numpy.ndarray:
        """Return y as an array. With ``known``, it must agree with the training target, else it defines the labels."""

    def _row_weights(self, y, sample_weight) -> numpy.ndarray | None:
        """Return the weights of the training rows."""
        return sample_weight

    def _classes_to_stratify(self, y) -> numpy.ndarray | None:
        """Return the class codes by which splits are stratified, or None."""
        return None

    @abstractmethod
    def _build_network(
        self, params: dict[str, Any], choices: dict[str, Any], recipe: TableRecipe
    ) -> TableClassifier | TableRegressor:
        """Return an unfitted network."""

    def _postprocess_members(self, held_out: list[LabelledRows | None]) -> None:
        """Postprocess the trained members, given the validation rows of each."""

    @abstractmethod
    def _member_output(self, member: Member, X) -> numpy.ndarray:
        """Return the output of a member that is averaged."""

    # Inspection of a fitted estimator

    def feature_importances(
        self,
        X: Any,
        y: Any,
        *,
        scoring: Scoring = None,
        n_repeats: int = 5,
        sample_weight: ArrayLike | None = None,
        random_state: RandomState = None,
        n_jobs: int | None = None,
    ) -> pandas.DataFrame:
        """Return the permutation importance of each column of the raw table.

        The importance of a column is the decrease of the score when its values are shuffled. It is shared among columns
        with the same information, as each can replace the others.

        Parameters
        ----------
        X, y : like X and y of fit
            Data to compute the scores on, preferably held out from training.
        scoring : str, callable or None, default=None
            Scoring method; None means that of ``score``.
        n_repeats : int in [1, inf), default=5
            Number of times to shuffle each column.
        sample_weight : array-like of shape (n_samples,), default=None
            Sample weights used in scoring.
        random_state : int, RandomState instance or None, default=None
            Determines random number generation for shuffling.
        n_jobs : int, default=None
            Number of columns evaluated in parallel processes.

        Returns
        -------
        importances : pandas.DataFrame
            One row per column of X, indexed by its name and sorted by decreasing importance, with the mean over the
            repetitions, "importance", and their standard deviation, "std".

        See Also
        --------
        sklearn.inspection.permutation_importance : The function that computes it.

        References
        ----------
        Breiman, 2001, "Random forests", Machine Learning 45.
        """
        import pandas
        from sklearn.inspection import permutation_importance

        from ...preprocessing.frames import Table

        check_is_fitted(self)
        table = Table(X, self)
        data = table.data
        if table.is_frame and not isinstance(data, pandas.DataFrame):  # scikit-learn cannot shuffle columns of polars
            data = pandas.DataFrame({name: table.column(i) for i, name in enumerate(table.names)})
        found: Any = permutation_importance(
            self,
            data,
            y,
            scoring=scoring,
            n_repeats=n_repeats,
            sample_weight=sample_weight,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        importances = pandas.DataFrame(
            {"importance": found.importances_mean, "std": found.importances_std}, index=table.names
        )
        return importances.sort_values("importance", ascending=False, kind="stable")

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "members_")

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


class _EnsembleTraining:
    """The consecutive fits of an estimator's members: a ``Training`` for ``train_atomically``.

    After Ctrl-C, the members that have stepped are kept, and no more are trained.

    Parameters
    ----------
    estimator : TabularMLP
    rows, given : LabelledRows
        The training set, and the validation set passed to fit or None.
    kinds : list of str
        Kinds of the columns.
    choices : dict
        Parameters of the estimator, with the values that "auto" stands for.
    rng : RandomState
    splits : list of Split
        One split per member.
    root : CallbackContext or None
    arguments : dict
        Arguments of all hooks.

    Attributes
    ----------
    done : list of Member
        The fitted members.
    held_out : list of LabelledRows or None
        The validation rows of each fitted member.
    error : Exception or None
        Error in a callback.
    """

    def __init__(self, estimator: TabularMLP, rows, given, kinds, choices, rng, splits: list[Split], root, arguments):
        self.estimator, self.rows, self.given, self.kinds = estimator, rows, given, kinds
        self.choices, self.rng = choices, rng
        self.splits, self.root, self.arguments = splits, root, arguments
        self.done: list[Member] = []
        self.held_out: list[LabelledRows | None] = []
        self.error: Exception | None = None
        self.ended: str | None = None
        self._current: tuple[Member, LabelledRows | None] | None = None
        self._end_reported = False
        self.last_was_interrupted = False

    @property
    def has_stepped(self) -> bool:
        """Whether there is a fitted member."""
        return bool(self.done) or (self._current is not None and self._current[0].network.__sklearn_is_fitted__())

    def run(self) -> str:
        """Fit the remaining members, until one is ended by a callback or by Ctrl-C."""
        while self.ended is None and len(self.done) < len(self.splits):
            self._fit_next()
        self._keep_current()
        self.ended = self.ended or "done"
        return self.ended

    def undo(self) -> None:
        """Do nothing, as members are new objects."""

    def _fit_next(self) -> None:
        """Build and fit the next member."""
        i, estimator = len(self.done), self.estimator
        split, several = self.splits[i], len(self.splits) > 1
        quiet = i > 0 or not estimator.warn
        member, validating = estimator._build_member(
            self.rows, split, self.given, self.kinds, self.choices, self.rng, quiet
        )
        self._current = member, validating
        context = estimator._member_context(self.root, i) if several and self.root is not None else self.root
        hooks = None if context is None else MemberHooks(context, self.arguments, member, self.done)
        training = _take_rows(self.rows, split.train)
        X_val, y_val, weight_val = (None, None, None) if validating is None else validating
        validation = X_val, y_val, weight_val
        ended = None
        try:
            ended = member.network._fit(member.encode(training.X), training.y, training.weight, validation, hooks).ended
        except Exception as error:
            if not member.network.__sklearn_is_fitted__():
                raise
            self.error = error
        self._keep_current()
        if self.error is not None:
            self.ended = "stopped"
        elif ended == "interrupted":
            self.ended, self.last_was_interrupted = "interrupted", True

    def _keep_current(self) -> None:
        """Append the current member to the fitted ones, if it is fitted."""
        if self._current is None:
            return
        member, validating = self._current
        if member.network.__sklearn_is_fitted__():
            # one statement without calls, which Ctrl-C cannot interrupt
            self.done, self.held_out, self._current = [*self.done, member], [*self.held_out, validating], None

    def report_end(self) -> None:
        """Call the callbacks at the end of the fit, once, unless the fit of a single member has called them."""
        if self.root is None or len(self.splits) == 1 or self.error is not None or self._end_reported:
            return
        self._end_reported = True
        try:
            self.root.call_on_fit_task_end(**self.arguments, reconstruction_attributes={"members_": self.done})
        except Exception as error:
            self.error = error


def _take_rows(rows: LabelledRows, index: numpy.ndarray) -> LabelledRows:
    """Return the rows at the given positions."""
    weight = None if rows.weight is None else rows.weight[index]
    return LabelledRows(_safe_indexing(rows.X, index), rows.y[index], weight)
