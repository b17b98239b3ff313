"""Other kinds of training on the same loop: two networks that train against each other."""

from itertools import count

import numpy
from numpy.testing import assert_array_equal

from skann.engine.activations import Tanh
from skann.engine.criterion import Criterion
from skann.engine.data.reader import Reader
from skann.engine.data.rows import Rows
from skann.engine.graph import chain
from skann.engine.initializers import GlorotUniform
from skann.engine.layers import ActivationLayer, Dense
from skann.engine.learner import Learner
from skann.engine.losses import LogLoss
from skann.engine.network import Network
from skann.engine.objective import Objective
from skann.engine.optimizers import Adam
from skann.engine.parameters import Parameters
from skann.engine.schedules import Schedule
from skann.engine.training.divergence import check_finite
from skann.engine.training.history import Progress
from skann.engine.training.settings import Settings
from skann.engine.training.state import TrainingState
from skann.engine.training.trainer import Trainer
from skann.engine.training.updater import Updater

N_NOISE, N_HIDDEN = 3, 16


def perceptron(n_inputs, seed):
    init = GlorotUniform()
    layers = [("a", Dense(N_HIDDEN, init)), ("f", ActivationLayer(Tanh())), ("b", Dense(N_HIDDEN, init))]
    graph = chain([*layers, ("g", ActivationLayer(Tanh())), ("out", Dense(1, init))], (n_inputs,))
    objective = Objective.of("out", LogLoss(), LogLoss().link("binary"))
    return Learner(
        graph, objective, Parameters.draw(graph.layout(), numpy.random.RandomState(seed), numpy.dtype(float))
    )


class AdversarialStep:
    """A discriminator learns to tell rows from a generator's, which learns to be taken for them [Goodfellow, 2014]."""

    widths = {"gradient_norm": 0, "dead_units": 0}

    def __init__(self, generator, discriminator, X, settings, rng):
        self.learner, self.parameters, self.rng = generator, generator.parameters, rng
        self.n_rows, self.n_rows_at_once, self.has_stepped = len(X), settings.batch_size, False
        self.reader = Reader(Rows(X), X.dtype, settings.batch_size)
        learners = (generator, discriminator)
        networks = [
            Network(learner.graph, learner.parameters, settings.batch_size, training=True, input_gradients=True)
            for learner in learners
        ]
        self.generator, self.discriminator = networks
        self.criterion = Criterion(discriminator.objective, self.discriminator)
        states = [TrainingState.start(settings, learner.graph, learner.parameters, rng) for learner in learners]
        self.state, self.other_state = states
        self.updaters = [
            Updater(learner.parameters, settings, state, len(X))
            for learner, state in zip(learners, states, strict=True)
        ]

    def begin(self):
        pass

    def begin_epoch(self, order):
        self.reader.begin(order)

    def step(self, batch, n_epochs):
        real = self.reader.read(batch)[0]
        n = len(real)
        ones, zeros, fraction = numpy.ones((n, 1)), numpy.zeros((n, 1)), n_epochs / 100
        (fake,) = self.generator.forward(self.rng.normal(size=(n, N_NOISE)))
        loss = self.criterion.loss_and_grad(real, ones, 1 / n)
        grad = self.discriminator.parameters.grad
        of_real = grad.copy()
        loss += self.criterion.loss_and_grad(fake, zeros, 1 / n)
        grad += of_real
        self.updaters[1].update(loss, fraction, n_epochs + 1)
        grad.fill(numpy.nan)  # the generator's update must leave it alone
        wrong = self.criterion.evaluate(fake, ones, 1 / n)
        (dx,) = self.discriminator.backward(self.discriminator.output_gradients(n), parameters=False, inputs=True)
        assert numpy.isnan(grad).all()
        self.generator.backward({"out": dx})
        self.updaters[0].update(wrong, fraction, n_epochs + 1)
        self.has_stepped = True
        return loss

    def end_epoch(self, loss, when, publish):
        check_finite(loss, self.parameters, when)
        return {"learning_rate": self.updaters[0].last_rate, "gradient_norm": [], "dead_units": []}

    def end(self, best, is_interrupted, n_epochs):
        pass

    def state_dict(self):
        parameters = {"parameters": self.parameters.state_dict(), "other": self.discriminator.parameters.state_dict()}
        return {**parameters, **self.state.state_dict(), "other_state": self.other_state.state_dict()}

    def load_state_dict(self, values):
        self.parameters.load_state_dict(values["parameters"])
        self.discriminator.parameters.load_state_dict(values["other"])
        self.state.load_state_dict(values)
        self.other_state.load_state_dict(values["other_state"])


def adversarial(n_epochs, seed=0):
    """Return a trainer on two Gaussians, at -2 and 1, with three rows in ten from the first."""
    rng = numpy.random.RandomState(seed)
    X = numpy.where(rng.uniform(size=(500, 1)) < 0.3, rng.normal(-2, 0.2, (500, 1)), rng.normal(1, 0.4, (500, 1)))
    settings = Settings(
        optimizer=Adam(beta_1=0.5),
        schedule=Schedule(),
        learning_rate=5e-3,
        batch_size=100,
        max_epochs=n_epochs,
        shuffle=True,
        tol=0.0,
        patience=numpy.inf,
        schedule_epochs=n_epochs,
    )
    step = AdversarialStep(perceptron(N_NOISE, 1), perceptron(1, 2), X, settings, rng)
    return Trainer(step, settings, Progress(), rng), X


def generated(step, n=2000):
    """Return outputs of the generator for draws of their own."""
    noise = Rows(numpy.random.RandomState(5).normal(size=(n, N_NOISE)))
    return step.learner.predictor.outputs(noise)[:, 0]


def test_an_adversarial_step_learns_two_gaussians():
    trainer, X = adversarial(n_epochs=400)
    before = generated(trainer.step)
    assert trainer.run() == "max_epochs"
    after = generated(trainer.step)
    assert len(trainer.progress.loss_curve) == 400
    below = [(sample < -0.8).mean() for sample in (X, before, after)]
    assert abs(below[2] - below[0]) < 0.15 < abs(below[1] - below[0])
    for low, high, center in ((-numpy.inf, -0.8, -2), (-0.8, numpy.inf, 1)):
        assert abs(numpy.median(after[(after > low) & (after < high)]) - center) < 0.5


def test_it_goes_on_from_its_state_to_the_bit():
    whole, _ = adversarial(n_epochs=6)
    whole.run()
    first, _ = adversarial(n_epochs=6)
    epochs = count()
    first.hooks = type("Hooks", (), {"epoch_begins": lambda _: False, "epoch_ends": lambda _: next(epochs) == 2})()
    assert first.run() == "stopped"
    second, _ = adversarial(n_epochs=6)
    second.step.rng = second.rng  # one source of both orders and noise
    second.load_state_dict(first.state_dict())
    second.step.rng = second.rng
    second.run()
    assert_array_equal(second.parameters.theta, whole.parameters.theta)
    assert second.progress.loss_curve == whole.progress.loss_curve
