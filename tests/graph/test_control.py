"""Control flow in graphs against MXNet: JSON, values, gradients, shapes; and files that are not what they should be."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd, sym
from mxnet.graph.lower import lower

from .control_cases import CASES, flat, load, unnumbered

RECORDED = load()
over_cases = pytest.mark.parametrize("name", CASES)


def arrays(name: str) -> dict[str, nd.NDArray]:
    found = {key: nd.array(value) for key, value in CASES[name].values().items()}
    for array in found.values():
        array.attach_grad()
    return found


def compose(name: str) -> sym.Symbol:
    with mx.name.NameManager():
        return sym.Group(flat(CASES[name].run(mx.sym, **{key: sym.var(key) for key in CASES[name].inputs})))


def check(name: str, results: list, inputs: dict[str, nd.NDArray]) -> None:
    """Outputs, then gradients for head gradients of 1, are MXNet's."""
    answer = RECORDED[name]
    assert len(results) == len(answer["outputs"])
    for result, (shape, values) in zip(results, answer["outputs"], strict=True):
        assert result.shape == tuple(shape)
        np.testing.assert_allclose(result.asnumpy().ravel(), values, rtol=1e-5, atol=1e-6)
    mx.autograd.backward(results)
    for key, values in answer["gradients"].items():
        np.testing.assert_allclose(inputs[key].grad.asnumpy().ravel(), values, rtol=1e-4, atol=1e-5)


# ---- against MXNet ---------------------------------------------------------------------------------------------------


def test_cases_are_recorded():
    assert CASES.keys() == RECORDED.keys()


@over_cases
def test_arrays(name):
    inputs = arrays(name)
    with mx.autograd.record():
        results = flat(CASES[name].run(mx.nd, **inputs))
    check(name, results, inputs)


@over_cases
def test_graph_is_written_as_mxnet_writes_it(name):
    graph = compose(name)
    assert unnumbered(graph.tojson()) == RECORDED[name]["json"]
    assert set(graph.list_arguments()) == CASES[name].inputs.keys()


@over_cases
def test_graph_computes(name):
    inputs = arrays(name)
    with mx.autograd.record():
        results = compose(name).eval(**inputs)
    check(name, results, inputs)


@over_cases
def test_file_of_mxnet_computes(name):
    """Read, write, and run what MXNet wrote."""
    graph = sym.load_json(RECORDED[name]["json"])
    assert graph.tojson() == RECORDED[name]["json"]
    inputs = arrays(name)
    with mx.autograd.record():
        results = graph.eval(**inputs)
    check(name, results, inputs)


@over_cases
def test_shapes(name):
    shapes = {key: value.shape for key, value in CASES[name].values().items()}
    found, outputs, aux = compose(name).infer_shape(**shapes)
    assert found == [shapes[key] for key in compose(name).list_arguments()]
    assert [list(shape) for shape in outputs] == [shape for shape, _ in RECORDED[name]["outputs"]]
    assert aux == []


# ---- composition -----------------------------------------------------------------------------------------------------

X, S, W, P = (sym.var(name) for name in "xswp")


def add(d, s):
    return d + s, d + s


def test_names_forms_and_outputs():
    with mx.name.NameManager():
        outputs, last = sym.contrib.foreach(lambda d, s: ((d, [s[0]]), s), X, (S,), name="mine")
        assert [type(outputs), type(outputs[1]), type(last)] == [list, list, list]
        assert sym.Group(flat([outputs, last])).list_outputs() == [f"_foreach0_output{i}" for i in range(3)]
        outputs, last = sym.contrib.while_loop(lambda i: i < 3, lambda i: (i, i + 1), X, 4)
        assert (outputs.list_outputs(), last.list_outputs()) == (["_while_loop0_output0"], ["_while_loop0_output1"])
        assert sym.contrib.cond(P, lambda: X, lambda: S).list_outputs() == ["_cond0_output"]
    inside = json.loads(outputs.tojson())["nodes"][-1]["subgraphs"][0]["nodes"][0]
    assert inside["attrs"]["__subgraph_name__"].startswith("while_loop_cond")


