"""Record the golden answers of tests/gluon/samples from the real MXNet 1.9.1.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_gluon.py                          # every family, and the scenes
    python tools/record_gluon.py layers losses            # these
    python tools/record_gluon.py layers --only Conv2D     # samples with that text; the others' answers stay

A family is a module of tests/gluon/samples with lists LAYERS and ERRORS, or with SCENES.
"""

from __future__ import annotations

import argparse
import importlib
import multiprocessing
import sys
from pathlib import Path

import mxnet as mx

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tests.gluon.samples import load, save, scenes  # noqa: E402
from tests.gluon.samples.layer import Layer, answer, casts, error  # noqa: E402


def record(family: str, only: str) -> None:
    """Write the golden file of one family."""
    module = importlib.import_module(f"tests.gluon.samples.{family}")
    if hasattr(module, "SCENES"):
        print(save(family, {name: scenes.play(mx, name) for name in module.SCENES}))
        return
    answers = load(family) if only else {}
    for layer in module.LAYERS:
        if only in layer.id:
            print(layer.id, flush=True)  # the last one, if MXNet ends the process
            answers[layer.id] = {**answer(mx, layer), "cast": casts(mx, layer)}
    wrong = getattr(module, "ERRORS", [])
    for layer in wrong:
        if only in layer.id:
            answers[layer.id] = apart(layer)
    print(save(family, {layer.id: answers[layer.id] for layer in [*module.LAYERS, *wrong] if layer.id in answers}))


def apart(layer: Layer) -> list[str]:
    """The error of a wrong call, asked in a process of its own, which MXNet may end."""
    with multiprocessing.get_context("fork").Pool(1, maxtasksperchild=1) as pool:
        try:
            return pool.apply_async(raised, (layer,)).get(timeout=20)
        except multiprocessing.TimeoutError:
            return []


def raised(layer: Layer) -> list[str]:
    """The classes of the error."""
    return error(mx, layer)


def main() -> None:
    modules = (path.stem for path in sorted((ROOT / "tests/gluon/samples").glob("[!_]*.py")))
    families = [name for name in modules if name not in ("layer", "check")]
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("families", nargs="*", default=families, metavar="family")
    parser.add_argument("--only", default="", metavar="text", help="samples that contain it; the others' answers stay")
    given = parser.parse_args()
    for family in given.families:
        record(family, given.only)


if __name__ == "__main__":
    main()
