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

from ..attributes import RandomState, Scoring, TabularAttributes
from ..compat import _fit_context, _safe_indexing, with_callbacks
from ..constraints import HintingMixin
from ..data import renamed
from ..restoring import restored_on_error
from ..weights import check_range, check_sample_weight, check_some_count
from .constraints import SHARED_CONSTRAINTS
from .members import (
    LabelledRows,
    Member,
    MemberHooks,
    as_schedule,
    embeddings_of,
    fitted_encoder,
    network_params,
)
from .network import Recipe, TableClassifier, TableRegressor
from .presets import resolved
from .splits import Split, rotated_splits, single_split

if TYPE_CHECKING:
    import pandas

_DTYPE = numpy.dtype("float32")  # of the members' training


class TabularMLP(CallbackSupportMixin, HintingMixin, TabularAttributes, BaseEstimator, ABC):
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

        Ctrl-C ends training early: the best weights of the network in training and the networks before it are kept,
        and the estimator is fitted.

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
            A ValueError, if the loss becomes infinite or NaN. After any error, what was fitted before stays; only an
            error of a callback leaves the estimator fitted.
        """
        with restored_on_error(self):
            error = self._fit(X, y, sample_weight, (X_val, y_val, sample_weight_val))
        vars(self).pop("_running", None)
        if error is not None:
            raise error
        return self

    def _fit(self, X, y, sample_weight, validation) -> Exception | None:
        """Fit the members and store them; return the error of a callback that ended training."""
        told = {"estimator": self, "X": X, "y": y}
        told["metadata"] = None if sample_weight is None else {"sample_weight": sample_weight}
        rows = self._training_rows(X, y, sample_weight)
        given = self._given_validation(*validation)
        kinds = self._kinds(rows, given)
        choices = resolved(self.get_params(deep=False), self._task)
        rng = check_random_state(self.random_state)
        splits = self._splits(rows, given is not None, rng)
        root = self._root_context(told)
        members: list[Member] = []
        held_out: list[LabelledRows | None] = []
        error = None
        for i, split in enumerate(splits):
            member, validating = self._made_member(
                rows, split, given, kinds, choices, rng, quiet=i > 0 or not self.warn
            )
            context = root if self.n_members == 1 or root is None else self._member_context(root, i)
            error = self._train(member, _taken(rows, split.train), validating, context, told, members)
            members.append(member)
            held_out.append(validating)
            if error is not None or member.network.ended == "interrupted":
                break
        self.members_ = members
        self._finish(held_out)
        self._note_course(rows.X, len(rows.y), splits)
        if root is not None and self.n_members > 1 and error is None:
            root.call_on_fit_task_end(**told, reconstruction_attributes={"members_": members})
        return error

    # Data

    def _training_rows(self, X, y, sample_weight) -> LabelledRows:
        """Return the checked table, target and weights; note names and number of the columns."""
        X = self._table(X, reset=True, y=y)
        y = self._checked_target(y)
        check_consistent_length(X, y)
        if sample_weight is not None:
            sample_weight = check_sample_weight(sample_weight, X)
        weight = self._row_weights(y, sample_weight)
        check_some_count(weight)
        check_range(weight, _DTYPE, None if getattr(self, "class_weight", None) is None else y)
        return LabelledRows(X, y, weight)

    def _table(self, X, *, reset: bool, **y):
        """Return a frame as it is and anything else as an array, checked by its columns."""
        from ...preprocessing.frames import Table  # brings pandas, which other estimators do without

        data = Table(X, self).data
        validate_data(self, data, reset=reset, skip_check_array=True, **y)  # pyright: ignore[reportArgumentType]
        return data

    def _given_validation(self, X, y, sample_weight) -> LabelledRows | None:
        """Return the user's validation set, checked as the training set was."""
        if X is None and y is None:
            return None
        if X is None or y is None:
            missing, there = ("X_val", "y_val") if X is None else ("y_val", "X_val")
            raise ValueError(f"{there} was given without {missing}: give both, or neither.")
        with renamed("X", "X_val"):
            X = self._table(X, reset=False)
        with renamed("y", "y_val"):
            y = self._checked_target(y, known=True)
        with renamed("X", "X_val and y_val"):
            check_consistent_length(X, y)
        if sample_weight is not None:
            with renamed("sample_weight", "sample_weight_val"):
                sample_weight = check_sample_weight(sample_weight, X)
                check_range(sample_weight, _DTYPE)
        return LabelledRows(X, y, sample_weight)

    def _kinds(self, rows: LabelledRows, given: LabelledRows | None) -> list[str]:
        """Return the kind of each column, numbers, text or another, in all rows: those that train and that validate."""
        from ...preprocessing.encoder import column_kinds

        return column_kinds(rows.X, None if given is None else given.X, self)

    def _splits(self, rows: LabelledRows, has_validation: bool, rng) -> list[Split]:
        """Return what each member trains and validates on."""
        n_rows = len(rows.y)
        if has_validation:
            return [single_split(None, n_rows, rows.weight, 0, rng)] * self.n_members
        codes = self._classes_to_stratify(rows.y)
        if self.n_members == 1:
            return [single_split(codes, n_rows, rows.weight, self.validation_fraction, rng)]
        return rotated_splits(codes, n_rows, rows.weight, self.n_members, rng)

    # Members

    def _made_member(
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
        training = _taken(rows, split.train)
        encoder = fitted_encoder(training.X, kinds, choices, quiet)
        validating = given
        if given is None and split.validation is not None:
            validating = _taken(rows, split.validation)
        seed = int(rng.randint(2**31 - 1))
        params = network_params(choices, len(split.train), seed, validates=validating is not None)
        member = Member(encoder, self._made_network(params, choices))
        member.network.recipe = Recipe(
            embeddings_of(encoder, member.encoded(training.X), choices),
            choices["parametric_activation"],
            choices["weight_init"] == "data_driven",
            as_schedule(choices["regularization_schedule"]),
            choices["early_stopping"] and validating is not None,
        )
        if validating is not None:
            with renamed("X", "X_val") if given is not None else nullcontext():
                encoded = member.encoded(validating.X)
            validating = validating._replace(X=encoded)
        return member, validating

    def _train(
        self,
        member: Member,
        training: LabelledRows,
        validating: LabelledRows | None,
        context,
        told: dict[str, Any],
        done: list[Member],
    ) -> Exception | None:
        """Fit a member's network; return the error of a callback, which leaves it fitted."""
        network = member.network
        if context is not None:
            network.given_hooks = MemberHooks(context, told, member, done)
        X_val, y_val, weight_val = (None, None, None) if validating is None else validating
        try:
            network.fit(
                member.encoded(training.X),
                training.y,
                training.weight,
                X_val=X_val,
                y_val=y_val,
                sample_weight_val=weight_val,
            )
        except Exception as error:
            if not network.__sklearn_is_fitted__():
                raise
            return error
        finally:
            network.given_hooks = None
        return None

    def _root_context(self, told: dict[str, Any]):
        """Set the callbacks up, if there are any, and return the context of the whole fit."""
        if not getattr(self, "_skl_callbacks", None):
            return None
        if self.n_members == 1:
            return self._init_callback_context(max_subtasks=self.max_iter)
        root = self._init_callback_context(max_subtasks=self.n_members, sequential_subtasks=False)
        root.call_on_fit_task_begin(**told)
        return root

    def _member_context(self, root, i: int):
        """Return the context of one of several members."""
        return root.subcontext(task_name="member", task_id=i, max_subtasks=self.max_iter)

    def _note_course(self, X, n_rows: int, splits: list[Split]) -> None:
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

    def _averaged(self, X) -> numpy.ndarray:
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
    def _checked_target(self, y, known: bool = False) -> numpy.ndarray:
        """Return y as an array; with ``known`` it must fit what is known of y already, which is noted otherwise."""

    def _row_weights(self, y, sample_weight) -> numpy.ndarray | None:
        """Return the rows' weights in training."""
        return sample_weight

    def _classes_to_stratify(self, y) -> numpy.ndarray | None:
        """Return what splits keep in proportion, if anything."""
        return None

    @abstractmethod
    def _made_network(self, params: dict[str, Any], choices: dict[str, Any]) -> TableClassifier | TableRegressor:
        """Return a network that is not fitted yet."""

    def _finish(self, held_out: list[LabelledRows | None]) -> None:
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

    def __getstate__(self):
        state: Any = super().__getstate__()
        return {name: value for name, value in state.items() if name != "_running"}

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        tags.input_tags.categorical = True
        tags.input_tags.string = True
        return tags


def _taken(rows: LabelledRows, index: numpy.ndarray) -> LabelledRows:
    """Return some of the rows."""
    weight = None if rows.weight is None else rows.weight[index]
    return LabelledRows(_safe_indexing(rows.X, index), rows.y[index], weight)
