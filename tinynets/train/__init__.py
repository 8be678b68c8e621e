"""One loop that trains a net, or a stack of nets, in plain sight."""

from tinynets.train.ascent import Maximum, ascend, maximise
from tinynets.train.batches import minibatches, steps_in_epoch
from tinynets.train.loop import DivergedError, History, Loss, train, updates

__all__ = [
    "DivergedError",
    "History",
    "Loss",
    "Maximum",
    "ascend",
    "maximise",
    "minibatches",
    "steps_in_epoch",
    "train",
    "updates",
]