def test_attributes_of_a_scope_reach_nodes_and_bodies():
    with mx.AttrScope(ctx_group="dev1"), mx.name.Prefix("net_"):
        outputs, _ = sym.contrib.foreach(add, X, S)
    node = json.loads(outputs.tojson())["nodes"][-1]
    assert node["name"] == "net__foreach0"
    assert node["attrs"]["__ctx_group__"] == "dev1"
    assert {n["attrs"]["__ctx_group__"] for n in node["subgraphs"][0]["nodes"]} == {"dev1"}


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda: sym.contrib.foreach(add, 3, S), AssertionError, "foreach input must be .* Symbol, but got 3"),
        (lambda: sym.contrib.foreach(add, nd.ones(2), S), AssertionError, "foreach input must be"),
        (lambda: sym.contrib.foreach(add, X, 3), AssertionError, "foreach states must be"),
        (lambda: sym.contrib.foreach(lambda d, s: (3, s), X, S), AssertionError, "foreach output must be"),
        (lambda: sym.contrib.foreach(lambda d, s: d, X, S), ValueError, "unpack"),
        (lambda: sym.contrib.foreach(lambda d, s: (d, [s]), X, S), AssertionError, "different format"),
        (lambda: sym.contrib.foreach(lambda d, s: (s, s), X, S), AssertionError, "data arrays have to be used.*'x'"),
        (lambda: sym.contrib.foreach(lambda d, s: (d, d), X, S), AssertionError, "state arrays have to be used.*'s'"),
        (lambda: sym.contrib.foreach(add, X, X), AssertionError, "unique names.*'x-0', 'x-0'"),
        (lambda: sym.contrib.foreach(add, [], S), AssertionError, "at least one symbol"),
        (lambda: loop(limit=None), ValueError, "max_iterations should be specified"),
        (lambda: loop(limit="many"), ValueError, "Cannot convert max_iteration"),
        (lambda: loop(limit=0), mx.MXNetError, "max_iterations must be at least 1, but is 0"),
        (lambda: loop(variables=[]), ValueError, "at least one element"),
        (lambda: loop(cond=lambda x, s: True), ValueError, "Return of cond must be a Symbol"),
        (lambda: loop(func=lambda x, s: ([], [x])), ValueError, "number of loop_vars should be consistent"),
        (lambda: loop(func=lambda x, s: ([], [x, x])), ValueError, "2-th loop_var doesn't involve"),
        (lambda: loop(func=lambda x, s: (3, [x, s])), AssertionError, "while output must be"),
        (lambda: loop(variables=[X, 3]), AssertionError, "while loop_vars must be"),
        (lambda: sym.contrib.cond(True, lambda: X, lambda: S), AssertionError, "must be .* Symbol, but got True"),
        (lambda: sym.contrib.cond(P, lambda: [X, S], lambda: [X]), ValueError, "Number of outputs differs"),
        (lambda: sym.contrib.cond(P, lambda: 3, lambda: X), AssertionError, "cond outputs must be"),
        (lambda: sym.contrib.cond(P, list, list), TypeError, "Expected a list of symbols"),
        (lambda: sym.contrib.cond(sym.split(P, num_outputs=2), lambda: X, lambda: S), mx.MXNetError, "one symbol"),
        (lambda: sym.contrib.cond(P, X, S), TypeError, "then_func must be a function"),
    ],
)
def test_wrong_calls(make, error, message):
    with pytest.raises(error, match=message):
        make()


def loop(
    cond: Any = lambda x, s: x < 3, func: Any = lambda x, s: ([x], [x + 1, s]), variables: Any = (X, S), limit: Any = 4
) -> Any:
    return sym.contrib.while_loop(cond, func, variables, limit)


