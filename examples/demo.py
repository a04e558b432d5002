"""The demo, `make demo`: run the tutorial, train two networks on handwritten digits, save and load them.

python examples/demo.py [--seed N] [--output DIRECTORY]

Leaves the learning curves and the parameters in demo-output/. Exits with 1, and says why, when a network misses its
target.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Mapping, Sequence
from itertools import zip_longest
from pathlib import Path

import numpy as np
from cells import run_cells
from digits import RECIPES, Digits, Epoch, Recipe, load, train

from mxnet import gluon, nd
from mxnet._extras import require

ROOT = Path(__file__).resolve().parents[1]
TUTORIAL = ROOT / "docs" / "tutorials" / "layers_and_blocks.ipynb"
TARGETS = {"perceptron": 0.97, "convolutional": 0.985}
INK = " .:-=+*#%@"  # from empty to full


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Run the tutorial, train two networks on digits, save and load them.")
    parser.add_argument("--seed", type=int, default=0, help="of the networks' random numbers (default: 0)")
    parser.add_argument("--output", type=Path, default=ROOT / "demo-output", help="folder for what the demo makes")
    options = parser.parse_args(arguments)
    options.output.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()

    title(f"1. The tutorial: {TUTORIAL.relative_to(ROOT)}")
    run_tutorial(TUTORIAL)

    title("2. Two networks learn to read digits")
    data, test = load()
    print(f"{len(data.labels):,} images to learn from, {len(test.labels)} to be tested on, seed {options.seed}\n")
    networks, curves = {}, {}
    for name, recipe in RECIPES.items():
        networks[name], curves[name] = train_with_bar(name, recipe, data, test, options.seed)
    picture = options.output / "learning_curves.png"
    draw_curves(curves, TARGETS, picture)
    print(f"\nLearning curves: {shown(picture)}")

    title("3. Saved, loaded, and asked again")
    failures = missed(curves, TARGETS)
    for name, network in networks.items():
        path = options.output / f"{name}.params"
        same = survives_saving(network, RECIPES[name], path, test)
        print(f"{shown(path)}: loaded into a new network, it predicts {'exactly the same' if same else 'OTHERWISE'}")
        if not same:
            failures.append(f"The {name} network predicts otherwise after saving and loading: {path}")
    print("\nThe first images of the test, and what the convolutional network reads:\n")
    print(readings(networks["convolutional"], Digits(test.images[:4], test.labels[:4])))

    print(f"\n{time.perf_counter() - started:.0f} seconds in all.")
    for failure in failures:
        print(f"demo: {failure}", file=sys.stderr)
    return bool(failures)


def run_tutorial(path: Path, lines: int = 4, width: int = 100) -> None:
    """Run the notebook's code cells, and print under its headings what they define and the first of what they show."""
    number, heading = 0, ""
    for number, cell in enumerate(run_cells(path), 1):
        if cell.heading != heading:
            heading = cell.heading
            print(f"\n  {heading}")
        text = [line for line in cell.source.splitlines() if line.startswith("class ")]
        text += cell.output.strip("\n").splitlines()
        if len(text) > lines + 1:
            text[lines:] = [f"... and {len(text) - lines} lines more"]
        for mark, line in zip_longest([f"[{number}]"], text, fillvalue=""):
            print(f"  {mark:4} {line if len(line) <= width else line[: width - 3] + '...'}".rstrip())
    print(f"\nAll {number} code cells ran.")


def train_with_bar(
    name: str, recipe: Recipe, data: Digits, test: Digits, seed: int
) -> tuple[gluon.HybridBlock, list[Epoch]]:
    """Train with a progress bar, where there is a terminal, and print how it ended."""
    started = time.perf_counter()
    with require("tqdm", "demo").tqdm(total=recipe.epochs, desc=name, unit=" epochs", leave=False, disable=None) as bar:

        def advance(epoch: Epoch) -> None:
            bar.set_postfix_str(f"loss {epoch.loss:.4f}, test accuracy {epoch.accuracy:.2%}", refresh=False)
            bar.update()

        network, curve = train(recipe, data, test, seed, advance)
    size = sum(parameter.data().size for parameter in network.collect_params().values())
    wrong = round((1 - curve[-1].accuracy) * len(test.labels))
    print(
        f"{name:14} {size:8,} parameters, {recipe.epochs} epochs in {time.perf_counter() - started:3.0f} s: "
        f"test accuracy {curve[-1].accuracy:.2%}, {wrong} of {len(test.labels)} wrong"
    )
    return network, curve


