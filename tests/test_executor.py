"""Executor, and what Symbol does beside operators: held against answers of MXNet 1.9.1, which
``tools/record_executor.py`` has recorded for the graphs and questions in ``tests/symbol``.
"""

from __future__ import annotations

import json

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd, sym

from .symbol import executor_questions, symbol_questions  # noqa: F401 - they fill QUESTIONS
from .symbol.asking import GOLDEN, QUESTIONS, answer, signatures
from .symbol.graph_cases import GRAPHS

RECORDED = json.loads(GOLDEN.read_text(encoding="utf-8"))

# Public names of MXNet's that do not exist here, and why.
ABSENT = {
    "Symbol.handle": "an address inside MXNet's engine",
    "Executor.handle": "the same",
    "Symbol.as_np_ndarray": "comes with mx.np",
    **dict.fromkeys(("AttrScope.current", "NameManager.current", "Prefix.current"), "the classes have it"),
}
# Questions that have another answer here, and why.
OTHERWISE = {"compose: upsampling": "MXNet marks the second image of 'nearest' as a bilinear kernel"}
# Outputs that MXNet's operators have for their own use, and show to a monitor.
HIDDEN = ("_mean", "_var", "_std", "_mask", "_workspace")


def close(array: nd.NDArray, recorded: list) -> None:
    shape, values = recorded
    assert list(array.shape) == shape
    np.testing.assert_allclose(array.asnumpy().ravel(), values, rtol=1e-4, atol=1e-6)


def test_the_record_is_complete():
    assert set(RECORDED["graphs"]) == set(GRAPHS)
    assert set(RECORDED["questions"]) == set(QUESTIONS)


@pytest.mark.parametrize("request_", ["write", "add"])
@pytest.mark.parametrize("name", GRAPHS)
def test_graphs_run_as_in_mxnet(name, request_):
    graph, expected = GRAPHS[name], RECORDED["graphs"][name]
    executor = graph.make(mx).simple_bind(mx.cpu(), request_, **graph.shapes)
    known = {**executor.arg_dict, **executor.aux_dict}
    assert {n: list(array.shape) for n, array in known.items()} == expected["shapes"]
    assert executor._symbol.list_outputs() == expected["outputs"]
    for n, array in known.items():
        array[:] = graph.array(n, array.shape)
    for output, values in zip(executor.forward(), expected["predict"], strict=True):
        close(output, values)
    for gradient in executor.grad_arrays:
        gradient[:] = 0.5 if request_ == "add" else 0
    for i in range(2):
        executor.forward(is_train=True)
        outputs = zip(expected["outputs"], executor.outputs, strict=True)
        heads = [nd.array(graph.array(f"grad {i} {n}", output.shape)) for n, output in outputs]
        executor.backward(heads if graph.heads else None)
        if i == 0:
            for n, values in expected["states"].items():
                close(executor.aux_dict[n], values)
    for output, values in zip(executor.outputs, expected["train"], strict=True):
        close(output, values)
    for n, values in expected["gradients"][request_].items():
        close(executor.grad_dict[n], values)


@pytest.mark.parametrize("name", GRAPHS)
def test_a_monitor_sees_the_same_names(name):
    graph, expected = GRAPHS[name], RECORDED["graphs"][name]
    executor = graph.make(mx).simple_bind(mx.cpu(), **graph.shapes)
    for inputs, key in ((False, "monitor"), (True, "monitor_all")):
        seen: list[str] = []
        executor.set_monitor_callback(lambda n, array, seen=seen: seen.append(n), inputs)
        executor.forward()
        if expected[key] is None:  # MXNet fails
            assert len(seen) > len(executor.outputs)
            continue
        # MXNet calls some inputs input0, input1, whatever their name.
        theirs = [n for n in expected[key] if not n.endswith(HIDDEN) or n in executor.aux_dict]
        assert len(seen) == len(theirs)
        assert all(a == b or "_input" in b for a, b in zip(seen, theirs, strict=True)), (seen, theirs)


@pytest.mark.parametrize("name", QUESTIONS)
def test_questions_are_answered_as_by_mxnet(name):
    found, expected = answer(mx, QUESTIONS[name]), RECORDED["questions"][name]
    if isinstance(expected, dict) and "raises" in expected:
        assert isinstance(found, dict), found
        assert expected["raises"][0] in found.get("raises", found)
    else:
        assert (found == expected) is (name not in OTHERWISE), (found, expected)