def test_a_symbol_made_before_is_inside_when_it_is_called_on_a_slice():
    net = sym.exp(sym.var("data")) * 2
    outputs, _ = sym.contrib.foreach(lambda d, s: (net(data=d) + s, s), X, S)
    assert outputs.list_arguments() == ["x", "s"]
    (result,) = outputs.eval(x=nd.array([[0.0], [1]]), s=nd.array([1.0]))
    np.testing.assert_allclose(result.asnumpy(), 2 * np.exp([[0], [1]]) + 1, rtol=1e-6)


def test_composition_and_copies_keep_bodies():
    import copy
    import pickle

    outputs, _ = sym.contrib.foreach(add, X, S)
    composed = outputs(x=sym.exp(W))
    assert composed.list_arguments() == ["w", "s"]
    expected = np.cumsum(np.exp([[1.0], [2]]), axis=0) + 3
    for graph in (composed, copy.deepcopy(composed), pickle.loads(pickle.dumps(composed))):
        (result,) = graph.eval(w=nd.array([[1.0], [2]]), s=nd.array([3.0]))
        np.testing.assert_allclose(result.asnumpy(), expected, rtol=1e-6)


# ---- running and inference -------------------------------------------------------------------------------------------


def test_parameters_of_a_body_are_deduced():
    def body(d, s):
        new = sym.FullyConnected(d, num_hidden=4, name="fc") + s
        return new, new

    outputs, _ = sym.contrib.foreach(body, X, S)
    assert outputs.list_arguments() == ["x", "s", "fc_weight", "fc_bias"]
    assert outputs.infer_shape(x=(3, 5, 2), s=(5, 4))[:2] == ([(3, 5, 2), (5, 4), (4, 2), (4,)], [(3, 5, 4)])
    nested, _ = sym.contrib.foreach(lambda d, s: sym.contrib.foreach(body, d, s), X, S)
    assert nested.infer_shape(x=(2, 3, 5, 2), s=(5, 4))[1] == [(2, 3, 5, 4)]
    assert nested.infer_shape(x=(2, 3, 5, 2), s=(5, 4))[0][2:] == [(4, 2), (4,)]


def test_inference_makes_one_step_of_a_million():
    outputs, last = sym.contrib.foreach(add, X, S)
    assert sym.Group([outputs, last]).infer_shape(x=(10**9, 2), s=(2,))[1] == [(10**9, 2), (2,)]
    found, _ = sym.contrib.while_loop(lambda i: i < 3, lambda i: (i, i + 1), X, 10**9)
    assert found.infer_shape(x=(1,))[1] == [(10**9, 1)]


def test_shapes_that_depend_on_values_are_unknown():
    either = sym.contrib.cond(P, lambda: X, lambda: sym.concat(X, X, dim=0))
    with pytest.warns(UserWarning, match="depends on values"):
        assert either.infer_shape(p=(1,), x=(2,)) == (None, None, None)
    assert either.eval(p=nd.ones(1), x=nd.ones(2))[0].shape == (2,)
    assert either.eval(p=nd.zeros(1), x=nd.ones(2))[0].shape == (4,)
    _, (_, last) = loop(func=lambda x, s: ([x], [x + 1, sym.concat(s, s, dim=0)]))
    assert last.infer_shape_partial(x=(1,), s=(1,))[1] == [()]
    assert last.eval(x=nd.zeros(1), s=nd.ones(1))[0].shape == (8,)


def test_types():
    outputs, last = sym.contrib.foreach(lambda d, s: (d.astype("float16"), s), X, S)
    graph = sym.Group([outputs, last])
    assert graph.infer_type(x="float64", s="int32") == ([np.float64, np.int32], [np.float16, np.int32], [])
    results = graph.eval(x=nd.ones((2, 1), dtype="float64"), s=nd.ones(1, dtype="int32"))
    assert [r.dtype for r in results] == [np.float16, np.int32]


