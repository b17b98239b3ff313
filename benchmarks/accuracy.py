"""Test accuracy on the digits with default parameters, mean of ten seeds, beside scikit-learn's."""

import warnings

import numpy
import sklearn.neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split

import skann


def main():
    warnings.simplefilter("ignore", ConvergenceWarning)
    X, y = load_digits(return_X_y=True)
    means = {}
    for cls in (skann.MLPClassifier, sklearn.neural_network.MLPClassifier):
        scores = []
        for seed in range(10):
            X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=seed)
            scores.append(cls(random_state=seed).fit(X_train, y_train).score(X_test, y_test))
        means[cls] = numpy.mean(scores)
        name = cls.__module__.split(".")[0]
        print(f"{name:<10} accuracy {means[cls]:.4f}, standard error {numpy.std(scores, ddof=1) / numpy.sqrt(10):.4f}")
    ours, theirs = means.values()
    print(f"skann's minus scikit-learn's: {ours - theirs:+.4f}")


if __name__ == "__main__":
    main()
