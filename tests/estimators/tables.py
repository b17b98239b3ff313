"""A small table with every kind of column, and small networks for it."""

import numpy
import pandas

FAST = {"preset": "fast", "hidden_layer_sizes": (24,), "max_iter": 40, "batch_size": 64, "random_state": 0}
BEST = {"hidden_layer_sizes": (24,), "max_iter": 40, "batch_size": 64, "random_state": 0}


def table(n_rows=300, seed=0):
    """Return a frame of seven columns; "size" and "city" matter."""
    rng = numpy.random.RandomState(seed)
    frame = pandas.DataFrame(
        {
            "size": rng.normal(50, 20, n_rows),
            "city": rng.choice(["Oslo", "Rome", "Lima"], n_rows),
            "street": [f"street {i}" for i in rng.randint(0, 30, n_rows)],
            "member": rng.rand(n_rows) < 0.3,
            "since": pandas.Timestamp("2020-01-01") + pandas.to_timedelta(rng.randint(0, 1000, n_rows), unit="D"),
            "grade": pandas.Categorical(rng.choice(list("abc"), n_rows)),
            "constant": 1,
        }
    )
    frame.loc[rng.rand(n_rows) < 0.1, "size"] = numpy.nan
    frame.loc[rng.rand(n_rows) < 0.1, "city"] = None
    return frame


def labels(frame):
    """Return labels that depend on a category and a number."""
    return numpy.where(frame["size"].fillna(50) + 40 * (frame["city"] == "Oslo") > 60, "yes", "no")


def prices(frame):
    """Return numbers that depend on a category and a number."""
    return (1000 + 10 * frame["size"].fillna(50) + 300 * (frame["city"] == "Oslo")).to_numpy()
