"""The diagnosis of a fitted network."""

from __future__ import annotations

import html
from collections.abc import Iterable
from typing import Any

from .extraction import title_of
from .findings import SYMPTOMS, Case, Finding

_REQUIREMENTS = {
    "validation_loss": "a validation set: give fit X_val and y_val, or set {way_to_validate}",
    "loss": "a record of training, which solver='lbfgs' does not leave",
    "gradient_norm": "a record of training, which solver='lbfgs' does not leave",
}


class Diagnosis(list):
    """The findings about a fitted network, printed as text, or as HTML in notebooks.

    Parameters
    ----------
    findings : iterable of Finding
        Problems of the network, causes before their effects.
    about : str
        Description of the estimator and the data.
    unseen : dict of str to str, default=None
        Names of the problems that could not be checked, with what the check requires.
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
        """Return a sentence for each requirement that was not met."""
        return [
            f"Not checked: {', '.join(name for name in self.unseen if self.unseen[name] == requirement)}. "
            f"That needs {requirement}."
            for requirement in dict.fromkeys(self.unseen.values())
        ]


def diagnose(estimator: Any, X: Any, y: Any) -> Diagnosis:
    """Find common problems of a fitted network, with remedies.

    The following are checked:

    {symptoms}

    Parameters
    ----------
    estimator : one of skann, or a Pipeline or search that ends in one
        Fitted estimator. Of a search, the best estimator is checked; of a tabular estimator, its first member.
    X : {array-like, DataFrame, sparse matrix} of shape (n_samples, n_features), images or source
        The training data, as passed to fit. Of more than 10,000 rows, 10,000 at equal distances are used; fewer of
        large images.
    y : array-like of shape (n_samples,) or (n_samples, n_outputs), label maps, or sequence of dict
        The training targets.

    Returns
    -------
    diagnosis : Diagnosis
        A list of findings, each with a name, an observation and a remedy; empty if no problem was found.

    Raises
    ------
    TypeError
        If the estimator does not end in a network of skann, or y is none of its targets.
    ValueError
        If X or y is invalid for the estimator.
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
    Not checked: over-fitting. That needs a validation set: give fit X_val and y_val, or set early_stopping=True.
    """
    case = Case(estimator, X, y)
    findings, unseen = [], {}
    for symptom in SYMPTOMS:
        if symptom.needs is not None and case.history(symptom.needs) is None:
            unseen[symptom.name] = _REQUIREMENTS[symptom.needs].format(way_to_validate=case.way_to_validate)
            continue
        found = symptom.check(case)
        if found is not None:
            findings.append(Finding(symptom.name, *found))
    about = f"{title_of(case.estimator)} with {case.network._learner.parameters.theta.size:,} parameters, "
    seen = "" if case.X.shape[0] == case.n_samples else f"{case.X.shape[0]:,} of "
    return Diagnosis(findings, f"{about}{seen}{case.n_samples:,} {'images' if case.is_spatial else 'rows'}", unseen)


if diagnose.__doc__:  # python -OO strips docstrings
    _bullets = "\n    ".join(f"- {symptom.name}: {symptom.description}" for symptom in SYMPTOMS)
    diagnose.__doc__ = diagnose.__doc__.replace("{symptoms}", _bullets)
