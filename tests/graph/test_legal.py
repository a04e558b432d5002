"""The table of what a legal graph is: each rule finds the graph that breaks it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import mxnet as mx
from mxnet import sym
from mxnet.graph import legal
from mxnet.graph.node import Entry, Node, topological
from mxnet.ops import registry


def perceptron() -> sym.Symbol:
    hidden = sym.BatchNorm(sym.FullyConnected(sym.var("x"), num_hidden=3, name="fc"), name="bn")
    return sym.Concat(hidden, sym.topk(hidden, ret_typ="both", name="top")[1], name="join")


def break_order(nodes: dict[str, Node]) -> None:
    nodes["fc"].inputs[0] = Entry(nodes["join"])


def break_variables(nodes: dict[str, Node]) -> None:
    nodes["fc_weight"].inputs.append(Entry(nodes["x"]))


def break_operators(nodes: dict[str, Node]) -> None:
    nodes["bn"].op = registry.Operator("BatchNorm", lambda data: data)


def break_attributes(nodes: dict[str, Node]) -> None:
    nodes["fc"].attrs["num_hidden"] = "many"


def break_outputs(nodes: dict[str, Node]) -> None:
    nodes["join"].inputs[1] = Entry(nodes["top"], 2)


def break_inputs(nodes: dict[str, Node]) -> None:
    nodes["fc"].inputs.pop()


def break_states(nodes: dict[str, Node]) -> None:
    nodes["bn"].inputs[4] = Entry(nodes["fc"])


def break_subgraphs(nodes: dict[str, Node]) -> None:
    nodes["fc"].bodies = ((Entry(nodes["x"]),),)


BREAKS: dict[str, tuple[Callable[[dict[str, Node]], None], str]] = {
    "order": (break_order, "'join'|'fc'"),
    "variables": (break_variables, "'fc_weight'"),
    "operators": (break_operators, "'bn'"),
    "attributes": (break_attributes, "'fc'.*'many'"),
    "outputs": (break_outputs, "'join'.*'top' has 2 outputs, not an output 2"),
    "inputs": (break_inputs, "'fc'.*needs 3 inputs"),
    "states": (break_states, "'bn'.*'moving_var' is computed by 'fc'"),
    "subgraphs": (break_subgraphs, "'fc'.*subgraphs"),
}


def test_every_rule_has_a_case():
    assert list(BREAKS) == [rule.name for rule in legal.RULES]
    legal.check(perceptron()._heads)


@pytest.mark.parametrize("name", BREAKS)
def test_the_rule_finds_what_breaks_it(name):
    change, message = BREAKS[name]
    graph = sym.load_json(perceptron().tojson())  # nodes that nobody has asked for their values
    nodes = {node.name: node for node in topological(graph._heads)}
    for node in nodes.values():
        node.__dict__.clear()
    change(nodes)
    with pytest.raises(mx.MXNetError, match=f"^node .*({message}).*\\({name}: "):
        legal.check(graph._heads)


def test_heads_and_bodies_are_checked():
    with pytest.raises(mx.MXNetError, match="the heads: node 'x' has 1 outputs, not an output 1"):
        legal.check([Entry(Node(None, "x"), 1)])
    loop = sym.contrib.foreach(lambda x, s: (x + s, x * s), sym.var("x"), sym.var("s"))[0]
    body = topological(loop._heads)[-1].bodies[0]
    legal.check(loop._heads)
    body[0].node.inputs.pop()
    with pytest.raises(mx.MXNetError, match="node '_foreach0': node '_plus0': elemwise_add needs 2 inputs"):
        legal.check(loop._heads)


def test_names_where_arrays_are_given_by_name():
    x = sym.var("x")
    legal.check_names((x * x + sym.var("y"))._heads)
    twice = x + sym.var("x")
    legal.check(twice._heads)
    with pytest.raises(mx.MXNetError, match="two variables called 'x'"):
        legal.check_names(twice._heads)


def test_the_tests_check_every_graph_that_they_write():
    """What the fixture in conftest.py is for."""
    graph = perceptron()
    break_inputs({node.name: node for node in topological(graph._heads)})
    with pytest.raises(mx.MXNetError, match="needs 3 inputs"):
        graph.tojson()
