"""What the classifier and the regressor of tables share: split, encode, fit the members, average them."""

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

_DTYPE = numpy.dtype("float32")  # of the members' training


class TabularMLP(CallbackSupportMixin, ParameterHintsMixin, TabularAttributes, BaseEstimator, ABC):
    """Networks for tables without a task: subclasses say what y is, and what a network's outputs mean."""

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
        """Encode the table and train the networks, from fresh weights.

        Ctrl-C ends training early, with a warning: the best weights of the network in training and the networks before
        it are kept, and the estimator is fitted. Before the first step of the first network, KeyboardInterrupt passes
        on, and what was fitted earlier stays.

        Parameters
        ----------
        X : {pandas.DataFrame, polars.DataFrame, array-like} of shape (n_samples, n_features)
            The table as it is. Columns may hold numbers, text, categories, booleans, datetimes, timedeltas and missing
            values. The kind of a column is decided on all rows, those that validate included; medians, scales and
            categories are those of the training rows.
        y : array-like of shape (n_samples,), or (n_samples, n_outputs) for regression
            Labels of any type, or finite numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Non-negative weights, not all zero, of the rows in training and in the validation score. The encoder counts
            every row of positive weight once. None weighs every row 1.
        X_val, y_val : like X and y, default=None
            A validation set of your own, in place of rows split off. Every member then trains on all of X, and they
            differ in their random draws alone.
        sample_weight_val : array-like of shape (n_validation_samples,), default=None
            Weights of the validation rows.

        Returns
        -------
        self : object
            The fitted estimator.

        Raises
        ------
        ValueError
            For parameters or data out of range; the column is named.
        skann.exceptions.DivergenceError
            A ValueError, if the loss or a prediction becomes infinite or NaN. After any error, what was fitted before
            stays; only an error of a callback leaves the estimator fitted.
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
        """Check the data and split it; return what fits the members."""
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
        """Set the attributes of a fitted estimator; note the error of a callback."""
        self.members_ = members.done
        self._postprocess_members(members.held_out)
        self._set_training_attributes(members.rows.X, len(members.rows.y), members.splits)
        if members.ended == "interrupted" and not members.last_was_interrupted:
            warn(f"Training interrupted by user: {len(self.members_)} of {self.n_members} networks are kept.")
        members.report_end()
        return members

    # Data

    def _training_rows(self, X, y, sample_weight) -> LabelledRows:
        """Return the checked table, target and weights; note names and number of the columns."""
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
        """Return a frame as it is and anything else as an array, checked by its columns."""
        from ...preprocessing.frames import Table  # brings pandas, which other estimators do without

        data = Table(X, self).data
        validate_data(self, data, reset=reset, skip_check_array=True, **y)  # pyright: ignore[reportArgumentType]
        return data

    def _check_validation_set(self, X, y, sample_weight) -> LabelledRows | None:
        """Return the user's validation set, checked as the training set was."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            missing, there = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(f"{there} was given without {missing}: give both, or neither.")
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
        """Return the kind of each column, numbers, text or another, in all rows: those that train and that validate."""
        from ...preprocessing.encoder import column_kinds

        return column_kinds(rows.X, None if given is None else given.X, self)

    def _split_rows(self, rows: LabelledRows, has_validation: bool, rng) -> list[Split]:
        """Return what each member trains and validates on."""
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
        """Return an encoder fitted on the training rows with a network that is not fitted yet, and what validates it.

        The rows that validate are encoded.
        """
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
        """Set the callbacks up, if there are any, and return the context of the whole fit."""
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
        """Set the attributes that tell how training went."""
        networks = [member.network for member in self.members_]
        histories = [network.history_ for network in networks]
        scores: list[Any] = [network.best_validation_score_ for network in networks if network.early_stopping]
        self.n_iter_ = max(network.n_iter_ for network in networks)
        self.history_ = histories[0] if self.n_members == 1 else histories
        self.best_validation_score_ = float(numpy.mean(scores)) if scores else None
        vars(self).pop("oof_", None)
        if splits[0].left_out is not None:
            for member, split in zip(self.members_, splits, strict=False):
                made = self._member_output(member, _safe_indexing(X, split.left_out))
                if not hasattr(self, "oof_"):
                    self.oof_ = numpy.full((n_rows, *made.shape[1:]), numpy.nan)
                self.oof_[split.left_out] = made

    def _average_outputs(self, X) -> numpy.ndarray:
        """Return the mean of what the members make of X."""
        check_is_fitted(self)
        X = self._table(X, reset=False)
        total = self._member_output(self.members_[0], X)
        for member in self.members_[1:]:
            total += self._member_output(member, X)
        return total / len(self.members_)

    # What subclasses say

    _task: str  # a key of PRESETS

    @abstractmethod
    def _check_target(self, y, known: bool = False) -> numpy.ndarray:
        """Return y as an array; with ``known`` it must fit what is known of y already, which is noted otherwise."""

    def _row_weights(self, y, sample_weight) -> numpy.ndarray | None:
        """Return the rows' weights in training."""
        return sample_weight

    def _classes_to_stratify(self, y) -> numpy.ndarray | None:
        """Return what splits keep in proportion, if anything."""
        return None

    @abstractmethod
    def _build_network(
        self, params: dict[str, Any], choices: dict[str, Any], recipe: TableRecipe
    ) -> TableClassifier | TableRegressor:
        """Return a network that is not fitted yet."""

    def _postprocess_members(self, held_out: list[LabelledRows | None]) -> None:
        """Do what is to be done once the members are trained, with the rows that validated each."""

    @abstractmethod
    def _member_output(self, member: Member, X) -> numpy.ndarray:
        """Return what is averaged over the members."""

    # What may be asked of a fitted estimator

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
        """Return by how much the score falls when a column's values are shuffled, for each column of the raw table.

        Columns that tell the same share their importance: each can stand in for the other.

        Parameters
        ----------
        X, y : like X and y of fit
            Rows to judge by, best such as have not been trained on.
        scoring : str, callable or None, default=None
            The score; None takes that of ``score``.
        n_repeats : int in [1, inf), default=5
            How often each column is shuffled.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the rows in the score.
        random_state : int, RandomState instance or None, default=None
            Source of the orders.
        n_jobs : int, default=None
            Columns judged at once, in processes.

        Returns
        -------
        importances : pandas.DataFrame
            A row for each column of X, by its name, the most important first, with the mean of the repetitions and
            their standard deviation, "importance" and "std".

        See Also
        --------
        sklearn.inspection.permutation_importance : What computes it.

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
        if table.is_frame and not isinstance(data, pandas.DataFrame):  # scikit-learn shuffles no columns of polars
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
    """The fits of an estimator's members, one after the other: a ``Training``, as ``restoring.train`` takes it.

    Ctrl-C in the course of one ends the last; between two, those before are kept.

    Parameters
    ----------
    estimator : TabularMLP
    rows, given : LabelledRows
        To train on and, or None, to validate by.
    kinds : list of str
        Of the columns.
    choices : dict
        Parameters, resolve_auto.
    rng : RandomState
    splits : list of Split
        One for each member.
    root : CallbackContext or None
    arguments : dict
        Arguments of every hook.

    Attributes
    ----------
    done : list of Member
        Those that are fitted.
    held_out : list of LabelledRows or None
        The rows that validated each.
    error : Exception or None
        Of a callback.
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
        """Fit the members that are left, until one is ended by a callback or by Ctrl-C."""
        while self.ended is None and len(self.done) < len(self.splits):
            self._fit_next()
        self._keep_current()
        self.ended = self.ended or "done"
        return self.ended

    def undo(self) -> None:
        """Do nothing: members are new."""

    def _fit_next(self) -> None:
        """Make a member and fit it."""
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
        """Put the current member among those that are done, if it is fitted."""
        if self._current is None:
            return
        member, validating = self._current
        if member.network.__sklearn_is_fitted__():
            # calls nothing, so that Ctrl-C cannot fall between
            self.done, self.held_out, self._current = [*self.done, member], [*self.held_out, validating], None

    def report_end(self) -> None:
        """Tell callbacks once that the fit has ended, where no member's fit has told them."""
        if self.root is None or len(self.splits) == 1 or self.error is not None or self._end_reported:
            return
        self._end_reported = True
        try:
            self.root.call_on_fit_task_end(**self.arguments, reconstruction_attributes={"members_": self.done})
        except Exception as error:
            self.error = error


def _take_rows(rows: LabelledRows, index: numpy.ndarray) -> LabelledRows:
    """Return some of the rows."""
    weight = None if rows.weight is None else rows.weight[index]
    return LabelledRows(_safe_indexing(rows.X, index), rows.y[index], weight)
