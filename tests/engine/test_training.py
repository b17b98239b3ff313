"""The loop: batches, stopping, the best weights, what goes on from call to call."""

import math

import numpy
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from skann.engine.activations import ReLU
from skann.engine.data.reader import Reader
from skann.engine.data.rows import Rows, chunks
from skann.engine.initializers import Fill
from skann.engine.learner import Learner
from skann.engine.optimizers import SGD, AdamW
from skann.engine.parameters import Layout, Parameters, ParameterSpec
from skann.engine.schedules import Adaptive, Cosine, Schedule
from skann.engine.training.divergence import DivergenceError
from skann.engine.training.history import Progress
from skann.engine.training.lbfgs import LBFGSTrainer
from skann.engine.training.settings import Settings
from skann.engine.training.state import TrainingState
from skann.engine.training.step import SupervisedStep
from skann.engine.training.trainer import Trainer
from skann.engine.training.updater import decay_weights

from .harness import LOSS_CASES, small_network

RNG = numpy.random.RandomState(0)
X, CODES = RNG.normal(size=(25, 4)), RNG.randint(4, size=25)
ROWS = Rows(X, CODES, n_classes=4)


def trainer(rows=ROWS, validate=None, report=None, hooks=None, loss_case=LOSS_CASES[0], **changes):
    graph, objective, parameters = small_network([ReLU()], loss_case)
    options = {
        "optimizer": SGD(momentum=0.0, nesterovs_momentum=False),
        "schedule": Schedule(),
        "learning_rate": 0.1,
        "batch_size": 10,
        "max_epochs": 3,
        "shuffle": False,
        "alpha": 0.0,
        "tol": 0.0,
        "patience": 1000,
        "schedule_epochs": 3,
        **changes,
    }
    settings = Settings(**options)
    rng = numpy.random.RandomState(0)
    state = TrainingState.start(settings, graph, parameters, rng)
    step = SupervisedStep(Learner(graph, objective, parameters), rows, settings, state)
    return Trainer(step, settings, Progress(), rng, validate, hooks, report)


def test_chunks_cover_and_the_last_may_be_short():
    assert [(part.start, part.stop) for part in chunks(0, 25, 10)] == [(0, 10), (10, 20), (20, 25)]
    assert [(part.start, part.stop) for part in chunks(3, 3, 10)] == []


def test_an_epoch_is_one_step_a_batch_on_the_mean_gradient():
    run = trainer(max_epochs=1)
    by_hand = run.parameters.astype(float)
    run.run()
    single = trainer(batch_size=25)
    single.parameters.theta[...] = by_hand.theta
    for start in (0, 10, 20):
        part = Rows(X[start : start + 10], CODES[start : start + 10], n_classes=4)
        step = trainer(part, batch_size=len(part), max_epochs=1)
        step.parameters.theta[...] = by_hand.theta
        step.run()
        by_hand.theta[...] = step.parameters.theta
    assert_allclose(run.parameters.theta, by_hand.theta)
    assert run.step.state.optimizer.step == 3
    assert run.progress.n_samples == 25


def test_the_mean_gradient_of_the_batches_is_the_full_batchs_with_weights_and_penalty():
    weight = RNG.uniform(size=25)
    rows = Rows(X, CODES, weight, n_classes=4)
    moves = []
    for batch_size in (25, 5):
        run = trainer(rows, batch_size=batch_size, alpha=3.0, learning_rate=1e-9, max_epochs=1)
        start = run.parameters.theta.copy()
        run.run()
        moves.append((run.parameters.theta - start) / run.step.state.optimizer.step)
    assert_allclose(moves[0], moves[1], rtol=1e-4, atol=1e-16)


def test_decoupled_decay_takes_learning_rate_factors_into_account():
    rates = {"a": 1.0, "b": 0.5, "c": 0.1}
    specs = [("l", name, ParameterSpec((2,), Fill(1.0), decays=name != "c", rate=r)) for name, r in rates.items()]
    parameters = Parameters.draw(Layout(specs), numpy.random.RandomState(0), numpy.dtype(float))
    decay_weights(numpy, parameters, 0.1)
    values = {name: values.tolist() for (_, name), values in parameters.values.items()}
    assert values == {"a": [0.9, 0.9], "b": [0.95, 0.95], "c": [1.0, 1.0]}


class Seen(Schedule):
    """Notes the fractions it is asked for, and returns them as factors."""

    def __init__(self):
        object.__setattr__(self, "fractions", [])

    def factor(self, fraction):
        self.fractions.append(fraction)
        return fraction


def test_dropout_and_noise_follow_their_schedule():
    schedule = Seen()
    run = trainer(noise_schedule=schedule, max_epochs=2, schedule_epochs=2)
    run.run()
    assert_allclose(schedule.fractions, [0, 0.2, 0.4, 0.5, 0.7, 0.9])
    assert run.step.network.noise == 0.9


@pytest.mark.parametrize("decouples", [False, True])
def test_decay_follows_its_schedule(decouples):
    """Where the loss has no gradient, weights shrink by the product of 1 - rate alpha factor over the steps."""
    optimizer = AdamW() if decouples else SGD(momentum=0.0, nesterovs_momentum=False)
    rows = Rows(X, CODES, numpy.zeros(25), n_classes=4, total_weight=1.0)
    run = trainer(rows, optimizer=optimizer, alpha=0.5, decay_schedule=Seen(), max_epochs=1, schedule_epochs=1)
    start = run.parameters.theta[: run.parameters.n_decayed].copy()
    run.run()
    shrunk = numpy.prod([1 - 0.1 * 0.5 * factor for factor in (0, 0.4, 0.8)])
    assert_allclose(run.parameters.theta[: run.parameters.n_decayed], shrunk * start)


