"""``plot_network``: a symbol as a drawing, made by graphviz."""

from __future__ import annotations

import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from .. import _extras
from ..graph.node import Entry, Node
from ..symbol import Symbol
from .shapes import known_shapes, without_batch

__all__ = ["plot_network"]

_STYLE = {"shape": "box", "fixedsize": "true", "width": "1.3", "height": "0.8034", "style": "filled"}
_COLORS = {
    "Convolution": "#fb8072",
    "FullyConnected": "#fb8072",
    "BatchNorm": "#bebada",
    "Activation": "#ffffb3",
    "LeakyReLU": "#ffffb3",
    "Pooling": "#80b1d3",
    "Concat": "#fdb462",
    "Flatten": "#fdb462",
    "Reshape": "#fdb462",
}
_VARIABLE, _OTHER = "#8dd3c7", "#fccde5"
_WEIGHTS = ("weight", "bias", "gamma", "beta", "moving_mean", "moving_var", "running_mean", "running_var")


def plot_network(
    symbol: Symbol,
    title: str = "plot",
    save_format: str = "pdf",
    shape: Mapping[str, tuple[int, ...]] | None = None,
    dtype: Mapping[str, Any] | None = None,
    node_attrs: Mapping[str, str] | None = None,
    hide_weights: bool = True,
) -> Any:
    """A ``graphviz.Digraph`` of a network: a notebook shows it, ``.render()`` writes a file, ``.source`` is its text.

    Needs the package graphviz: ``pip install "regluon[plot]"``; and, to render, the program of that name.

    Parameters
    ----------
    symbol : Symbol
    title, save_format : str
        Name and format of the file that ``render`` writes.
    shape, dtype : dict, optional
        Shapes and dtypes of inputs by name. The edges show what follows, without the batch's axis.
    node_attrs : dict
        Attributes of graphviz for all nodes, such as ``{"shape": "oval", "fixedsize": "false"}``.
    hide_weights : bool
        Whether variables whose names end in ``_weight``, ``_bias`` and the like are left out.

    Raises TypeError for what is no Symbol, ValueError where the shapes given do not tell all others, ImportError
    without graphviz. Warns of several variables of one name, which the drawing takes for one.
    """
    if not isinstance(symbol, Symbol):
        raise TypeError(f"symbol must be a Symbol, but is {symbol!r}")
    graphviz = _extras.require("graphviz", "plot")
    shapes = {} if shape is None else known_shapes(symbol, shape)
    types = {} if dtype is None else _types(symbol, dtype)
    style = {**_STYLE, **dict(node_attrs or {})}
    nodes = symbol._nodes()
    repeated = [name for name, count in Counter(n.name for n in nodes if n.op is None).items() if count > 1]
    if repeated:
        warnings.warn(
            "There are multiple variables with the same name in your graph, this may result in cyclic graph. "
            f"Repeated names: {','.join(repeated)}",
            RuntimeWarning,
            stacklevel=2,
        )
    drawing = graphviz.Digraph(name=title, format=save_format)
    for node in nodes:
        if not _is_weight(node):
            drawing.node(name=node.name, label=_label(node), **{**style, **_look(node)})
    for node in nodes:
        for entry in node.inputs:
            if hide_weights and _is_weight(entry.node):
                continue
            label = without_batch(shapes.get(entry)) + (f"({types[entry]})" if entry in types else "")
            drawing.edge(tail_name=node.name, head_name=entry.node.name, dir="back", arrowtail="open", label=label)
    return drawing


def _look(node: Node) -> dict[str, str]:
    if node.op is None:
        return {"shape": "oval", "fillcolor": _VARIABLE}
    return {"fillcolor": _COLORS.get(node.op.name, _OTHER)}


def _is_weight(node: Node) -> bool:
    return node.op is None and node.name.endswith(tuple(f"_{kind}" for kind in _WEIGHTS))


def _label(node: Node) -> str:
    kind = None if node.op is None else node.op.name
    values = node.values
    if kind == "Convolution":
        return f"{kind}\n{_sizes(values['kernel'])}/{_sizes(values.get('stride') or (1,))}, {values['num_filter']}"
    if kind == "FullyConnected":
        return f"{kind}\n{values['num_hidden']}"
    if kind == "Activation":
        return f"{kind}\n{values['act_type']}"
    if kind == "LeakyReLU":
        return f"{kind}\n{values.get('act_type', 'Leaky')}"
    if kind == "Pooling":
        kernel, stride = _sizes(values.get("kernel") or ()), _sizes(values.get("stride") or (1,))
        return f"{kind}\n{values.get('pool_type', 'max')}, {kernel or '[]'}/{stride}"
    return node.name


def _sizes(numbers: Sequence[int]) -> str:
    return "x".join(map(str, numbers))


def _types(symbol: Symbol, given: Mapping[str, Any]) -> dict[Entry, str]:
    internals = symbol.get_internals()
    _, types, _ = internals.infer_type(**given)
    if types is None:
        raise ValueError("Input type is incomplete")
    return {entry: _name(kind) for entry, kind in zip(internals._heads, types, strict=True)}


def _name(kind: Any) -> str:
    return getattr(kind, "__name__", str(kind))