def missed(curves: Mapping[str, Sequence[Epoch]], targets: Mapping[str, float]) -> list[str]:
    """A sentence for each network whose test accuracy, after its last epoch, is below its target."""
    reached = {name: curve[-1].accuracy for name, curve in curves.items()}
    return [
        f"The {name} network reached {reached[name]:.2%} test accuracy, below the target of {target:.1%}."
        for name, target in targets.items()
        if not reached[name] >= target  # so that NaN misses, too
    ]


def draw_curves(curves: Mapping[str, Sequence[Epoch]], targets: Mapping[str, float], path: Path) -> None:
    """Draw loss and test accuracy over the epochs, a colour for each network, into a picture file."""
    figure = require("matplotlib.figure", "demo").Figure(figsize=(10, 4.2), dpi=144, layout="constrained")
    loss_axes, accuracy_axes = figure.subplots(1, 2)
    for (name, curve), color in zip(curves.items(), ("#3f74d1", "#1f9470"), strict=True):
        epochs = range(1, len(curve) + 1)
        loss_axes.plot(epochs, [epoch.loss for epoch in curve], color=color, label=name)
        accuracy_axes.plot(epochs, [100 * epoch.accuracy for epoch in curve], color=color, label=name)
        accuracy_axes.axhline(100 * targets[name], color=color, linestyle=":", linewidth=1.2)
        accuracy_axes.annotate(
            f"target {100 * targets[name]:g} %",
            (1, 100 * targets[name]),
            xycoords=("axes fraction", "data"),
            xytext=(-4, 3),
            textcoords="offset points",
            ha="right",
            fontsize=8,
            color=color,
        )
    loss_axes.set(title="What is left to learn", xlabel="epoch", ylabel="training loss (cross-entropy)", yscale="log")
    accuracy_axes.set(title="What was learned", xlabel="epoch", ylabel="test accuracy, %", ylim=(90, 100.3))
    for axes in (loss_axes, accuracy_axes):
        axes.set_xlim(left=1)
        axes.grid(color="#e4e7ee", linewidth=0.8)
        axes.spines[["top", "right"]].set_visible(False)
    loss_axes.legend(frameon=False)
    figure.savefig(path)


def survives_saving(network: gluon.HybridBlock, recipe: Recipe, path: Path, test: Digits) -> bool:
    """Save the parameters, load them into a new network, and tell whether it predicts exactly the same."""
    network.save_parameters(path)
    loaded = recipe.network()
    loaded.load_parameters(path)
    images = nd.array(test.images)
    return np.array_equal(network(images).asnumpy(), loaded(images).asnumpy())


def readings(network: gluon.HybridBlock, digits: Digits) -> str:
    """The images as characters, side by side, over what they are, what the network reads, and how sure it is."""
    inks = (digits.images[:, 0, 1:-1, 1:-1] * (len(INK) - 1)).round().astype(int)
    chances = nd.softmax(network(nd.array(digits.images))).asnumpy()
    columns = [
        ["".join(2 * INK[ink] for ink in row) for row in image]
        + [f"a {label:.0f}, read as {chance.argmax()}", f"{chance.max():.1%} sure"]
        for image, label, chance in zip(inks, digits.labels, chances, strict=True)
    ]
    return "\n".join("   ".join(text.ljust(16) for text in line).rstrip() for line in zip(*columns, strict=True))


def title(text: str) -> None:
    print(f"\n{text}\n{'-' * len(text)}")


def shown(path: Path) -> Path:
    """The path as seen from the current directory, if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


if __name__ == "__main__":
    sys.exit(main())