def test_a_loop_without_steps_gives_zeros():
    """MXNet fails there; where no step is made, gradients are 0 but for the variables, which come back."""
    arrays = {"x": nd.array([9.0]), "s": nd.array([2.0, 3])}
    for array in arrays.values():
        array.attach_grad()
    outputs, last = loop(func=lambda x, s: ([sym.broadcast_mul(s, x)], [x + 1, s]))
    with mx.autograd.record():
        results = sym.Group([*outputs, *last]).eval(**arrays)
    assert [r.asnumpy().tolist() for r in results] == [[[0, 0]] * 4, [9], [2, 3]]
    mx.autograd.backward(results)
    assert [a.grad.asnumpy().tolist() for a in arrays.values()] == [[1], [1, 1]]


def test_what_a_branch_does_not_read_gets_gradients_of_zero():
    arrays = {name: nd.array([2.0]) for name in "pxs"}
    for array in arrays.values():
        array.attach_grad()
        array.grad[:] = 7
    with mx.autograd.record():
        (result,) = sym.contrib.cond(P, lambda: X * 3, lambda: S).eval(**arrays)
    result.backward()
    assert [array.grad.asscalar() for array in arrays.values()] == [0, 3, 0]


def test_running_statistics_inside_a_loop():
    """BatchNorm's states are ordinary arguments there, as in MXNet, and a recorded training pass updates them."""
    x = np.random.RandomState(0).uniform(size=(2, 5, 3))
    outputs, _ = sym.contrib.foreach(
        lambda d, s: (sym.BatchNorm(d, name="bn", momentum=0.5, fix_gamma=False, eps=1e-5) + s, s), X, S
    )
    assert outputs.list_auxiliary_states() == []
    assert outputs.list_arguments() == ["x", "s", "bn_gamma", "bn_beta", "bn_moving_mean", "bn_moving_var"]
    start = {"s": nd.zeros((5, 3)), "bn_gamma": nd.ones(3), "bn_beta": nd.zeros(3)}
    start |= {"bn_moving_mean": nd.zeros(3), "bn_moving_var": nd.ones(3)}
    arrays = {"x": nd.array(x, dtype="float64")} | {k: v.astype("float64") for k, v in start.items()}
    outputs.eval(**arrays)
    assert arrays["bn_moving_mean"].asnumpy().tolist() == [0, 0, 0]
    with mx.autograd.record():
        (result,) = outputs.eval(**arrays)
    expected = (x - x.mean(1, keepdims=True)) / np.sqrt(x.var(1, keepdims=True) + 1e-5)
    np.testing.assert_allclose(result.asnumpy(), expected, rtol=1e-6)
    means = x.mean(1)
    np.testing.assert_allclose(arrays["bn_moving_mean"].asnumpy(), means[0] / 4 + means[1] / 2, rtol=1e-6)


def test_random_numbers_and_training_mode_reach_the_body():
    outputs, _ = sym.contrib.foreach(lambda d, s: (sym.Dropout(d, p=0.5) + s, s), X, S)
    arrays = {"x": nd.ones((4, 50)), "s": nd.zeros(50)}
    assert outputs.eval(**arrays)[0].asnumpy().min() == 1
    with mx.autograd.train_mode():
        values = outputs.eval(**arrays)[0].asnumpy()
    assert set(values.ravel()) == {0, 2}
    assert (values[0] != values[1]).any()


def test_lowered_code_names_the_bodies():
    outputs, _ = sym.contrib.foreach(add, X, S)
    run = lower(outputs._heads).run
    assert "foreach(" in run.code
    (name,) = [name for name, _ in run.named_children()]
    assert f"{name} = self.{name}\n" in run.code
    assert "for " not in getattr(run, name).code


