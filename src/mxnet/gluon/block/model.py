"""What ``Block.save`` writes and ``load`` reads: the parameters, and the tree of blocks as a JSON text, with the graphs
of those that had been recorded, as in MXNet.

The graphs are for MXNet. Here the blocks are there to be recorded again, so all that is taken from the text is which
blocks were hybridized; nothing in a file is ever run.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from ..._files import atomic_write
from ...base import MXNetError
from ...graph.node import Entry
from ...symbol import Symbol
from .nested import ARRAY

if TYPE_CHECKING:
    from .base import Block

__all__ = ["load", "save"]


def save(block: Block, prefix: str) -> None:
    """Write ``prefix-model.json`` and ``prefix-model.params``."""
    model: dict[str, Any] = {}
    _describe(block, model, itertools.count())
    block.save_parameters(f"{prefix}-model.params")
    with atomic_write(f"{prefix}-model.json") as file:
        file.write(json.dumps(model).encode())


def load(block: Block, prefix: str) -> None:
    """Load the parameters, and hybridize the blocks that were. Nothing changes unless the files fit.

    Raises KeyError, naming the block, for the files of another tree; what ``load_parameters`` raises; MXNetError for
    what is no such file.
    """
    path = f"{prefix}-model.json"
    with open(path, "rb") as file:
        try:
            model = json.loads(file.read())
        except (ValueError, RecursionError):
            model = None
    hybridized = list(_hybridized(block, model, itertools.count(), path))
    block.load_parameters(f"{prefix}-model.params")
    for found in hybridized:
        found.hybridize()


def _describe(block: Block, model: dict[str, Any], numbers: Iterator[int]) -> None:
    entry: dict[str, Any] = {"orig_name": block.name}
    model[_key(block, numbers)] = entry
    if hasattr(block, "_latest_graph"):
        entry.update(_graph(block) or {"hybridized": False})
    entry["children"] = {child.name: key for key, child in block._children.items()}
    for child in block._children.values():
        _describe(child, entry, numbers)


def _key(block: Block, numbers: Iterator[int]) -> str:
    return f"{type(block).__name__.lower()}{next(numbers)}"


def _graph(block: Any) -> dict[str, Any] | None:
    """The graph of the last call, if it gave an array or a list of some."""
    try:
        recording = block._latest_graph("save")
    except RuntimeError:
        return None
    form = recording.form
    if form is not ARRAY:
        kind, _, items = form if isinstance(form, tuple) else (None, None, ())
        if kind not in (list, tuple) or any(item is not ARRAY for item in items):
            return None
    return {
        "in_format": [0] * len(recording.inputs),
        "out_format": 0 if form is ARRAY else [0] * len(form[2]),
        "inputs": [Symbol([Entry(node)]).tojson() for node in recording.inputs],
        "symbol": recording.graph.tojson(),
        "hybridized": True,
    }


def _hybridized(block: Block, model: Any, numbers: Iterator[int], path: str) -> Iterator[Any]:
    """The blocks that a text says were hybridized."""
    key = _key(block, numbers)
    if not isinstance(model, dict) or not isinstance(model.get(key, {}), dict):
        raise MXNetError(f"{path!r} is not a file that Block.save wrote: an object is missing where {key} is expected.")
    if key not in model:
        others = [name for name, value in model.items() if isinstance(value, dict) and "orig_name" in value]
        raise KeyError(
            f"{path}: {key} (block {block.name!r}) is not there, but {others or 'nothing'}: another network?"
        )
    entry = model[key]
    if entry.get("hybridized") is True and hasattr(block, "_latest_graph"):
        yield block
    for child in block._children.values():
        yield from _hybridized(child, entry, numbers, path)
