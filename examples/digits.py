"""Handwritten digits: the data, two networks, and how to train them. `demo.py` tells the story.

The data set is the one that comes with scikit-learn: 1,797 images of 8 x 8 pixels, each pixel from 0 to 16 (E. Alpaydin
and C. Kaynak, "Optical Recognition of Handwritten Digits", UCI Machine Learning Repository, 1998).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet._extras import require
from mxnet.gluon import nn

__all__ = ["Digits", "Epoch", "Recipe", "accuracy", "convolutional", "load", "perceptron", "shift", "train"]


class Digits(NamedTuple):
    """Images (N, 1, 10, 10) from 0 to 1, with an empty margin of one pixel, and labels (N,) from 0 to 9; float32."""

    images: np.ndarray
    labels: np.ndarray


class Epoch(NamedTuple):
    """What is known after a pass through the training data."""

    loss: float  # mean cross-entropy of the training images, as the network learned from them
    accuracy: float  # of the images that the network does not learn from


class Recipe(NamedTuple):
    """A network and how it is trained. What is in here was chosen by cross-validation within the training images."""

    network: Callable[[], gluon.HybridBlock]
    epochs: int
    learning_rate: float
    augment: Callable[[np.ndarray], np.ndarray] | None = None


def load() -> tuple[Digits, Digits]:
    """The 1,437 images for training and the 360 for the test: a fixed split with equal shares of every digit."""
    bunch = require("sklearn.datasets", "demo").load_digits()
    split = require("sklearn.model_selection", "demo").train_test_split
    images = np.pad(bunch.images.astype("float32") / 16, ((0, 0), (1, 1), (1, 1)))[:, None]
    labels = bunch.target.astype("float32")
    train, test, train_labels, test_labels = split(images, labels, test_size=0.2, stratify=labels, random_state=0)
    return Digits(train, train_labels), Digits(test, test_labels)


def shift(image: np.ndarray) -> np.ndarray:
    """The image moved by at most one pixel in each direction, into its margin: the digit stays whole."""
    return np.roll(image, np.random.randint(-1, 2, size=2), axis=(1, 2))


def perceptron() -> gluon.HybridBlock:
    """Two hidden layers with batch normalization and dropout."""
    net = nn.HybridSequential()
    net.add(nn.Dropout(0.1))
    for width in (512, 256):
        net.add(nn.Dense(width), nn.BatchNorm(), nn.Activation("relu"), nn.Dropout(0.3))
    net.add(nn.Dense(10))
    return net


def convolutional() -> gluon.HybridBlock:
    """Two pairs of convolutions, each followed by pooling."""
    net = nn.HybridSequential()
    for channels in (24, 48):
        for _ in range(2):
            net.add(nn.Conv2D(channels, 3, padding=1, use_bias=False), nn.BatchNorm(), nn.Activation("relu"))
        net.add(nn.MaxPool2D())
    net.add(nn.Dropout(0.3), nn.Dense(10))
    return net


RECIPES = {
    "perceptron": Recipe(perceptron, epochs=40, learning_rate=2e-3),
    "convolutional": Recipe(convolutional, epochs=30, learning_rate=3e-3, augment=shift),
}


def train(
    recipe: Recipe,
    data: Digits,
    test: Digits,
    seed: int = 0,
    after_epoch: Callable[[Epoch], object] = lambda epoch: None,
) -> tuple[gluon.HybridBlock, list[Epoch]]:
    """A network of ``recipe``, trained on ``data``, and its epochs, each also handed to ``after_epoch``.

    ``test`` is looked at, for the curve, and nothing depends on it. Seeds the generators of MXNet and NumPy.
    """
    mx.random.seed(seed)
    np.random.seed(seed)
    net = recipe.network()
    net.initialize(mx.init.Xavier())
    net.hybridize()

    samples = gluon.data.ArrayDataset(*data)
    if recipe.augment:
        samples = samples.transform_first(recipe.augment)
    batches = gluon.data.DataLoader(samples, batch_size=64, shuffle=True)
    schedule = mx.lr_scheduler.CosineScheduler(
        len(batches) * recipe.epochs, base_lr=recipe.learning_rate, warmup_steps=len(batches)
    )
    adam = {"lr_scheduler": schedule, "learning_rate": recipe.learning_rate, "wd": 1e-4}  # its default rate would win
    trainer = gluon.Trainer(net.collect_params(), "adam", adam)
    cross_entropy = gluon.loss.SoftmaxCrossEntropyLoss()

    epochs = []
    for _ in range(recipe.epochs):
        mean_loss = mx.metric.Loss()
        for images, labels in batches:
            with autograd.record():
                loss = cross_entropy(net(images), labels)
            loss.backward()
            trainer.step(len(images))
            mean_loss.update(None, loss)
        epochs.append(Epoch(mean_loss.get()[1], accuracy(net, test)))
        after_epoch(epochs[-1])
    return net, epochs


def accuracy(net: gluon.HybridBlock, data: Digits) -> float:
    """The share of images that the network reads as what they are."""
    metric = mx.metric.Accuracy()
    metric.update(nd.array(data.labels), net(nd.array(data.images)))
    return metric.get()[1]
