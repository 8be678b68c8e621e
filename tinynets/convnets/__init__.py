"""Convolutional nets for images, and distorted copies of the images."""

from tinynets.convnets.distortion import distorted
from tinynets.convnets.files import load, save
from tinynets.convnets.judging import accuracy_on, logits_of, vote
from tinynets.convnets.network import ConvNet, dropped
from tinynets.convnets.training import train_epochs

__all__ = [
    "ConvNet",
    "accuracy_on",
    "distorted",
    "dropped",
    "load",
    "logits_of",
    "save",
    "train_epochs",
    "vote",
]