# ---- what MXNet was not asked ----------------------------------------------------------------------------------------


def linear(**kwargs) -> mx.executor.Executor:
    return sym.FullyConnected(sym.var("x"), num_hidden=2, name="fc").simple_bind(mx.cpu(), x=(3, 4), **kwargs)


@pytest.mark.parametrize("title", RECORDED["names"])
def test_every_public_name_is_there(title):
    found = signatures(mx)[title]
    missing = {f"{title}.{name}" for name in RECORDED["names"][title] if name not in found}
    assert missing == {name for name in ABSENT if name.startswith(f"{title}.")}
    for name, expected in RECORDED["names"][title].items():
        if f"{title}.{name}" not in ABSENT:
            assert (found[name] or [])[: len(expected or [])] == (expected or []), name


def test_dropout_has_the_gradient_of_its_own_mask():
    executor = sym.Dropout(sym.var("x"), p=0.5).simple_bind(mx.cpu(), x=(100,))
    executor.arg_dict["x"][:] = 1
    output = executor.forward(is_train=True)[0].asnumpy()
    for _ in range(2):
        executor.backward(nd.ones(100))
        np.testing.assert_array_equal(executor.grad_dict["x"].asnumpy(), output)
    assert set(np.unique(output)) == {0, 2}
    assert (executor.forward()[0].asnumpy() == 1).all()


def test_a_changed_array_with_random_numbers_is_no_wrong_gradient():
    x = sym.var("x")
    executor = (sym.Dropout(x) * x).simple_bind(mx.cpu(), x=(4,))
    executor.forward(is_train=True)
    executor.arg_dict["x"][:] = 5
    with pytest.raises(mx.MXNetError, match="written to after it was recorded"):
        executor.backward(nd.ones(4))


def test_moving_statistics_change_once_in_a_training_pass():
    executor = sym.BatchNorm(sym.var("x"), fix_gamma=False, name="bn").simple_bind(mx.cpu(), x=(2, 1))
    executor.arg_dict["x"][:] = nd.array([[1], [3]])
    executor.forward(is_train=True)
    for _ in range(3):
        executor.backward(nd.ones((2, 1)))
    np.testing.assert_allclose(executor.aux_dict["bn_moving_mean"].asnumpy(), [0.2], rtol=1e-6)


def test_an_executor_leaves_autograd_alone():
    executor = linear()
    for array in executor.arg_arrays:
        array.attach_grad()
    with mx.autograd.record(train_mode=False):
        (output,) = executor.forward(is_train=True)
        assert mx.autograd.is_recording()
        assert not mx.autograd.is_training()
    executor.backward(nd.ones((3, 2)))
    assert executor.arg_dict["fc_bias"].grad.asnumpy().tolist() == [0, 0]
    assert executor.grad_dict["fc_bias"].asnumpy().tolist() == [3, 3]
    with pytest.raises(mx.MXNetError, match="not in a computational graph"):
        output.backward()


def test_sparse_inputs_and_gradients():
    graph = sym.Embedding(sym.var("x"), input_dim=5, output_dim=2, sparse_grad=True, name="e")
    executor = graph.simple_bind(mx.cpu(), {"e_weight": "write"}, x=(3,))
    executor.forward(is_train=True, x=nd.array([1, 3, 1]))
    executor.backward(nd.ones((3, 2)))
    gradient = executor.grad_dict["e_weight"]
    assert gradient.stype == "row_sparse"
    assert gradient.indices.asnumpy().tolist() == [1, 3]
    assert gradient.asnumpy()[:, 0].tolist() == [0, 2, 0, 1, 0]
    product = sym.sparse.dot(sym.var("x", stype="csr"), sym.var("w")).bind(
        mx.cpu(), {"x": nd.array([[0, 2], [1, 0]]).tostype("csr"), "w": nd.array([[1], [3]])}
    )
    assert product.forward()[0].asnumpy().tolist() == [[6], [1]]


