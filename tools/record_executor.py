"""Record what MXNet 1.9.1 does with symbols and executors, as tests/golden/executor.json.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5, from anywhere::

    python tools/record_executor.py

Of each graph in tests/symbol/graph_cases.py: names, outputs in prediction and training, gradients after two passes
for 'write' and 'add', auxiliary states after one, and the names that a monitor sees. Of each question beside it: the
answer, or the classes of the exception. And the public names of the classes. MXNet's fusion of operators is off, since
it renames what it fuses, and so is its asynchronous engine, since reading a state does not wait for the pass that
changes it.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from pathlib import Path

os.environ.update(MXNET_SUBGRAPH_BACKEND="NONE", MXNET_ENGINE_TYPE="NaiveEngine")

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.symbol import executor_questions, symbol_questions  # noqa: F401 - they fill QUESTIONS
from tests.symbol.asking import GOLDEN, QUESTIONS, answer, signatures
from tests.symbol.graph_cases import GRAPHS, Graph


def numbers(array: mx.nd.NDArray) -> list:
    """Shape and values, as short as float32 allows."""
    values = array.asnumpy()
    return [list(values.shape), [float(str(v)) for v in values.astype("float32").ravel()]]


def record(graph: Graph) -> dict:
    with mx.name.NameManager():
        symbol = graph.make(mx)
    found: dict = {"outputs": symbol.list_outputs(), "gradients": {}}
    for request in ("write", "add"):
        executor = symbol.simple_bind(mx.cpu(), request, **graph.shapes)
        for arrays in (executor.arg_dict, executor.aux_dict):
            for name, array in arrays.items():
                array[:] = graph.array(name, array.shape)
        found["shapes"] = {n: list(a.shape) for n, a in {**executor.arg_dict, **executor.aux_dict}.items()}
        found["predict"] = [numbers(output) for output in executor.forward()]
        for gradient in executor.grad_arrays:
            gradient[:] = 0.5 if request == "add" else 0
        for i in range(2):
            found["train"] = [numbers(output) for output in executor.forward(is_train=True)]
            outputs = zip(symbol.list_outputs(), executor.outputs, strict=True)
            heads = [mx.nd.array(graph.array(f"grad {i} {n}", output.shape)) for n, output in outputs]
            executor.backward(heads if graph.heads else None)
            if i == 0:
                found["states"] = {name: numbers(array) for name, array in executor.aux_dict.items()}
        found["gradients"][request] = {name: numbers(array) for name, array in executor.grad_dict.items()}
    names: list[str] = []
    for inputs in (False, True):
        executor.set_monitor_callback(lambda name, array: names.append(name.decode()), inputs)
        key = "monitor_all" if inputs else "monitor"
        try:
            executor.forward()
            found[key] = names[:]
        except mx.MXNetError:  # it cannot show inputs of operators that leave out optional ones
            found[key] = None
        names.clear()
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    found = {
        "names": signatures(mx),
        "graphs": {name: record(graph) for name, graph in GRAPHS.items()},
        "questions": {name: answer(mx, ask) for name, ask in QUESTIONS.items()},
    }
    lines = [
        f'"{topic}": {{\n' + ",\n".join(f"{json.dumps(k)}: {json.dumps(v)}" for k, v in rows.items()) + "\n}"
        for topic, rows in found.items()
    ]
    GOLDEN.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    print(f"{len(GRAPHS)} graphs, {len(QUESTIONS)} questions: {GOLDEN.stat().st_size} bytes")


if __name__ == "__main__":
    main()
