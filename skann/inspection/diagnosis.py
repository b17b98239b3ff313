"""A doctor's look at a fitted network."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from .extraction import title_of
from .findings import SYMPTOMS, Case, Finding

_MISSING = {
    "validation_loss": "a validation set: give fit X_val and y_val, or set {way_to_validate}",
    "loss": "a record of training, which solver='lbfgs' does not leave",
    "gradient_norm": "a record of training, which solver='lbfgs' does not leave",
}


class Diagnosis(list):
    """The findings about a fitted network; prints as plain sentences, and as HTML in notebooks.

    Parameters
    ----------
    findings : iterable of Finding
        What ails the network, causes before their effects.
    about : str
        What was looked at.
    unseen : dict of str to str, default=None
        What could not be looked for, by name, and what was missing.
    """

    def __init__(self, findings: Iterable[Finding], about: str, unseen: dict[str, str] | None = None):
        super().__init__(findings)
        self.about = about
        self.unseen = unseen or {}

    def __str__(self) -> str:
        numbered = [f"{i}. {finding}" for i, finding in enumerate(self, start=1)]
        return "\n".join([self._heading(), *numbered, *self._gaps()])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        items = "".join(
            f"<li style='margin-bottom: 0.5em'><b>{html.escape(finding.name.capitalize())}.</b> "
            f"{html.escape(finding.seen)}<br><i>{html.escape(finding.remedy)}</i></li>"
            for finding in self
        )
        gaps = "".join(f"<p style='opacity: 0.7'>{html.escape(gap)}</p>" for gap in self._gaps())
        return f"<div><p>{html.escape(self._heading())}</p><ol>{items}</ol>{gaps}</div>"

    def _heading(self) -> str:
        if not self:
            return f"Nothing found: {self.about}."
        return f"{len(self)} finding{'s' * (len(self) > 1)}: {self.about}."

    def _gaps(self) -> list[str]:
        """Return a sentence for each thing that was missing."""
        return [
            f"Not looked for: {', '.join(name for name in self.unseen if self.unseen[name] == missing)}. "
            f"That needs {missing}."
            for missing in dict.fromkeys(self.unseen.values())
        ]


def diagnose(estimator: Any, X: Any, y: Any) -> Diagnosis:
    """Look for what ails a fitted network, and say what to do about it.

    Looked for are:

    {symptoms}

    Parameters
    ----------
    estimator : one of skann, or a Pipeline or search that ends in one
        Fitted. Of a search, the best estimator is looked at; of the members of an estimator of tables, the first.
    X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features)
        The rows that it was trained on, as fit took them: 10,000 of them at equal distances, where there are more.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs)
        Their targets.

    Returns
    -------
    diagnosis : Diagnosis
        A list of findings, each with a name, what was seen and the remedy. It is empty if nothing was found.

    Raises
    ------
    TypeError
        If the estimator does not end in a network of skann.
    ValueError
        If X or y is not what the estimator takes.
    sklearn.exceptions.NotFittedError
        If the estimator is not fitted.

    Examples
    --------
    >>> from sklearn.datasets import load_breast_cancer
    >>> from skann import MLPClassifier
    >>> from skann.inspection import diagnose
    >>> X, y = load_breast_cancer(return_X_y=True)
    >>> clf = MLPClassifier(max_iter=500, warn=False, random_state=0).fit(X, y)
    >>> [finding.name for finding in diagnose(clf, X, y)]
    ['features unscaled']
    >>> clf = MLPClassifier(max_iter=500, random_state=0).fit((X - X.mean(axis=0)) / X.std(axis=0), y)
    >>> diagnose(clf, (X - X.mean(axis=0)) / X.std(axis=0), y)
    Nothing found: MLPClassifier with 3,201 parameters, 569 rows.
    Not looked for: over-fitting. That needs a validation set: give fit X_val and y_val, or set early_stopping=True.
    """
    case = Case(estimator, X, y)
    findings, unseen = [], {}
    for symptom in SYMPTOMS:
        if symptom.needs is not None and case.course(symptom.needs) is None:
            unseen[symptom.name] = _MISSING[symptom.needs].format(way_to_validate=case.way_to_validate)
            continue
        found = symptom.look(case)
        if found is not None:
            findings.append(Finding(symptom.name, *found))
    about = f"{title_of(case.estimator)} with {case.network._learner.parameters.theta.size:,} parameters, "
    seen = "" if case.X.shape[0] == case.n_samples else f"{case.X.shape[0]:,} of "
    return Diagnosis(findings, f"{about}{seen}{case.n_samples:,} rows", unseen)


if diagnose.__doc__:  # python -OO strips docstrings
    _bullets = "\n    ".join(f"- {symptom.name}: {symptom.description}" for symptom in SYMPTOMS)
    diagnose.__doc__ = diagnose.__doc__.replace("{symptoms}", _bullets)
