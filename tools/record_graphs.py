"""Record what MXNet 1.9.1 says about graphs, in tests/golden/graphs: their dtypes (types.json) and files that other
versions wrote, or nobody should (files.json).

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_graphs.py
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.graph import json_cases, type_cases
from tests.ops.samples import FAMILIES, Sample
from tools.isolated import ask, work


def types_of(sample: Sample) -> str | None:
    """Questions and answers about one operator; None where MXNet makes no graph of it."""
    import mxnet as mx

    try:
        graph = type_cases.symbol(sample, mx)
    except Exception:
        return None
    asked = type_cases.questions(sample, graph.list_arguments())
    return " ".join(f"{question}:{type_cases.answer(graph, question, mx)}" for question in asked)


def described(document: dict[str, Any]) -> dict[str, Any]:
    """What MXNet makes of a file, or the class of its error."""
    import mxnet as mx

    try:
        graph = mx.sym.load_json(json.dumps(document, ensure_ascii=False))
        return {
            "json": json.loads(graph.tojson()),
            "arguments": graph.list_arguments(),
            "states": graph.list_auxiliary_states(),
            "attributes": graph.attr_dict(),
        }
    except Exception as error:
        return {"error": type(error).__name__}


def files() -> dict[str, dict[str, Any]]:
    groups = ({k: v[0] for k, v in group.items()} for group in (json_cases.ILLEGAL, json_cases.LENIENT))
    return {
        k: v for group in (json_cases.OLD, json_cases.UNUSUAL, json_cases.BEYOND, *groups) for k, v in group.items()
    }


def questions(topic: str) -> list[Callable[[], Any]]:
    if topic == "files":
        return [partial(described, document) for document in files().values()]
    return [partial(types_of, sample) for sample in type_cases.cases(topic).values()]


def write(path: Path, table: dict[str, Any]) -> None:
    path.parent.mkdir(exist_ok=True)
    lines = [f"{json.dumps(key)}: {json.dumps(value)}" for key, value in table.items()]
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")
    print(f"{path}: {len(lines)} answers, {path.stat().st_size // 1024} KiB")


def main() -> int:
    names = list(files())
    answers = ask(__file__, "files", len(names))
    write(json_cases.GOLDEN, {name: answers.get(i, {"error": "crash"}) for i, name in enumerate(names)})
    types = {}
    for family in FAMILIES:
        names = list(type_cases.cases(family))
        answers = ask(__file__, family, len(names))
        types.update({names[i]: text for i, text in answers.items() if text})
    write(type_cases.GOLDEN, types)
    return 0


if __name__ == "__main__":
    sys.exit(0 if work(questions) else main())
