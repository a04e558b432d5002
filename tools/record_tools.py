"""Record what MXNet 1.9.1's profiler, monitor, visualization and other tools say, as tests/golden/tools.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5, from anywhere::

    python tools/record_tools.py

Of the pieces of work in tests/profiled.py: how often each operator ran. Of the networks in tests/visualization: the
table of print_summary, what plot_network tells graphviz, and the names and statistics that a Monitor finds. And what
the smaller modules answer. MXNet's fusion of operators is off, since it renames what it fuses.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import sys
import types
import warnings
from pathlib import Path

os.environ["MXNET_SUBGRAPH_BACKEND"] = "NONE"
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import mxnet as mx
import mxnet.misc
from tests.profiled import WORK
from tests.visualization import networks

# What MXNet's engine does besides: buffers, and copies to other orders in memory.
ENGINE = {
    *("DeleteVariable", "ResourceParallelRandomSetSeed", "SetValueOp", "WaitForVar", "CopyCPU2CPU", "zeros_like"),
    *("Reorder", "_zeros_without_dtype"),
}


def profile(name: str) -> dict[str, int]:
    """How often each operator ran."""
    run = WORK[name](mx)
    mx.nd.waitall()
    mx.profiler.set_config(profile_all=True, aggregate_stats=True, filename=os.devnull)
    mx.profiler.set_state("run")
    run()
    mx.nd.waitall()
    mx.profiler.set_state("stop")
    found = json.loads(mx.profiler.dumps(reset=True, format="json"))["Time"]["operator"]
    return {operator: row["Count"] for operator, row in found.items() if operator not in ENGINE}


def table() -> list[str]:
    """The lines of a table that hold no figures."""
    mx.profiler.set_config(profile_all=True, aggregate_stats=True, filename=os.devnull)
    mx.profiler.set_state("run")
    mx.nd.ones((2, 2)).asnumpy()
    mx.profiler.Event("event").start()
    mx.profiler.set_state("stop")
    lines = mx.profiler.dumps(reset=True).split("\n")
    place = lines.index("operator")
    return [*lines[:3], *lines[place : place + 4]]


def summary(network: networks.Network, shapes: bool) -> str:
    output = io.StringIO()
    with contextlib.redirect_stdout(output), mx.name.NameManager():
        mx.viz.print_summary(network.make(mx), shape=network.shapes if shapes else None)
    return output.getvalue()


def monitor(network: networks.Network, **how) -> list:
    executor = network.make(mx).simple_bind(mx.cpu(), **network.shapes)
    for arrays in (executor.arg_dict, executor.aux_dict):
        for array in arrays.values():
            array[:] = mx.nd.arange(array.size).reshape(array.shape) % 7 / 7
    watch = mx.mon.Monitor(1, **how)
    watch.install(executor)
    watch.tic()
    executor.forward()
    return watch.toc()


def schedule(step: int, factor: float) -> list[float]:
    scheduler = mx.misc.FactorScheduler(step, factor)
    return [scheduler(i) for i in range(0, 40, 3)]


def main() -> None:
    warnings.simplefilter("ignore")
    sys.modules["graphviz"] = types.ModuleType("graphviz")
    sys.modules["graphviz"].Digraph = networks.Digraph
    made = networks.NETWORKS
    record = {
        "profiles": {name: profile(name) for name in WORK},
        "table": table(),
        "summaries": {name: [summary(net, True), summary(net, False)] for name, net in made.items()},
        "drawings": {
            name: {way: networks.drawing(mx, net, how) for way, how in networks.DRAWINGS.items()}
            for name, net in made.items()
        },
        "monitors": {
            name: [monitor(net), monitor(net, pattern=".*weight|.*output", sort=True, monitor_all=True)]
            for name, net in made.items()
        },
        "features": list(mx.runtime.Features()),
        "schedules": [[5, 0.5, schedule(5, 0.5)], [7, 0.1, schedule(7, 0.1)]],
    }
    path = Path(__file__).resolve().parents[1] / "tests" / "golden" / "tools.json"
    path.write_text(json.dumps(record, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
