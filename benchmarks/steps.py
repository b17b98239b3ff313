"""Training steps and whole fits, compared with scikit-learn, PyTorch and skorch."""

import warnings
from importlib.util import find_spec

import sklearn.neural_network
from cases import FITS, STEPS
from measure import compare, seconds
from sklearn.exceptions import ConvergenceWarning

import skann

# title, parameters of the estimator, those of the PyTorch loop, whether scikit-learn supports it
VARIANTS = [
    ("", {}, {}, True),
    (", SGD", {"solver": "sgd"}, {"solver": "sgd"}, True),
    (", dropout 0.5", {"dropout": [0.0, *[0.5] * 9]}, {"dropout": 0.5}, False),
    (", tanh", {"activation": "tanh"}, {"activation": "tanh"}, True),
    (", gelu", {"activation": "gelu"}, {"activation": "gelu"}, False),
    (", maxout", {"activation": "maxout"}, None, False),
]


def peers_of(case, X, y, params, torch_params, with_sklearn):
    """Return functions that fit and return the microseconds per step, by name."""

    def estimator(cls):
        settings = {**case.params(), **params}
        if "dropout" in settings:
            settings["dropout"] = settings["dropout"][: len(case.hidden) + 1]
        mlp = cls(**settings)
        return lambda: 1e6 * seconds(mlp.fit, X, y) / case.n_steps

    peers = {"skann": estimator(skann.MLPClassifier)}
    if with_sklearn:
        peers["scikit-learn"] = estimator(sklearn.neural_network.MLPClassifier)
    if torch_params is not None and find_spec("torch"):
        import torch_peer

        for name, fused in (("PyTorch", False), ("PyTorch, fused", True)):

            def figure(fused=fused):
                return 1e6 * seconds(lambda: torch_peer.fit(case, X, y, **torch_params, fused=fused)) / case.n_steps

            peers[name] = figure
    return peers


def skorch_peer(case, X, y):
    """Return a function that fits skorch's classifier and returns the microseconds per step."""
    import torch
    import torch_peer
    from skorch import NeuralNetClassifier

    def figure():
        net = NeuralNetClassifier(
            torch_peer.network(case.n_features, case.hidden),
            criterion=torch.nn.CrossEntropyLoss,
            optimizer=torch.optim.Adam,
            max_epochs=case.n_epochs,
            batch_size=case.batch_size,
            iterator_train__shuffle=True,
            train_split=None,
            verbose=0,
        )
        return 1e6 * seconds(net.fit, X.astype("float32"), y.astype("int64")) / case.n_steps

    return figure


def compare_steps(repeats, dtypes=("float64", "float32"), cases=STEPS, variants=VARIANTS):
    """Yield the comparison of each case: all variants with float64 X, and the first one also with float32."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    for case in cases.values():
        for dtype in dtypes:
            X, y = case.data(dtype)
            for title, params, torch_params, with_sklearn in variants if dtype == "float64" else variants[:1]:
                peers = peers_of(case, X, y, params, torch_params, with_sklearn)
                yield compare(f"step {case.name}, X {dtype}{title}", "us", peers, repeats)


def compare_fits(repeats):
    """Yield the comparison of each whole fit."""
    warnings.simplefilter("ignore", ConvergenceWarning)
    for name, case in FITS.items():
        X, y = case.data()
        peers = peers_of(case, X, y, {}, {}, True)
        if find_spec("skorch"):
            peers["skorch"] = skorch_peer(case, X, y)
        comparison = compare(f"fit {name}: {case.name}", "s", peers, repeats)
        for figures in comparison.figures.values():
            figures[:] = [figure * case.n_steps / 1e6 for figure in figures]
        yield comparison
