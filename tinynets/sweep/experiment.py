"""One trial of a grid: its options, and the training that they describe."""

import dataclasses
import functools
import os

import torch
from torch import Tensor

from tinynets import checks, data, losses, nets, train
from tinynets.rng import generator


@dataclasses.dataclass
class Experiment:
    """Plain SGD on a net with one hidden layer, on real digits.

    Trials that differ in `batch_size`, `lr` or length start from the same
    weights, seed by seed.

    Examples
    --------
    >>> Experiment(lr=0.2).validate().name
    'batch_size=32,lr=0.2'
    """

    batch_size: int = 32
    lr: float = 0.1  # learning rate
    n_epochs: int = 4
    n_steps: int | None = None  # updates; given, it takes n_epochs' place
    n_images: int = 8192  # for training, at most: all that validation leaves
    n_validation: int = 256  # the last of the training images, kept back
    n_hidden: int = 32
    activation: str = "relu"
    n_nets: int = 3  # nets side by side
    seed: int = 0

    def validate(self) -> "Experiment":
        """Return the experiment if each option is in its range.

        Raises
        ------
        TypeError, ValueError
            Name of the option, its range and what it was.
        """
        for name in ("batch_size", "n_epochs", "n_images", "n_validation", "n_hidden", "n_nets"):
            checks.count(name, getattr(self, name))
        if self.n_steps is not None:
            checks.count("n_steps", self.n_steps)
        checks.count("seed", self.seed, at_least=0)
        checks.positive("lr", self.lr)
        checks.choice("activation", self.activation, nets.ACTIVATIONS)
        return self

    @property
    def name(self) -> str:
        """Batch size, rate, and what else differs from the defaults."""
        values = [(field, getattr(self, field.name)) for field in dataclasses.fields(self)]
        return ",".join(
            f"{field.name}={value}"
            for field, value in values
            if field.name in ("batch_size", "lr") or value != field.default
        )


def measure(experiment: Experiment) -> dict:
    """Train the nets of one trial and measure them.

    Parameters
    ----------
    experiment : Experiment
        Its options.

    Returns
    -------
    dict
        `status`, `n_updates`, and for each seed `train_loss` (nats, over the
        images trained on), `train_accuracy`, `validation_accuracy`, to choose
        options by, and `test_accuracy`, to report what was chosen. If a loss
        ceased to be finite, `status` is "diverged" and `step` says when.

    Raises
    ------
    TypeError, ValueError
        If an option is out of range, the batch larger than the data, or all
        of the data kept back.
    """
    experiment.validate()
    digits = digits_in_use()
    (images, labels), kept_back = _parts(experiment, digits.train)
    if experiment.batch_size > len(images):
        raise ValueError(
            f"batch_size must be at most {len(images):,}, the number of "
            f"training images, got {experiment.batch_size:,}"
        )
    n_steps = experiment.n_steps or experiment.n_epochs * train.steps_in_epoch(
        len(images), experiment.batch_size
    )
    sizes = [digits.n_pixels, experiment.n_hidden, data.N_CLASSES]
    net = nets.initialise(
        nets.MLP(sizes, experiment.activation, n_nets=experiment.n_nets),
        scheme="he",
        generator=generator(experiment.seed, "weights"),
    )
    optimiser = torch.optim.SGD(net.parameters(), lr=experiment.lr)
    try:
        train.train(
            net,
            _loss,
            (images, labels),
            optimiser=optimiser,
            batch_size=experiment.batch_size,
            n_steps=n_steps,
            generator=generator(experiment.seed, "order"),
        )
    except train.DivergedError as error:
        return {"status": "diverged", "step": error.step, "n_updates": n_steps}
    with torch.no_grad():
        seen = net(images)
    values = {
        "train_loss": losses.cross_entropy(seen, labels),
        "train_accuracy": losses.accuracy(seen, labels),
        "validation_accuracy": losses.accuracy(net(kept_back.images), kept_back.labels),
        "test_accuracy": losses.accuracy(net(digits.test.images), digits.test.labels),
    }
    return {
        "status": "done",
        "n_updates": n_steps,
        **{name: value.tolist() for name, value in values.items()},
    }


def _parts(experiment: Experiment, given: data.Labelled) -> tuple[data.Labelled, data.Labelled]:
    """Divide training images into those to learn from and those kept back."""
    n_free = len(given.images) - experiment.n_validation
    if n_free < 1:
        raise ValueError(
            f"n_validation must be below {len(given.images):,}, the number of "
            f"training images, got {experiment.n_validation:,}"
        )
    learnt = (part[:n_free][: experiment.n_images] for part in given)
    return data.Labelled(*learnt), data.Labelled(*(part[n_free:] for part in given))


def digits_in_use() -> data.Digits:
    """Load the digits once a process: a worker runs many trials.

    Returns
    -------
    Digits
        Those that `TINYNETS_DATA` names now.

    Examples
    --------
    >>> digits_in_use() is digits_in_use()
    True
    """
    return _digits(os.environ.get("TINYNETS_DATA"))


@functools.lru_cache(maxsize=1)
def _digits(place: str | None) -> data.Digits:
    return data.load_digits()


def _loss(net: torch.nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    return losses.cross_entropy(net(images), labels)
