"""A typical grid search: 24 candidates and 5 folds on the digits, with two processes."""

import sklearn.neural_network
from measure import compare, seconds
from sklearn.datasets import load_digits
from sklearn.model_selection import GridSearchCV

import skann

GRID = {
    "alpha": [1e-5, 1e-4, 1e-3, 1e-2],
    "learning_rate_init": [1e-3, 3e-3, 1e-2],
    "hidden_layer_sizes": [(50,), (100,)],
}


def compare_searches(repeats):
    """Yield the comparison of the searches."""
    X, y = load_digits(return_X_y=True)
    X = X / 16

    def search(cls):
        grid = GridSearchCV(cls(max_iter=30, n_iter_no_change=1000, random_state=0), GRID, cv=5, n_jobs=2, refit=False)
        return lambda: seconds(grid.fit, X, y)

    peers = {"skann": search(skann.MLPClassifier), "scikit-learn": search(sklearn.neural_network.MLPClassifier)}
    yield compare("grid search, 120 fits of the digits, n_jobs=2", "s", peers, repeats)