@pytest.mark.parametrize(
    ("graph", "arrays", "message"),
    [
        (lambda: sym.contrib.foreach(add, X, S)[0], {"x": (3, 2), "s": (3,)}, "_plus.*shapes"),
        (
            lambda: sym.contrib.foreach(lambda d, s: (d, sym.concat(s, s, dim=0)), X, S)[0],
            {"x": (3, 2), "s": (2,)},
            r"_foreach.*a state must keep its shape and dtype, but \(2,\)",
        ),
        (
            lambda: sym.contrib.foreach(lambda d, s: (d[0] + d[1], s), [X, W], S)[0],
            {"x": (3, 2), "w": (2, 2), "s": (1,)},
            r"one length along axis 0.*\(3, 2\), \(2, 2\)",
        ),
        (lambda: sym.contrib.cond(P, lambda: X, lambda: S), {"p": (2,), "x": (1,), "s": (1,)}, "one number.*(2,)"),
        (lambda: loop()[0][0], {"x": (2,), "s": (2,)}, r"one number.*\(2,\)"),
    ],
)
def test_wrong_shapes_name_the_node(graph, arrays, message):
    made = graph()
    with pytest.raises(mx.MXNetError, match=message):
        made.infer_shape(**arrays)
    with pytest.raises(mx.MXNetError, match=message):
        made.eval(**{name: nd.ones(shape) for name, shape in arrays.items()})


def test_arrays_cannot_run_the_operators_themselves():
    with pytest.raises(mx.MXNetError, match="contrib.foreach"):
        nd._internal._foreach(
            nd.ones(2), num_args=2, num_outputs=1, num_out_data=1, in_state_locs=(), in_data_locs=(0,), remain_locs=()
        )


# ---- files that are not what they should be --------------------------------------------------------------------------


def changed(name: str, change: Any) -> str:
    """A recorded graph, after a change to its control-flow node."""
    document = json.loads(RECORDED[name]["json"])
    (node,) = [n for n in document["nodes"] if "subgraphs" in n]
    change(node)
    return json.dumps(document)


def attribute(key: str, value: str) -> Any:
    return lambda node: node["attrs"].update({key: value})


def drop_heads(node: dict) -> None:
    node["subgraphs"][0]["heads"].pop()


def forward_reference(node: dict) -> None:
    node["subgraphs"][0]["nodes"][2]["inputs"] = [[4, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("recurrence", lambda node: node.pop("subgraphs"), r"needs the subgraphs \('fn',\), but has 0"),
        ("recurrence", lambda node: node.update(subgraphs=node["subgraphs"] * 2), "but has 2"),
        ("recurrence", lambda node: node.update(subgraphs=3), "malformed"),
        ("recurrence", lambda node: node.update(subgraphs=[3]), "subgraph 0: not the JSON"),
        ("recurrence", lambda node: node.update(subgraphs=[{"nodes": [{}], "heads": []}]), "subgraph 0: node 0"),
        ("recurrence", attribute("in_data_locs", "[1]"), "must name each of the body's inputs once"),
        ("recurrence", attribute("in_data_locs", "[]"), "must name each"),
        ("recurrence", attribute("in_state_locs", "[-1]"), "must name each"),
        ("recurrence", attribute("in_state_locs", "[None]"), "'_foreach0'"),
        ("recurrence", attribute("remain_locs", "[1, 3]"), "feed 4"),
        ("recurrence", attribute("remain_locs", "many"), "remain_locs.*must be a shape"),
        ("recurrence", attribute("num_outputs", "3"), "num_outputs=3 must be num_out_data=1"),
        ("recurrence", attribute("num_out_data", "-1"), "num_outputs=2"),
        ("recurrence", attribute("num_args", "9"), "num_args must be 4.*not 9"),
        ("recurrence", lambda node: node["attrs"].pop("num_out_data"), "'num_out_data'.*is missing"),
        ("recurrence", lambda node: node["inputs"].pop(), "num_args must be 3"),
        ("recurrence", drop_heads, "must have 2 outputs, but has 1"),
        ("recurrence", forward_reference, "subgraph 0: node 2 .*not an earlier node"),
        ("recurrence", lambda node: node["subgraphs"][0].update(heads=[[9, 0, 0]] * 2), "subgraph 0: the heads"),
        ("accumulate", attribute("cond_input_locs", "[7]"), "fed from .*7.*but there are 3 inputs"),
        ("accumulate", attribute("func_input_locs", "[0, 1]"), "must name some of the 2 inputs of func"),
        ("accumulate", attribute("cond_input_locs", "[0, 1]"), "attributes feed 2"),
        ("accumulate", attribute("func_input_locs", "[0, 1, 1]"), r"inputs \[2\] feed no subgraph"),
        ("accumulate", attribute("func_var_locs", "[0, 3]"), "func_var_locs"),
        ("accumulate", attribute("func_var_locs", "[0, 0]"), "func_var_locs"),
        ("accumulate", attribute("max_iterations", "0"), "at least 1"),
        ("cond_then", attribute("then_input_locs", "[1, 2, -3]"), "fed from"),
        ("cond_then", attribute("num_outputs", "2"), "'then_branch' must have 2 outputs, but has 1"),
    ],
)
def test_broken_files_are_refused_with_the_node(name, change, message):
    text = changed(name, change)
    with pytest.raises(mx.MXNetError, match=message) as caught:
        sym.load_json(text)
    assert "node" in str(caught.value)


