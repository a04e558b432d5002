"""Hand networks over between here and Apache MXNet 1.9.1, both ways, and write down in docs/compatibility.md what came
of it.

One side builds the networks of tests/exchange_nets.py with its own layers, runs, differentiates and trains them, and
writes the files that MXNet's users exchange, with all results. The other side reads the files, and must get the same
results. Then they change places. The same functions of this file run in both libraries; MXNet's Python is a process of
its own. From the repository's root, with a Python that has MXNet 1.9.1 and NumPy 1.23.5:

    python tools/check_compatibility.py --mxnet PYTHON

The exit status is 1 if anything differs.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import re
import subprocess
import sys
import tempfile
import traceback
from pathlib import Path
from typing import Any

import numpy as np

import mxnet as mx
from mxnet import autograd, gluon, nd

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

import exchange_nets as nets  # noqa: E402

PAGE = ROOT / "docs" / "compatibility.md"
BEGIN, END = "<!-- results: begin -->", "<!-- results: end -->"
CLOSE = {"rtol": 1e-4, "atol": 1e-5}
MXNET = hasattr(mx.base, "_LIB")  # which library this process has
VERSION = "1.9.1"
SGD = {"learning_rate": 0.05, "momentum": 0.9, "wd": 0.01}
STEPS, MORE = 3, 2  # before the trainer's states are saved, and after
CHECKPOINT = "checkpoint"
Results = dict[str, np.ndarray]


# ---- what is computed, on either side --------------------------------------------------------------------------------


def flat(outputs: Any) -> list[nd.NDArray]:
    """The arrays in nested lists."""
    return [outputs] if isinstance(outputs, nd.NDArray) else [array for item in outputs for array in flat(item)]


def numbered(what: str, arrays: list[nd.NDArray]) -> Results:
    return {f"{what} {i}": array.asnumpy() for i, array in enumerate(arrays)}


def evaluated(net: gluon.HybridBlock, name: str) -> Results:
    """Outputs in prediction and in training, gradients of a weighted sum of them, and the parameters after that, among
    which are moving statistics.
    """
    inputs = nets.inputs_of(name)
    found = numbered("prediction", flat(net(*inputs)))
    variables = [] if isinstance(nets.NETS[name].inputs[0][-1], tuple) else inputs  # MXNet refuses tokens
    for array in variables:
        array.attach_grad()
    with autograd.record():
        outputs = flat(net(*inputs))
    heads = [nd.array(np.random.RandomState(i).uniform(-1, 1, o.shape)) for i, o in enumerate(outputs)]
    autograd.backward(outputs, heads)
    found |= numbered("training", outputs) | numbered("gradient of input", [array.grad for array in variables])
    for key, parameter in net.collect_params().items():
        found[f"after training {key}"] = parameter.data().asnumpy()
        if parameter.grad_req != "null" and not key.endswith(nets.NETS[name].skip):
            found[f"gradient of {key}"] = parameter.grad().asnumpy()
    return found


def trained(net: gluon.HybridBlock, name: str, trainer: gluon.Trainer, steps: int) -> Results:
    """The parameters after some steps of SGD with momentum."""
    inputs = nets.inputs_of(name)
    for _ in range(steps):
        with autograd.record():
            loss = sum(nd.mean(output * output) for output in flat(net(*inputs)))
        loss.backward()
        trainer.step(1)
    return {f"after {trainer.optimizer.num_update} steps {k}": v for k, v in parameters(net).items()}


def parameters(net: gluon.HybridBlock) -> Results:
    return {key: parameter.data().asnumpy() for key, parameter in net.collect_params().items()}


def executed(graph: Any, arguments: dict[str, Any], states: dict[str, Any], given: dict[str, Any]) -> Results:
    """A checkpoint's outputs, gradients, and parameters after steps of plain SGD, without Gluon."""
    gradients = {name: nd.zeros(array.shape) for name, array in arguments.items()}
    bound = graph.bind(mx.cpu(), {**arguments, **given}, gradients, "write", states)
    found = numbered("prediction", bound.forward(is_train=False))
    for step in range(STEPS):
        found |= numbered(f"training {step}", bound.forward(is_train=True))
        bound.backward()
        for name, gradient in gradients.items():
            found[f"gradient {step} of {name}"] = gradient.asnumpy()
            nd.sgd_update(bound.arg_dict[name], gradient, lr=0.1, out=bound.arg_dict[name])
    return found | {f"after: {name}": array.asnumpy() for name, array in {**bound.arg_dict, **bound.aux_dict}.items()}


