"""MXNet's ``-symbol.json``: writing and reading graphs. A file names operators and their attributes, nothing that could
run.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Sequence
from typing import Any

from ..base import MXNetError
from ..ops import registry
from ..ops.custom import is_blamed
from . import legal, upgrade
from .node import Entry, Node, topological

__all__ = ["dumps", "loads"]

_MAX_DEPTH = 32  # of graphs inside of graphs: far more than anybody writes, far less than Python's stack bears


def dumps(heads: Sequence[Entry]) -> str:
    """The text of a graph, laid out as MXNet does."""
    version = f'"attrs": {{"mxnet_version": ["int", {upgrade.CURRENT}]}}'
    return "{\n" + _fields(_document(heads), "  ") + f", \n  {version}\n}}"


def _document(heads: Sequence[Entry]) -> dict[str, Any]:
    nodes = topological(heads)
    number = {node: i for i, node in enumerate(nodes)}
    listed = []
    for node in nodes:
        record: dict[str, Any] = {"op": "null" if node.op is None else node.op.name, "name": node.name}
        attrs = {**node.attrs, **node.extra}
        if attrs:
            record["attrs"] = dict(sorted(attrs.items()))
        states = node.state_names()
        names = node.input_names() if states else [""] * len(node.inputs)
        record["inputs"] = [
            [number[e.node], e.index, int(name in states)] for name, e in zip(names, node.inputs, strict=True)
        ]
        if node.bodies:
            record["subgraphs"] = [_document(body) for body in node.bodies]
        listed.append(record)
    rows = [0]
    for node in nodes:
        rows.append(rows[-1] + (1 if node.op is None else node.op.num_outputs(node.values)))
    return {
        "nodes": listed,
        "arg_nodes": [number[n] for n in nodes if n.op is None],
        "node_row_ptr": rows,
        "heads": [[number[e.node], e.index, 0] for e in heads],
    }


def _fields(record: dict[str, Any], indent: str) -> str:
    """The fields of an object with MXNet's line breaks: a line for each, also of each node and of a long list."""
    return ", \n".join(f"{indent}{_text(key)}: {_value(value, indent)}" for key, value in record.items())


def _value(value: Any, indent: str) -> str:
    """Text, an object, or a list of objects, of integers, or of lists of integers, which Python writes as JSON does."""
    if isinstance(value, str):
        return _text(value)
    if isinstance(value, dict):
        if len(value) == 1:
            return "{" + _fields(value, "") + "}"
        return "{\n" + _fields(value, indent + "  ") + f"\n{indent}}}"
    if value and isinstance(value[0], dict):
        items = (f"{indent}  {{\n{_fields(item, indent + '    ')}\n{indent}  }}" for item in value)
        return "[\n" + ", \n".join(items) + f"\n{indent}]"
    if len(value) > 10:
        return "[\n" + ", \n".join(f"{indent}  {item}" for item in value) + f"\n{indent}]"
    return str(value)


_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def _text(value: str) -> str:
    """Quoted with the only escapes that MXNet reads; everything else stands for itself."""
    return f'"{value.translate(_ESCAPES)}"'


def loads(text: str, source: str = "symbol JSON") -> list[Entry]:
    """The heads of the graph in a text. Raises MXNetError, naming the node, for anything that is not a legal graph."""
    collecting = gc.isenabled()
    gc.disable()  # nodes are no garbage, and one full collection walks all of torch: half of the time of a large file
    try:
        document = _parsed(text)
        return _graph(document, _version(document), 0)
    except MXNetError as error:
        if is_blamed(error):
            raise
        raise MXNetError(f"{source}: {error}") from None
    finally:
        if collecting:
            gc.enable()


def _parsed(text: str) -> Any:
    """The values in a text; None where it is no JSON."""
    try:
        document = json.loads(text, strict=False)  # MXNet writes control characters as they are
        if "\\u" in text:
            json.dumps(document, ensure_ascii=False).encode()  # halves of characters are no text
    except (ValueError, TypeError, RecursionError):
        return None
    return document