def test_subgraphs_of_an_operator_that_has_none():
    document = json.loads(sym.exp(X, name="e").tojson())
    document["nodes"][1]["subgraphs"] = [{"nodes": [], "heads": []}]
    with pytest.raises(mx.MXNetError, match="node 1 'e'.*exp needs the subgraphs"):
        sym.load_json(json.dumps(document))


@pytest.mark.parametrize(("depth", "message"), [(40, "nested more than 32"), (5000, "not the JSON|nested more than")])
def test_deep_nesting_is_refused(depth, message):
    attrs = {"num_args": "2", "num_outputs": "1", "num_out_data": "1", "in_data_locs": "[0]", "in_state_locs": "[]",
             "remain_locs": "[]"}  # fmt: skip
    variable = json.dumps({"op": "null", "name": "x", "inputs": []})
    node = '{"op": "_foreach", "name": "f", "attrs": ' + json.dumps(attrs) + ', "inputs": [[0, 0, 0]], "subgraphs": ['
    opening, closing = f'{{"nodes": [{variable}, {node}', ']}], "heads": [[1, 0, 0]]}'
    text = opening * depth + f'{{"nodes": [{variable}], "heads": [[0, 0, 0]]}}' + closing * depth
    with pytest.raises(mx.MXNetError, match=message):
        sym.load_json(text)


def test_nesting_within_reason_runs():
    def deep(x: Any, levels: int) -> Any:
        if levels == 0:
            return x + 1
        return sym.contrib.foreach(lambda d, _: (deep(d, levels - 1), []), x, [])[0]

    graph = sym.load_json(deep(X, 12).tojson())
    x = nd.array(np.arange(4096).reshape((2,) * 12))
    np.testing.assert_array_equal(graph.eval(x=x)[0].asnumpy(), x.asnumpy() + 1)


def test_random_damage_is_refused_or_harmless():
    """Values of a file replaced at random: it loads, or the error is ours."""
    rng = np.random.RandomState(0)
    junk = [None, -1, 0, 3, 10**12, "x", "[0]", "[0, 1]", "(1,)", "1e400", [], {}, [[0, 0, 0]], [0], True, 0.5]
    for name in ("recurrence", "accumulate", "cond_in_cond", "foreach_in_while"):
        for _ in range(150):
            document = json.loads(RECORDED[name]["json"])
            place, key = document, "nodes"
            while isinstance(place[key], (list, dict)) and place[key] and rng.uniform() < 0.9:
                place = place[key]
                key = rng.randint(len(place)) if isinstance(place, list) else sorted(place)[rng.randint(len(place))]
            place[key] = junk[rng.randint(len(junk))]
            try:
                graph = sym.load_json(json.dumps(document))
                graph.infer_shape_partial()
                assert sym.load_json(graph.tojson()).tojson() == graph.tojson()
            except mx.MXNetError:
                pass