# ---- writing ---------------------------------------------------------------------------------------------------------


def write(name: str, folder: Path) -> None:
    """Make a network's files and results."""
    path = str(folder / name)
    if name == CHECKPOINT:
        graph, arguments, states, given = nets.checkpoint()
        mx.model.save_checkpoint(path, 0, graph, arguments, states)
        np.savez(f"{path}.npz", **executed(graph, arguments, states, given))
        return
    net = nets.filled(name, exported=MXNET)
    net.hybridize()
    net(*nets.inputs_of(name))
    net.export(path)
    values = {f"parameter {key}": value for key, value in parameters(net).items()}
    net.save_parameters(f"{path}.params")
    found = evaluated(net, name) | values
    net = own(name, f"{path}.params")
    trainer = gluon.Trainer(net.collect_params(), "sgd", SGD)
    found |= trained(net, name, trainer, STEPS)
    net.save_parameters(f"{path}-middle.params")
    trainer.save_states(f"{path}.states")
    np.savez(f"{path}.npz", **found, **trained(net, name, trainer, MORE))


def own(name: str, file: str) -> gluon.HybridBlock:
    """The network of this library's own layers with the parameters of a file. Here it is hybridized; in MXNet it is
    not, because hybridizing gives PReLU's slope a wrong gradient there.
    """
    net = nets.filled(name)
    for parameter in net.collect_params().values():
        parameter.set_data(nd.zeros(parameter.shape))
    net.load_parameters(file)
    if not MXNET:
        net.hybridize()
    return net


# ---- reading ---------------------------------------------------------------------------------------------------------


class Comparison:
    """The largest differences between two sides' results."""

    def __init__(self, wanted: Results) -> None:
        self.wanted, self.seen = wanted, set()
        self.absolute = self.relative = 0.0
        self.wrong: list[str] = []

    def add(self, found: Results) -> None:
        for key, value in found.items():
            wanted = self.wanted[key]
            self.seen.add(key)
            if value.shape != wanted.shape or value.dtype != wanted.dtype:
                self.wrong.append(f"{key}: {value.dtype} {value.shape} for {wanted.dtype} {wanted.shape}")
                continue
            difference = float(np.abs(value - wanted).max())
            scale = float(np.abs(wanted).max())
            self.absolute = max(self.absolute, difference)
            self.relative = max(self.relative, difference / scale if scale > CLOSE["atol"] else 0.0)
            if not np.allclose(value, wanted, **CLOSE):
                self.wrong.append(f"{key}: {difference:.1e}")

    def row(self) -> dict[str, Any]:
        missing = [f"{key}: missing" for key in self.wanted if key not in self.seen]
        return {
            "arrays": len(self.seen), "absolute": self.absolute, "relative": self.relative,
            "wrong": self.wrong + missing,
        }  # fmt: skip


def read(name: str, folder: Path) -> dict[str, Any]:
    """Compare what a network's files give here with the results that came along."""
    path = str(folder / name)
    comparison = Comparison(dict(np.load(f"{path}.npz")))
    if name == CHECKPOINT:
        graph, arguments, states = mx.model.load_checkpoint(path, 0)
        comparison.add(executed(graph, arguments, states, nets.checkpoint()[-1]))
        return comparison.row()
    count = len(nets.NETS[name].inputs)
    names = ["data"] if count == 1 else [f"data{i}" for i in range(count)]
    block = gluon.SymbolBlock.imports(f"{path}-symbol.json", names, f"{path}-0000.params")
    found = evaluated(block, name)  # also gradients of constants: files do not tell them from parameters
    comparison.add({key: value for key, value in found.items() if key in comparison.wanted})
    saved = nd.load(f"{path}-0000.params")
    wanted = [key.partition(" ")[2] for key in comparison.wanted if key.startswith("parameter ")]
    values = {key.partition(":")[2]: value.asnumpy() for key, value in saved.items()}
    comparison.add({f"parameter {key}": values[key] for key in wanted})
    net = own(name, f"{path}.params")
    comparison.add(numbered("prediction", flat(net(*nets.inputs_of(name)))))
    trainer = gluon.Trainer(net.collect_params(), "sgd", SGD)
    comparison.add(trained(net, name, trainer, STEPS))
    if MXNET:  # it reads no states of ours
        comparison.add(trained(net, name, trainer, MORE))
    else:
        net = own(name, f"{path}-middle.params")
        trainer = gluon.Trainer(net.collect_params(), "sgd")
        trainer.load_states(f"{path}.states")
        comparison.add(trained(net, name, trainer, MORE))
    return comparison.row()


