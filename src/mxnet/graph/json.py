"""MXNet's ``-symbol.json``: writing and reading graphs. A file names operators and their attributes, nothing that could
run.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from ..base import MXNetError
from ..ops import registry
from .node import Entry, Node, topological

__all__ = ["dumps", "loads"]

_VERSION = ["int", 10901]  # the MXNet version whose format this is


def dumps(heads: Sequence[Entry]) -> str:
    """The text of a graph, laid out as MXNet does."""
    nodes = topological(heads)
    number = {node: i for i, node in enumerate(nodes)}
    listed = []
    for node in nodes:
        record: dict[str, Any] = {"op": "null" if node.op is None else node.op.name, "name": node.name}
        attrs = {**node.attrs, **node.extra}
        if attrs:
            record["attrs"] = dict(sorted(attrs.items()))
        record["inputs"] = [[number[e.node], e.index, 0] for e in node.inputs]
        listed.append(record)
    rows = [0]
    for node in nodes:
        rows.append(rows[-1] + (1 if node.op is None else node.op.num_outputs(node.values)))
    document = {
        "nodes": listed,
        "arg_nodes": [number[n] for n in nodes if n.op is None],
        "node_row_ptr": rows,
        "heads": [[number[e.node], e.index, 0] for e in heads],
        "attrs": {"mxnet_version": _VERSION},
    }
    return _layout(document)


def _layout(document: dict[str, Any]) -> str:
    """JSON with MXNet's line breaks: a line for each field, also of each node."""
    nodes = ", \n".join("    {\n" + _fields(node, "      ") + "\n    }" for node in document["nodes"])
    rest = {key: value for key, value in document.items() if key != "nodes"}
    return '{\n  "nodes": [\n' + nodes + "\n  ], \n" + _fields(rest, "  ") + "\n}"


def _fields(record: dict[str, Any], indent: str) -> str:
    return ", \n".join(f"{indent}{json.dumps(key)}: {_value(value, indent)}" for key, value in record.items())


def _value(value: Any, indent: str) -> str:
    if isinstance(value, dict) and len(value) > 1:
        return "{\n" + _fields(value, indent + "  ") + f"\n{indent}}}"
    return json.dumps(value)


def loads(text: str, source: str = "symbol JSON") -> list[Entry]:
    """The heads of the graph in a text. Raises MXNetError, naming the node, for anything that is not a legal graph."""
    try:
        document = json.loads(text)
        records, heads = document["nodes"], document["heads"]
    except (ValueError, KeyError, TypeError, RecursionError):
        raise MXNetError(f"{source}: not the JSON of a symbol; expected an object with 'nodes' and 'heads'.") from None
    nodes: list[Node] = []
    for i, record in enumerate(records):
        try:
            nodes.append(_node(record, nodes))
        except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
            raise MXNetError(f"{source}: node {i} is malformed ({error}): {record!s:.200}") from None
        except MXNetError as error:
            raise MXNetError(f"{source}: node {i} {record.get('name')!r}: {error}") from None
    try:
        return [_entry(head, nodes) for head in heads]
    except (TypeError, IndexError, ValueError) as error:
        raise MXNetError(f"{source}: the heads {heads!s:.200} do not name outputs of nodes ({error}).") from None


def _node(record: dict[str, Any], before: list[Node]) -> Node:
    attrs = record.get("attrs") or record.get("attr") or record.get("param") or {}
    extra = {str(k): str(v) for k, v in attrs.items() if str(k).startswith("__")}
    own = {str(k): str(v) for k, v in attrs.items() if str(k) not in extra}
    name = str(record["name"])
    if record["op"] == "null":
        return Node(None, name, own, (), extra)
    op = registry.get(str(record["op"]))
    node = Node(op, name, {k: v for k, v in own.items() if k in op.attributes}, (), extra)
    unknown = [k for k in own if k not in op.attributes]
    node.extra.update({k: own[k] for k in unknown})
    node.inputs = [_entry(item, before) for item in record["inputs"]]
    expected = node.input_names()
    if len(node.inputs) != len(expected):
        raise MXNetError(f"{op.name} needs {len(expected)} inputs {expected}, but {len(node.inputs)} are listed")
    return node


def _entry(item: Sequence[int], nodes: list[Node]) -> Entry:
    index, output = int(item[0]), int(item[1])
    if not 0 <= index < len(nodes):
        raise ValueError(f"input {index} is not an earlier node")
    node = nodes[index]
    count = 1 if node.op is None else node.op.num_outputs(node.values)
    if not 0 <= output < count:
        raise ValueError(f"node {node.name!r} has {count} outputs, not an output {output}")
    return Entry(node, output)