def test_stops_after_patience_without_progress():
    scores = iter([0.5, 0.7, 0.7, 0.6, 0.6, 0.6, 0.9])
    thetas = []
    lines = []

    def validate():
        thetas.append(run.parameters.theta.copy())
        return 0.0, next(scores)

    run = trainer(validate=validate, report=lines.append, max_epochs=99, patience=2, early_stopping=True)
    assert run.run() == "converged"
    assert run.progress.scores == [0.5, 0.7, 0.7, 0.6, 0.6, 0.6]
    assert run.progress.best_score == 0.7
    assert_array_equal(run.parameters.theta, thetas[1])  # the first of ties
    assert lines[-1].endswith("Stopping.")


@pytest.mark.parametrize(
    ("scores", "n_epochs"),
    [
        ([1, 2, 3, 2, 2, 2, 9, 9], 6),
        ([1, 2, 2, 3, 2, 1, 9, 9], 6),  # its progress came before the fourth epoch's end, where the last wave began
        ([1, 2, 3, 2, 2, 4, 1, 1], 8),
        ([1, 2, 3, 2, 3, 1, 1, 1], 8),  # a tie is progress
    ],
)
def test_it_gives_up_at_the_last_restart_after_a_wave_without_progress(scores, n_epochs):
    news, remaining = [], iter(scores)
    options = {"max_epochs": 8, "schedule_epochs": 8, "schedule": Cosine(restarts=3), "early_stopping": True}
    run = trainer(validate=lambda: (0.0, next(remaining)), report=news.append, skip_idle_wave=True, **options)
    assert run.run() == ("max_epochs" if n_epochs == 8 else "converged")
    assert run.progress.n_epochs == n_epochs
    assert (n_epochs == 8) != ("No progress" in news[-1])


@pytest.mark.parametrize(("ties", "best"), [("first", 1), ("last", 2)])
def test_which_of_tied_epochs_is_the_best(ties, best):
    scores, thetas = iter([0.5, 0.7, 0.7, 0.6]), []

    def validate():
        thetas.append(run.parameters.theta.copy())
        return 0.0, next(scores)

    run = trainer(validate=validate, max_epochs=4, early_stopping=True, ties=ties)
    run.run()
    assert_array_equal(run.parameters.theta, thetas[best])
    assert run.progress.best_score == 0.7


def test_nan_scores_are_no_progress():
    run = trainer(validate=lambda: (0.0, math.nan), max_epochs=3, early_stopping=True)
    start = run.parameters.theta.copy()
    run.run()
    assert run.progress.best_score == -math.inf
    assert_array_equal(run.parameters.theta, start)


def test_an_adaptive_rate_falls_until_it_is_too_small():
    lines = []
    run = trainer(schedule=Adaptive(), learning_rate=1e-5, tol=1.0, patience=1, max_epochs=99, report=lines.append)
    assert run.run() == "converged"
    falls = [line for line in lines if "Setting learning rate" in line]
    assert len(falls) == 2
    assert run.step.state.learning_rate == pytest.approx(1e-5 / 25)


def test_the_loss_falls_and_ctrl_c_ends_training():
    run = trainer(max_epochs=50)
    assert run.run() == "max_epochs"
    assert run.progress.loss_curve[-1] < 0.8 * run.progress.loss_curve[0]

    def interrupt(line):
        raise KeyboardInterrupt

    run = trainer(report=interrupt)
    with pytest.raises(KeyboardInterrupt):
        run.run()
    assert run.has_stepped
    run.ended = "interrupted"
    assert run.run() == "interrupted"
    assert run.progress.n_epochs == len(run.progress.loss_curve) == 1


def test_divergence():
    with pytest.raises(DivergenceError, match=r"After epoch \d+ the loss was .*learning_rate_init"):
        trainer(Rows(X * 1e200, CODES, n_classes=4), learning_rate=1e200, max_epochs=9).run()


def test_lbfgs_finds_a_zero_gradient_in_double_precision():
    graph, objective, _ = small_network([], LOSS_CASES[9])
    parameters = Parameters.draw(graph.layout(), numpy.random.RandomState(0), numpy.dtype("float32"))
    y = X @ [[1.0], [2.0], [3.0], [4.0]] + 5
    options = {"alpha": 0.0, "l1": 0.0, "tol": 1e-10, "max_iter": 500, "max_fun": 1000}
    solver = LBFGSTrainer(Learner(graph, objective, parameters), Rows(X, y), **options)
    assert solver.run() == "minimized"
    assert solver.result.fun < 1e-12
    assert parameters.theta.dtype == "float32"
    assert_allclose(parameters.theta, [1, 2, 3, 4, 5], rtol=1e-6)


def test_reader_reads_what_was_chosen():
    weight = numpy.arange(25.0)
    index = numpy.arange(24, -1, -1)
    rows = Rows(X, CODES, weight, n_classes=4, index=index)
    reader = Reader(rows, numpy.dtype("float32"), 10)
    for chosen in (slice(3, 9), numpy.array([1, 1, 7])):
        x, target, weights = reader.read(chosen, scale=0.5)
        assert_allclose(x, X[index[chosen]].astype("float32"))
        assert x.dtype == target.dtype == weights.dtype == "float32"
        assert_array_equal(target.argmax(axis=1), CODES[index[chosen]])
        assert_array_equal(target.sum(axis=1), 1)
        assert_allclose(weights, 0.5 * weight[index[chosen]])
    assert rows.total_weight == weight.sum()
    assert rows.n_outputs == 4
    x, target, scale = Reader(Rows(X), numpy.dtype(float), 10).read(slice(0, 5), scale=2.0)
    assert numpy.shares_memory(x, X)
    assert (target, scale) == (None, 2.0)