# ---- both processes --------------------------------------------------------------------------------------------------


def run(role: str, folder: Path) -> None:
    """Write, or read, all networks; a row for each that was read stands in ``results.json``."""
    if MXNET and mx.__version__ != VERSION:
        sys.exit(f"MXNet {VERSION} is needed, but this is {mx.__version__}")
    rows = {}
    for name in [*nets.NETS, CHECKPOINT]:
        try:
            rows[name] = write(name, folder) if role == "write" else read(name, folder)
        except Exception as error:
            traceback.print_exc()
            rows[name] = {"arrays": 0, "wrong": [f"{role}: {type(error).__name__}: {error}".partition("\n")[0]]}
        if role == "read":
            (folder / "results.json").write_text(json.dumps(rows))


def run_there(python: str, role: str, folder: Path) -> None:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    command = [python, __file__, f"--{role}", str(folder)]
    subprocess.run(command, env=environment | {"OMP_NUM_THREADS": "1"}, check=True)


def table(directions: dict[str, dict[str, dict[str, Any]]]) -> list[str]:
    lines = [
        "| network | direction | arrays compared | largest difference | the same, relative | verdict |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for name in [*nets.NETS, CHECKPOINT]:
        for direction, rows in directions.items():
            row = rows.get(name, {"arrays": 0, "wrong": ["no result: the process ended"]})
            figures = [f"{row[key]:.1e}" if key in row else "" for key in ("absolute", "relative")]
            verdict = "differs: " + "; ".join(row["wrong"][:3]).replace("|", "/") if row["wrong"] else "the same"
            lines.append(" | ".join([f"| {name}", direction, str(row["arrays"]), *figures, f"{verdict} |"]))
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n\n")[0])
    parser.add_argument("--mxnet", metavar="PYTHON", help="a Python that has Apache MXNet 1.9.1")
    for role in ("write", "read"):
        parser.add_argument(f"--{role}", type=Path, metavar="FOLDER", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    for role in ("write", "read"):
        if getattr(arguments, role):
            run(role, getattr(arguments, role))
            return 0
    if MXNET or not arguments.mxnet:
        parser.error("run this here, and name MXNet's Python with --mxnet")
    directions = {}
    with tempfile.TemporaryDirectory() as scratch:
        ours, theirs = Path(scratch, "ours"), Path(scratch, "theirs")
        ours.mkdir()
        theirs.mkdir()
        run("write", ours)
        run_there(arguments.mxnet, "read", ours)
        run_there(arguments.mxnet, "write", theirs)
        run("read", theirs)
        for direction, folder in (("here → MXNet", ours), ("MXNet → here", theirs)):
            directions[direction] = json.loads((folder / "results.json").read_text())
    lines = table(directions)
    print("\n".join(lines))
    import torch

    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"), re.MULTILINE)
    versions = (
        f"Made on {datetime.date.today()} by `tools/check_compatibility.py`: Regluon {version and version[1]},\n"
        f"PyTorch {torch.__version__}, NumPy {np.__version__}; Apache MXNet {VERSION}; "
        f"{platform.system()} {platform.machine()}."
    )
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    after = rest.partition(END)[2]
    PAGE.write_text("\n".join([f"{before}{BEGIN}", versions, "", *lines, END]) + after, encoding="utf-8")
    return int(any(" differs: " in line for line in lines))


if __name__ == "__main__":
    sys.exit(main())
