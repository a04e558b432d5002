"""Run a notebook's code cells in this process: what an exec can do without a server, a kernel and a browser."""

from __future__ import annotations

import ast
import contextlib
import io
import json
import linecache
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import mxnet as mx

__all__ = ["Cell", "code_cells", "run_cells"]


class Cell(NamedTuple):
    """A code cell of a notebook."""

    heading: str  # the last one above it
    source: str
    output: str  # the text below it: what it printed, then the value of its last line


def code_cells(path: Path) -> list[Cell]:
    """The code cells of a notebook (nbformat 4) with the outputs that were saved in it."""
    heading, found = "", []
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        source = "".join(cell["source"])
        if cell["cell_type"] == "code":
            found.append(Cell(heading, source, "".join(map(_saved_text, cell["outputs"]))))
        else:
            heading = next(
                (line.lstrip("# ") for line in reversed(source.splitlines()) if line.startswith("#")), heading
            )
    return found


def run_cells(path: Path, names: dict[str, Any] | None = None) -> Iterator[Cell]:
    """Run the code cells one after the other, in the namespace ``names``; yield each with what it shows this time.

    Names of blocks are counted from 0, as in a new process. What a cell raises is passed on; its place in the traceback
    is the cell.
    """
    names = {} if names is None else names
    names.setdefault("__name__", "__main__")  # as in Jupyter
    counters = mx.name.NameManager()
    for number, cell in enumerate(code_cells(path), 1):
        with counters:  # only here: the names that the caller gives between two cells are not ours to count
            output = _shown(cell.source, f"{path.name}, code cell {number}", names)
        yield cell._replace(output=output)


def _shown(source: str, filename: str, names: dict[str, Any]) -> str:
    """Execute ``source`` and return what Jupyter would show."""
    linecache.cache[filename] = (len(source), None, source.splitlines(keepends=True), filename)  # for tracebacks
    body = ast.parse(source, filename).body
    last = body.pop() if body and isinstance(body[-1], ast.Expr) else None
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(ast.Module(body, []), filename, "exec"), names)
        value = eval(compile(ast.Expression(last.value), filename, "eval"), names) if last else None
    return printed.getvalue() + ("" if value is None else repr(value))


def _saved_text(output: dict[str, Any]) -> str:
    """The text of one saved output of a cell."""
    text = output["text"] if output["output_type"] == "stream" else output["data"]["text/plain"]
    return "".join(text)