def test_a_custom_loss_needs_no_gradient():
    class Loss(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0])

        def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
            self.assign(in_grad[0], req[0], in_data[0] * 3)

    @mx.operator.register("loss_of_an_executor")
    class _(mx.operator.CustomOpProp):
        def __init__(self):
            super().__init__(need_top_grad=False)

        def create_operator(self, ctx, in_shapes, in_dtypes):
            return Loss()

    executor = sym.Custom(sym.var("x"), op_type="loss_of_an_executor").simple_bind(mx.cpu(), x=(2,))
    executor.forward(is_train=True, x=nd.array([1, 2]))
    executor.backward()
    assert executor.grad_dict["x"].asnumpy().tolist() == [3, 6]


def test_a_failure_names_the_node():
    executor = sym.take(sym.var("a"), sym.var("i"), mode="raise", name="chosen").bind(
        mx.cpu(), {"a": nd.ones(3), "i": nd.array([7])}
    )
    with pytest.raises(mx.MXNetError, match="chosen.*out of range"):
        executor.forward()


def test_variables_of_one_name_cannot_be_bound():
    twice = sym.var("x") + sym.var("x")
    for run in (
        lambda: twice.bind(mx.cpu(), [nd.ones(2), nd.ones(2)]),
        lambda: twice.simple_bind(mx.cpu(), x=(2,)),
        lambda: twice.eval(x=nd.ones(2)),
    ):
        with pytest.raises(mx.MXNetError, match="two variables called 'x'"):
            run()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: linear(grad_req=("write",)), mx.MXNetError, "grad_req has 1 entries, but there are 3"),
        (lambda: linear(grad_req=3), TypeError, "grad_req must be a string, a list or a dict"),
        (lambda: linear(shared_exec=3), TypeError, "shared_exec must be None or of type Executor"),
        (lambda: linear(group2ctx=3), TypeError, "group2ctx must be None or of type Mapping"),
        (lambda: linear().set_monitor_callback(3), TypeError, "must be a function"),
        (lambda: linear().backward([nd.ones((3, 2))] * 2), mx.MXNetError, "2 gradients were given for the 1 outputs"),
        (lambda: linear().backward(nd.ones((2, 2))), mx.MXNetError, r"must have its shape \(3, 2\)"),
        (lambda: sym.exp(sym.var("x"), name=3), TypeError, "name must be a string"),
        (
            lambda: sym.exp(sym.var("x")).bind(mx.cpu(), [nd.ones(2)], [nd.ones(3)]),
            mx.MXNetError,
            r"'x' has shape \(2,\), but its gradient in args_grad \(3,\)",
        ),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


def test_monitors():
    executor = linear()
    seen = {}
    executor.set_monitor_callback(seen.__setitem__)
    executor.forward(is_train=True, x=nd.ones((3, 4)), fc_weight=nd.ones((2, 4)))
    assert list(seen) == ["fc_output"]
    assert (seen["fc_output"].asnumpy() == 4).all()
    executor.backward(nd.ones((3, 2)))
    assert (executor.grad_dict["fc_weight"].asnumpy() == 3).all()
    executor.set_monitor_callback(None)
    seen.clear()
    executor.forward()
    assert not seen


def test_backends():
    graph = sym.exp(sym.var("x"), name="e")
    for name in ("default", "inductor", "MKLDNN"):
        assert graph.optimize_for(name).tojson() == graph.tojson()
        assert graph.get_backend_symbol(name).tojson() == graph.tojson()
    with pytest.warns(UserWarning, match="there is no backend 'foo'"):
        assert graph.optimize_for("foo").tojson() == graph.tojson()


def test_types_stay_unknown():
    product = sym.var("a") * sym.var("b")
    assert product.infer_type_partial() == ([None, None], [None], [])
    with pytest.warns(UserWarning, match="Cannot decide type for the following arguments.*\n\ta: None\n\tb: None"):
        assert product.infer_type() == (None, None, None)
    assert product.infer_type("float16")[1] == [np.float16]
    with pytest.raises(mx.MXNetError, match="argument name z not found"):
        product.infer_type(z="float16")


def test_shapes_stay_unknown():
    fc = sym.FullyConnected(sym.var("a"), num_hidden=3, name="fc")
    with pytest.warns(UserWarning, match=r"unknown dimensions\). Consider providing them as input:\n\ta: \(0, 4\)$"):
        assert fc.infer_shape(a=(0, 4)) == (None, None, None)


def test_memory_and_graph_as_text():
    lines = linear().debug_str().splitlines()
    assert "Op:FullyConnected, Name=fc" in lines
    assert lines[-2:] == ["Total 0 MB allocated", "Total 0 TempSpace resource requested"]
