"""The demo's parts, on a few easy images. That its networks reach their targets is for `make demo` to see."""

from __future__ import annotations

import re

import demo
import numpy as np
import pytest
from digits import RECIPES, Digits, Epoch, Recipe, accuracy, load, shift, train

import mxnet as mx
from mxnet.gluon import nn


def easy_digits(count):
    """Ten fixed patterns with a little noise, laid out as the real images are."""
    random = np.random.default_rng(count)
    patterns = np.random.default_rng(0).random((10, 8, 8)) > 0.5
    labels = np.arange(count) % 10
    images = np.clip(patterns[labels] + random.normal(scale=0.2, size=(count, 8, 8)), 0, 1)
    return Digits(np.pad(images, ((0, 0), (1, 1), (1, 1)))[:, None].astype("float32"), labels.astype("float32"))


DATA, TEST = easy_digits(320), easy_digits(100)


def scaled(factor):
    net = nn.HybridSequential()
    net.add(nn.Dense(10, in_units=100), nn.HybridLambda(lambda F, x: factor * x))
    return net


@pytest.fixture(scope="module")
def real():
    pytest.importorskip("sklearn", reason="scikit-learn has the data")
    return load()


class TestDigits:
    def test_load(self, real):
        data, test = real
        assert data.images.shape == (1437, 1, 10, 10)
        assert test.images.shape == (360, 1, 10, 10)
        for images, labels in real:
            assert images.dtype == labels.dtype == np.float32
            assert images.min() == 0
            assert images.max() == 1
            assert images[:, :, 1:-1, 1:-1].sum() == images.sum()  # the margin is empty
            np.testing.assert_allclose(np.bincount(labels.astype(int)) / len(labels), 0.1, atol=0.006)

    def test_split_shares_no_image_and_is_fixed(self, real):
        data, test = real
        assert not {image.tobytes() for image in data.images} & {image.tobytes() for image in test.images}
        np.random.seed(7)
        again = load()
        np.testing.assert_array_equal(again[1].images, test.images)

    def test_shift_moves_the_whole_digit_by_a_pixel(self):
        image = np.zeros((1, 10, 10), "float32")
        image[0, 1:9, 1:9] = np.arange(1, 65).reshape(8, 8)
        offsets = set()
        for _ in range(200):
            moved = shift(image)
            (row,), (column,) = np.where(moved[0] == 1)
            np.testing.assert_array_equal(moved[0, row : row + 8, column : column + 8], image[0, 1:9, 1:9])
            offsets.add((int(row) - 1, int(column) - 1))
        assert offsets == {(row, column) for row in (-1, 0, 1) for column in (-1, 0, 1)}


class TestTrain:
    @pytest.mark.parametrize("name", RECIPES)
    def test_networks_learn(self, name):
        seen = []
        net, epochs = train(RECIPES[name]._replace(epochs=10), DATA, TEST, after_epoch=seen.append)
        assert seen == epochs
        assert len(epochs) == 10
        assert epochs[-1].loss < 0.3 * epochs[0].loss
        assert epochs[-1].accuracy == accuracy(net, TEST) > 0.95

    def test_accuracy(self):
        digits = Digits(np.eye(10, 100, dtype="float32").reshape(10, 1, 10, 10), np.arange(10, dtype="float32"))
        net = scaled(1)
        net.initialize()
        net[0].weight.set_data(mx.nd.eye(10, 100))  # reads the place of the one pixel that is set
        assert accuracy(net, digits) == 1
        assert accuracy(net, digits._replace(labels=np.zeros(10, "float32"))) == pytest.approx(0.1)

    def test_is_repeatable(self):
        recipe = RECIPES["convolutional"]._replace(epochs=2)
        first, again, other = (train(recipe, DATA, TEST, seed)[1] for seed in (1, 1, 2))
        assert first == again != other

    def test_does_not_depend_on_the_test_images(self):
        recipe = RECIPES["perceptron"]._replace(epochs=2)
        nets = [train(recipe, DATA, test)[0] for test in (TEST, easy_digits(10))]
        for one, other in zip(*(net.collect_params().values() for net in nets), strict=True):
            np.testing.assert_array_equal(one.data().asnumpy(), other.data().asnumpy())


class TestDemo:
    def test_missed(self):
        curves = {
            name: [Epoch(1, 1), Epoch(1, reached)] for name, reached in (("a", 0.9), ("b", 0.8999), ("c", np.nan))
        }
        assert demo.missed(curves, {"a": 0.9}) == []
        (message,) = demo.missed(curves, {"a": 0.9, "b": 0.9})
        assert message == "The b network reached 89.99% test accuracy, below the target of 90.0%."
        assert len(demo.missed(curves, {"c": 0.9})) == 1

    @pytest.mark.parametrize(("factor", "same"), [(1, True), (1.0001, False)])
    def test_survives_saving(self, tmp_path, factor, same):
        net = scaled(1)
        net.initialize()
        assert demo.survives_saving(net, Recipe(lambda: scaled(factor), 1, 1), tmp_path / "net.params", TEST) is same

    def test_readings(self):
        net = scaled(100)
        net.initialize(mx.init.Zero())
        net[0].bias.set_data(mx.nd.one_hot(mx.nd.array([3]), 10)[0])
        images = np.zeros((2, 1, 10, 10), "float32")
        images[1, 0, 1, 1] = 1
        lines = demo.readings(net, Digits(images, np.array([3, 8]))).splitlines()
        assert lines == [
            " " * 19 + "@@",
            *7 * [""],
            "a 3, read as 3     a 8, read as 3",
            "100.0% sure        100.0% sure",
        ]

    def test_curves(self, tmp_path):
        pytest.importorskip("matplotlib", reason="matplotlib draws the curves")
        curves = {name: [Epoch(1 / n, 1 - 0.1 / n) for n in range(1, 6)] for name in demo.TARGETS}
        demo.draw_curves(curves, demo.TARGETS, tmp_path / "curves.png")
        assert (tmp_path / "curves.png").read_bytes().startswith(b"\x89PNG\r\n")

    def test_tutorial(self, capsys):
        demo.run_tutorial(demo.TUTORIAL)
        shown = capsys.readouterr().out
        assert "  A perceptron\n  [1]  [[" in shown
        assert "class Residual(nn.Block):" in shown
        assert re.search(r"\nAll \d+ code cells ran.\n$", shown)
        assert max(map(len, shown.splitlines())) <= 107

    @pytest.mark.parametrize("target", [0.9, 1.1])
    def test_whole(self, monkeypatch, capsys, tmp_path, target):
        pytest.importorskip("matplotlib", reason="matplotlib draws the curves")
        pytest.importorskip("tqdm", reason="tqdm shows the progress")
        monkeypatch.setattr(demo, "RECIPES", {name: recipe._replace(epochs=10) for name, recipe in RECIPES.items()})
        monkeypatch.setattr(demo, "TARGETS", {"perceptron": 0.9, "convolutional": target})
        monkeypatch.setattr(demo, "load", lambda: (DATA, TEST))
        status = demo.main(["--output", str(tmp_path / "made" / "here"), "--seed", "3"])
        shown = capsys.readouterr()
        assert {path.name for path in (tmp_path / "made" / "here").iterdir()} == {
            "learning_curves.png", "perceptron.params", "convolutional.params"
        }  # fmt: skip
        assert shown.out.count("exactly the same") == 2
        if target == 0.9:
            assert (status, shown.err) == (0, "")  # no progress bar either: there is no terminal
        else:
            assert status == 1
            assert re.fullmatch(
                r"demo: The convolutional network reached \S+ test accuracy, below .* 110.0%.\n", shown.err
            )
