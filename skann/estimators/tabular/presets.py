"""Values for "auto": the recipes of RealMLP by task and preset [Holzmüller et al., 2024, arXiv:2407.04491]."""

from __future__ import annotations

from typing import Any

_FAST = {
    "parametric_activation": False,
    "numeric_embedding": None,
    "max_one_hot": 100,  # no limit in the paper; guards against columns with thousands of categories
    "dropout": 0.0,
    "weight_decay": 0.0,
    "weight_init": "normal",
}
_BEST = {
    "parametric_activation": True,
    "numeric_embedding": "pbld",
    "max_one_hot": 8,
    "dropout": 0.15,
    "weight_decay": 0.02,
    "weight_init": "data_driven",
}
_CLASSIFICATION = {"activation": "selu", "learning_rate_init": 0.04, "label_smoothing": 0.1}
_REGRESSION = {"activation": "mish"}

PRESETS: dict[str, dict[str, dict[str, Any]]] = {
    "classification": {"fast": _FAST | _CLASSIFICATION, "best": _BEST | _CLASSIFICATION},
    "regression": {
        "fast": _FAST | _REGRESSION | {"learning_rate_init": 0.07, "clip_predictions": False},
        "best": _BEST | _REGRESSION | {"learning_rate_init": 0.2, "clip_predictions": True},
    },
}

# with scorers of probabilities, training is without label smoothing and epochs are selected by cross-entropy
PROBABILITY_SCORERS = frozenset(
    {"neg_log_loss", "roc_auc", "roc_auc_ovr", "roc_auc_ovo", "roc_auc_ovr_weighted", "roc_auc_ovo_weighted"}
)


def resolve_auto(params: dict[str, Any], task: str) -> dict[str, Any]:
    """Return an estimator's parameters with "auto" replaced by the values of the preset."""
    auto = dict(PRESETS[task][params["preset"]])
    params = dict(params)
    if isinstance(params["scoring"], str) and params["scoring"] in PROBABILITY_SCORERS:
        auto["label_smoothing"] = 0.0
        params["scoring"] = "loss"
    chosen = {name: value for name, value in auto.items() if isinstance(params[name], str) and params[name] == "auto"}
    return params | chosen


def table(task: str) -> str:
    """Return a reStructuredText table of the values that "auto" stands for in each preset."""
    columns = PRESETS[task]
    rows = [["parameter", *(f'preset="{name}"' for name in columns)]]
    rows += [[name, *(repr(column[name]) for column in columns.values())] for name in next(iter(columns.values()))]
    widths = [max(map(len, cells)) for cells in zip(*rows, strict=True)]
    rule = " ".join("=" * width for width in widths)
    lines = [" ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    return "\n".join([rule, lines[0], rule, *lines[1:], rule])