def _version(document: Any) -> int:
    """The version that wrote a file; 0 for the old ones, which do not tell."""
    if not isinstance(document, dict):
        return 0
    value = _of(dict, document.get("attrs", {}), "the graph's attrs").get("mxnet_version", ["int", 0])
    if isinstance(value, list) and len(value) == 2 and value[0] == "int" and type(value[1]) is int:
        return value[1]
    raise MXNetError(f'mxnet_version must be ["int", number], but is {value!r:.200}')


def _graph(document: Any, version: int, depth: int) -> list[Entry]:
    """The heads of a graph, or of one inside a node, ``depth`` levels down."""
    if not isinstance(document, dict) or not {"nodes", "heads"} <= document.keys():
        raise MXNetError("not the JSON of a symbol; expected an object with 'nodes' and 'heads'.")
    if depth > _MAX_DEPTH:
        raise MXNetError(f"subgraphs are nested more than {_MAX_DEPTH} levels deep")
    nodes: list[Node] = []
    for i, record in enumerate(_of(list, document["nodes"], "nodes")):
        try:
            nodes.append(_node(record, nodes, version, depth))
        except MXNetError as error:
            name = record.get("name") if isinstance(record, dict) else record
            if is_blamed(error):
                raise
            raise MXNetError(f"node {i} {name!r:.100}: {error}") from None
    try:
        heads = [_entry(head, nodes) for head in _of(list, document["heads"], "heads")]
    except MXNetError as error:
        raise MXNetError(f"the heads: {error}") from None
    legal.check_heads(heads)
    return heads


def _node(record: Any, before: Sequence[Node], version: int, depth: int) -> Node:
    _of(dict, record, "a node")
    name, kind = _of(str, record.get("name"), "name"), _of(str, record.get("op"), "op")
    attrs = _attributes(record)
    inputs = [_entry(item, before) for item in _of(list, record.get("inputs", []), "inputs")]
    bodies = [
        _body(i, item, version, depth) for i, item in enumerate(_of(list, record.get("subgraphs", []), "subgraphs"))
    ]
    if kind == "null":
        node = upgrade.variable(name, attrs, version)
        node.inputs, node.bodies = inputs, tuple(map(tuple, bodies))
    else:
        node = upgrade.operation(registry.get(kind), name, attrs, inputs, bodies, version)
    legal.check_node(node, {entry.node for entry in node.inputs})
    return node


def _attributes(record: dict[str, Any]) -> dict[str, str]:
    """The attributes of a node: in ``attrs``, before 1.0 in ``attr``; before 0.9 ``param`` holds the operator's own."""
    found: dict[str, str] = {}
    for key in ("param", "attr" if "attr" in record else "attrs"):
        given = _of(dict, record.get(key, {}), key)
        for attribute, value in given.items():
            if type(value) is not str:
                raise MXNetError(f"attribute {attribute!r} must be text, but is {value!r:.200}")
        found.update(given)
    return found


def _body(index: int, document: Any, version: int, depth: int) -> list[Entry]:
    try:
        return _graph(document, version, depth + 1)
    except MXNetError as error:
        raise MXNetError(f"subgraph {index}: {error}") from None


def _entry(item: Any, before: Sequence[Node]) -> Entry:
    """[node, output], and from 0.9 on a version, which means nothing here."""
    if type(item) is not list or len(item) not in (2, 3) or any(type(number) is not int for number in item):
        raise MXNetError(f"malformed: an output is given by two or three integers, not by {item!r:.200}")
    if not 0 <= item[0] < len(before):
        raise MXNetError(f"input {item[0]} is not an earlier node")
    return Entry(before[item[0]], item[1])


_NAMES = {dict: "an object", list: "a list", str: "text"}


def _of(kind: type, value: Any, what: str) -> Any:
    """The value, if it is of that kind."""
    if type(value) is not kind:
        raise MXNetError(f"malformed: {what} must be {_NAMES[kind]}, but is {value!r:.200}")
    return value
