"""MXNet's ``-symbol.json``: writing and reading graphs. A file names operators and their attributes, nothing that could
run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..base import MXNetError
from ..ops import registry
from .bodies import check as check_bodies
from .node import Entry, Node, topological

__all__ = ["dumps", "loads"]

_VERSION = ["int", 10901]  # the MXNet version whose format this is
_MAX_DEPTH = 32  # of graphs inside of graphs: far more than anybody writes, far less than Python's stack bears


def dumps(heads: Sequence[Entry]) -> str:
    """The text of a graph, laid out as MXNet does."""
    document = {**_document(heads), "attrs": {"mxnet_version": _VERSION}}
    return "{\n" + _fields(document, "  ") + "\n}"


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
    return ", \n".join(f"{indent}{json.dumps(key)}: {_value(value, indent)}" for key, value in record.items())


def _value(value: Any, indent: str) -> str:
    if isinstance(value, dict) and len(value) > 1:
        return "{\n" + _fields(value, indent + "  ") + f"\n{indent}}}"
    if isinstance(value, list) and value and isinstance(value[0], dict):
        items = (f"{indent}  {{\n{_fields(item, indent + '    ')}\n{indent}  }}" for item in value)
        return "[\n" + ", \n".join(items) + f"\n{indent}]"
    if isinstance(value, list) and len(value) > 10:
        return "[\n" + ", \n".join(f"{indent}  {json.dumps(item)}" for item in value) + f"\n{indent}]"
    return json.dumps(value)


def loads(text: str, source: str = "symbol JSON") -> list[Entry]:
    """The heads of the graph in a text. Raises MXNetError, naming the node, for anything that is not a legal graph."""
    try:
        document = json.loads(text)
    except (ValueError, TypeError, RecursionError):
        document = None
    try:
        return _graph(document, 0)
    except MXNetError as error:
        raise MXNetError(f"{source}: {error}") from None


def _graph(document: Any, depth: int) -> list[Entry]:
    """The heads of a graph, or of one inside a node, ``depth`` levels down."""
    try:
        records, heads = list(document["nodes"]), list(document["heads"])
    except (KeyError, TypeError):
        raise MXNetError("not the JSON of a symbol; expected an object with 'nodes' and 'heads'.") from None
    if depth > _MAX_DEPTH:
        raise MXNetError(f"subgraphs are nested more than {_MAX_DEPTH} levels deep")
    nodes: list[Node] = []
    for i, record in enumerate(records):
        try:
            nodes.append(_node(record, nodes, depth))
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise MXNetError(f"node {i} is malformed ({error}): {record!s:.200}") from None
        except MXNetError as error:
            raise MXNetError(f"node {i} {record.get('name')!r}: {error}") from None
    try:
        return [_entry(head, nodes) for head in heads]
    except (TypeError, IndexError, ValueError) as error:
        raise MXNetError(f"the heads {heads!s:.200} do not name outputs of nodes ({error}).") from None


def _node(record: dict[str, Any], before: list[Node], depth: int) -> Node:
    attrs = record.get("attrs") or record.get("attr") or record.get("param") or {}
    extra = {str(k): str(v) for k, v in attrs.items() if str(k).startswith("__")}
    own = {str(k): str(v) for k, v in attrs.items() if str(k) not in extra}
    name = str(record["name"])
    if record["op"] == "null":
        return Node(None, name, own, (), extra)
    op = registry.get(str(record["op"]))
    extra.update({k: own.pop(k) for k in list(own) if not op.accepts(k)})
    bodies = [_body(i, item, depth) for i, item in enumerate(record.get("subgraphs") or ())]
    node = Node(op, name, own, (_entry(item, before) for item in record["inputs"]), extra, bodies)
    expected = node.input_names()
    if len(node.inputs) != len(expected):
        raise MXNetError(f"{op.name} needs {len(expected)} inputs {expected}, but {len(node.inputs)} are listed")
    check_bodies(node)
    return node


def _body(index: int, document: Any, depth: int) -> list[Entry]:
    try:
        return _graph(document, depth + 1)
    except MXNetError as error:
        raise MXNetError(f"subgraph {index}: {error}") from None


def _entry(item: Sequence[int], nodes: list[Node]) -> Entry:
    index, output = int(item[0]), int(item[1])
    if not 0 <= index < len(nodes):
        raise ValueError(f"input {index} is not an earlier node")
    node = nodes[index]
    count = 1 if node.op is None else node.op.num_outputs(node.values)
    if not 0 <= output < count:
        raise ValueError(f"node {node.name!r} has {count} outputs, not an output {output}")
    return Entry(node, output)
