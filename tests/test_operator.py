"""mx.operator: operators written in Python, on arrays and in graphs. Expected answers were asked of MXNet 1.9.1."""

from __future__ import annotations

import json
import threading
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, nd, sym
from mxnet.operator import CustomOp, CustomOpProp, register

LOG: list[tuple] = []


@pytest.fixture(autouse=True)
def _empty_log():
    LOG.clear()


class Sigmoid(CustomOp):
    def forward(self, is_train, req, in_data, out_data, aux):
        LOG.append(("forward", is_train, req, autograd.is_recording(), autograd.is_training()))
        self.assign(out_data[0], req[0], 1 / (1 + nd.exp(-in_data[0])))

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        LOG.append(("backward", req, autograd.is_recording(), autograd.is_training()))
        self.assign(in_grad[0], req[0], out_grad[0] * out_data[0] * (1 - out_data[0]))


@register("test_sigmoid")
class SigmoidProp(CustomOpProp):
    def __init__(self, **keywords):
        super().__init__()
        LOG.append(("keywords", keywords))

    def create_operator(self, ctx, in_shapes, in_dtypes):
        LOG.append(("create", ctx, in_shapes, in_dtypes))
        return Sigmoid()


class Mix(CustomOp):
    """Sum and product of two inputs; counts its calls in its state."""

    def forward(self, is_train, req, in_data, out_data, aux):
        a, b = in_data
        self.assign(out_data[0], req[0], a + b)
        self.assign(out_data[1], req[1], a * b)
        aux[0][:] = aux[0] + 1

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        LOG.append(("backward", req, [g.asnumpy().tolist() for g in out_grad]))
        (a, b), (of_sum, of_product) = in_data, out_grad
        self.assign(in_grad[0], req[0], of_sum + of_product * b)
        self.assign(in_grad[1], req[1], of_sum + of_product * a)
        aux[0][:] = aux[0] * 10


@register("test_mix")
class MixProp(CustomOpProp):
    def list_arguments(self):
        return ["left", "right"]

    def list_outputs(self):
        return ["sum", "product"]

    def list_auxiliary_states(self):
        return ["calls"]

    def infer_shape(self, in_shape):
        LOG.append(("infer_shape", in_shape))
        return [in_shape[0]] * 2, [in_shape[0]] * 2, [[1]]

    def create_operator(self, ctx, in_shapes, in_dtypes):
        return Mix()


def define(name: str, op: dict[str, Any] | None = None, **prop: Any) -> str:
    """Register an operator that doubles its input, with some methods replaced."""
    methods: dict[str, Any] = {
        "forward": lambda self, is_train, req, in_data, out_data, aux: self.assign(out_data[0], req[0], in_data[0] * 2),
        "backward": lambda self, req, out_grad, in_data, out_data, in_grad, aux: self.assign(
            in_grad[0], req[0], out_grad[0] * 2
        ),
    } | (op or {})
    made = type("Op", (CustomOp,), methods)
    prop.setdefault("create_operator", lambda self, ctx, shapes, types: made())
    register(name)(type("Prop", (CustomOpProp,), prop))
    return name


def notes(error: BaseException) -> str:
    return "".join(getattr(error, "__notes__", ()))


# ---- on arrays -------------------------------------------------------------------------------------------------------


def test_values_and_what_the_user_is_told():
    x = nd.array([[1.0, 2]], ctx=mx.cpu(1), dtype="float64")
    y = nd.Custom(x, op_type="test_sigmoid", a=1, b=2.5, c="x", d=(1, 2), e=None, f=True, g=[1, 2])
    np.testing.assert_allclose(y.asnumpy(), 1 / (1 + np.exp([[-1, -2]])), rtol=1e-12)
    assert (y.ctx, y.dtype) == (mx.cpu(1), np.float64)
    keywords = {"a": "1", "b": "2.5", "c": "x", "d": "(1, 2)", "e": "None", "f": "True", "g": "[1, 2]"}
    called, created, ran = LOG
    assert called == ("keywords", keywords)
    assert created == ("create", mx.cpu(1), [[1, 2]], [1])
    assert ran == ("forward", False, ["write"], False, False)


def test_gradient_and_modes():
    x = nd.array([1.0, 2])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type="test_sigmoid")
        loss = (y * y).sum()
    loss.backward()
    s = 1 / (1 + np.exp([-1, -2]))
    np.testing.assert_allclose(x.grad.asnumpy(), 2 * s * s * (1 - s), rtol=1e-6)
    assert LOG[2:] == [("forward", True, ["write"], False, True), ("backward", ["write"], False, True)]
    with autograd.record(train_mode=False):
        nd.Custom(x, op_type="test_sigmoid")
    assert LOG[-1] == ("forward", False, ["write"], False, False)
    x.attach_grad("add")
    for times in (1, 2):
        with autograd.record():
            y = nd.Custom(x, op_type="test_sigmoid")
        y.backward()
        np.testing.assert_allclose(x.grad.asnumpy(), times * s * (1 - s), rtol=1e-6)


def test_several_inputs_outputs_and_a_state():
    a, b, calls = nd.array([1.0, 2]), nd.array([3.0, 4]), nd.zeros(1)
    a.attach_grad()
    b.attach_grad()
    with autograd.record():
        total, product = nd.Custom(a, b, calls, op_type="test_mix")
    assert [total.asnumpy().tolist(), product.asnumpy().tolist(), calls.asscalar()] == [[4, 6], [3, 8], 1]
    product.backward()
    assert [a.grad.asnumpy().tolist(), b.grad.asnumpy().tolist(), calls.asscalar()] == [[3, 4], [1, 2], 10]
    assert LOG[-1] == ("backward", ["write", "write"], [[0, 0], [1, 1]])


def test_gradients_that_nobody_needs_are_null():
    a, b, calls = nd.array([1.0, 2]), nd.array([3.0, 4]), nd.zeros(1)
    a.attach_grad()
    with autograd.record():
        total, _ = nd.Custom(a, b * 1, calls, op_type="test_mix")
    total.backward()
    assert a.grad.asnumpy().tolist() == [1, 1]
    assert LOG[-1][1] == ["write", "null"]


def test_out_receives_the_result():
    out = nd.zeros(2)
    assert nd.Custom(nd.zeros(2), op_type="test_sigmoid", out=out) is out
    assert out.asnumpy().tolist() == [0.5, 0.5]


def test_what_is_not_written_is_zero():
    name = define("test_lazy", {"forward": CustomOp.forward, "backward": CustomOp.backward})
    x = nd.ones(2)
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type=name)
    y.backward()
    assert y.asnumpy().tolist() == x.grad.asnumpy().tolist() == [0, 0]


def test_other_dtypes():
    name = define(
        "test_round",
        {"forward": lambda self, is_train, req, in_data, out_data, aux: self.assign(out_data[0], "write", in_data[0])},
        infer_type=lambda self, types: (types, ["int32"], []),
    )
    x = nd.array([1.6, 2.2])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type=name)
    assert (y.dtype, y.asnumpy().tolist()) == (np.int32, [1, 2])


def test_no_arguments():
    name = define(
        "test_source",
        {"forward": lambda self, is_train, req, in_data, out_data, aux: self.assign(out_data[0], req[0], 3)},
        list_arguments=lambda self: [],
        infer_shape=lambda self, shapes: ([], [(2, 1)], []),
        infer_type=lambda self, types: ([], [np.float16], []),
    )
    y = nd.Custom(op_type=name)
    assert (y.dtype, y.asnumpy().tolist()) == (np.float16, [[3], [3]])


def test_a_loss_needs_no_gradient_of_its_output():
    def init(self):
        CustomOpProp.__init__(self, need_top_grad=False)

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], in_data[0] - 1)

    name = define("test_loss", {"backward": backward}, __init__=init)
    x = nd.array([3.0])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type=name)
    y.backward()
    assert x.grad.asscalar() == 2


def test_backward_dependency_is_what_backward_gets():
    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        LOG.append((in_data[0], out_data[0].asnumpy().tolist()))

    def declare(self, out_grad, in_data, out_data):
        LOG.append((out_grad, in_data, out_data))
        return [*out_grad, *out_data]

    name = define("test_dependency", {"backward": backward}, declare_backward_dependency=declare)
    x = nd.array([3.0])
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type=name)
    y.backward()
    assert LOG == [([0], [1], [2]), (None, [6])]


def test_one_object_serves_forward_and_backward():
    def forward(self, is_train, req, in_data, out_data, aux):
        self.factor = float(in_data[0].max().asscalar())
        self.assign(out_data[0], req[0], in_data[0] * self.factor)

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        self.assign(in_grad[0], req[0], out_grad[0] * self.factor)

    name = define("test_memory", {"forward": forward, "backward": backward})
    xs = [nd.array([1.0, 5]), nd.array([2.0, 7])]
    for x in xs:
        x.attach_grad()
    with autograd.record():
        ys = [nd.Custom(x, op_type=name) for x in xs]
    autograd.backward(ys)
    assert [x.grad.asnumpy().tolist() for x in xs] == [[5, 5], [7, 7]]


def test_autograd_inside_and_function_beside():
    """A CustomOp may record and differentiate on its own, and autograd.Function works around it and inside."""

    class Triple(autograd.Function):
        def forward(self, x):
            return x * 3

        def backward(self, dy):
            return dy * 3

    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        x = in_data[0].copy()
        x.attach_grad()
        with autograd.record():
            y = Triple()(x) * x
        y.backward(out_grad[0])
        self.assign(in_grad[0], req[0], x.grad)

    name = define(
        "test_inner",
        {
            "forward": lambda self, is_train, req, in_data, out_data, aux: self.assign(
                out_data[0], req[0], in_data[0] * in_data[0] * 3
            ),
            "backward": backward,
        },
    )
    x = nd.array([1.0, 2])
    x.attach_grad()
    with autograd.record():
        y = Triple()(nd.Custom(Triple()(x), op_type=name))
        z = y * 1
        y.backward(retain_graph=True)  # inside record(): recording is paused in backward, and goes on afterwards
        assert autograd.is_recording()
    expected = 3 * 3 * 6 * 3 * x.asnumpy()
    np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-6)
    z.backward()
    np.testing.assert_allclose(x.grad.asnumpy(), expected, rtol=1e-6)
    assert not autograd.is_recording()


def test_threads_register_recording_and_state_apart():
    results: dict[int, list] = {}

    def work(k: int) -> None:
        x = nd.array([float(k)])
        x.attach_grad()
        with autograd.record():
            y = nd.Custom(x, op_type="test_sigmoid")
        y.backward()
        results[k] = [y.asscalar(), x.grad.asscalar()]

    threads = [threading.Thread(target=work, args=(k,)) for k in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for k, (y, dy) in results.items():
        s = 1 / (1 + np.exp(-k))
        np.testing.assert_allclose([y, dy], [s, s * (1 - s)], rtol=1e-5)
    assert len(results) == 4


def test_in_a_data_loader_with_threads():
    from mxnet.gluon.data import ArrayDataset, DataLoader

    data = ArrayDataset(nd.arange(6).reshape((6, 1))).transform(lambda x: nd.Custom(x, op_type="test_sigmoid"))
    batches = [b.asnumpy().ravel() for b in DataLoader(data, 3, num_workers=2, thread_pool=True)]
    np.testing.assert_allclose(np.concatenate(batches), 1 / (1 + np.exp(-np.arange(6))), rtol=1e-5)


def test_inside_a_block():
    class Layer(mx.gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.dense = mx.gluon.nn.Dense(2)

        def hybrid_forward(self, F, x):
            return self.dense(F.Custom(x, op_type="test_sigmoid"))

    net = Layer()
    net.initialize(mx.init.One())
    np.testing.assert_allclose(net(nd.zeros((1, 4))).asnumpy(), [[2, 2]])
    assert net.dense.weight.shape == (2, 4)


@pytest.mark.parametrize("req", ["write", "inplace", "add", "null", None, 1])
def test_assign(req):
    target = nd.ones(2)
    CustomOp().assign(target, req, nd.array([3, 4]))
    expected = {"write": [3, 4], "inplace": [3, 4], "add": [4, 5]}
    assert target.asnumpy().tolist() == expected.get(req, [1, 1])


def test_what_a_prop_says_by_itself():
    prop = CustomOpProp()
    assert (prop.list_arguments(), prop.list_outputs(), prop.list_auxiliary_states()) == (["data"], ["output"], [])
    assert prop.infer_shape([[1, 2], [3]]) == ([[1, 2], [3]], ([1, 2],), ())
    assert prop.infer_type([np.float16, np.int32]) == ([np.float16, np.int32], [np.float16], [])
    assert prop.infer_storage_type(["default"]) == (["default"], ["default"], [])
    assert prop.infer_storage_type_backward(["default"], ["default"], ["default"], ["undefined"], []) == (
        ["default"], ["default"], ["default"], ["default"], [],
    )  # fmt: skip
    with pytest.raises(AssertionError, match="'csr' for in_stype.0"):
        prop.infer_storage_type(["csr"])
    assert prop.declare_backward_dependency([0], [1], [2]) == [0, 1, 2]
    assert CustomOpProp(need_top_grad=False).declare_backward_dependency([0], [1], [2]) == [1, 2]
    assert type(prop.create_operator(mx.cpu(), [[1]], [0])) is CustomOp


# ---- errors ----------------------------------------------------------------------------------------------------------


def fail(*args: Any, **kwargs: Any) -> Any:
    raise KeyError("mine")


@pytest.mark.parametrize(
    ("op", "prop", "where"),
    [
        ({"forward": fail}, {}, "Op.forward"),
        ({}, {"__init__": fail}, "Prop.__init__"),
        ({}, {"list_arguments": fail}, "Prop.list_arguments"),
        ({}, {"infer_shape": fail}, "Prop.infer_shape"),
        ({}, {"infer_type": fail}, "Prop.infer_type"),
        ({}, {"infer_storage_type": fail}, "Prop.infer_storage_type"),
        ({}, {"create_operator": fail}, "Prop.create_operator"),
    ],
)
def test_errors_of_the_user_arrive_with_a_note(op, prop, where):
    name = define("test_broken", op, **prop)
    with pytest.raises(KeyError, match="mine") as caught:
        nd.Custom(nd.ones(1), op_type=name)
    assert notes(caught.value) == f"in {where} of the custom operator 'test_broken'"
    with pytest.raises(KeyError, match="mine") as caught:
        sym.Custom(sym.var("x"), op_type=name).eval(x=nd.ones(1))
    assert where in notes(caught.value)


@pytest.mark.parametrize("error", [KeyError, RuntimeError, ValueError, mx.MXNetError])
def test_errors_in_backward(error):
    def backward(self, req, out_grad, in_data, out_data, in_grad, aux):
        raise error("mine")

    name = define("test_broken", {"backward": backward})
    x = nd.ones(1)
    x.attach_grad()
    with autograd.record():
        y = nd.Custom(x, op_type=name)
    with pytest.raises(error, match="mine") as caught:
        y.backward()
    assert type(caught.value) is error
    assert "Op.backward of the custom operator" in notes(caught.value)
    assert not autograd.is_recording()


@pytest.mark.parametrize(
    ("prop", "error", "message"),
    [
        ({"infer_shape": lambda self, s: (s, s, [], [])}, AssertionError, "must return 2 or 3 lists, but returned 4"),
        ({"infer_shape": lambda self, s: (s, [s[0], s[0]])}, AssertionError, r"1 output entries for \['output'\]"),
        ({"infer_shape": lambda self, s: ([], s)}, AssertionError, r"1 input entries for \['data'\]"),
        ({"infer_shape": lambda self, s: 5}, TypeError, "len"),
        ({"infer_shape": lambda self, s: ([[5]], s)}, mx.MXNetError, r"Shape inconsistent, Provided = \[2\].*'data'"),
        ({"infer_type": lambda self, t: (["int8"], t)}, mx.MXNetError, "Type inconsistent.*float32.*int8"),
        ({"infer_storage_type": lambda self, s: (s, ["csr"])}, mx.MXNetError, "dense arrays"),
        ({"create_operator": lambda self, *_: 5}, TypeError, "must return a mx.operator.CustomOp, but returned 5"),
        ({"__init__": lambda self, need: None}, TypeError, "need"),
    ],
)
def test_wrong_answers_of_a_prop(prop, error, message):
    name = define("test_broken", None, **prop)
    with pytest.raises(error, match=message):
        nd.Custom(nd.ones(2), op_type=name)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: nd.Custom(nd.ones(1)), mx.MXNetError, "'op_type' is missing"),
        (lambda: nd.Custom(nd.ones(1), op_type="nope"), mx.MXNetError, "no custom operator 'nope'.*'test_mix'"),
        (lambda: nd.Custom(op_type="test_sigmoid"), mx.MXNetError, r"expects 1 inputs \('data',\), but got 0"),
        (lambda: nd.Custom(*[nd.ones(1)] * 2, op_type="test_mix"), mx.MXNetError, "'left', 'right', 'calls'.* got 2"),
        (lambda: nd.Custom(data=nd.ones(1), op_type="test_sigmoid"), mx.MXNetError, "'data' must be given by position"),
        (lambda: nd.Custom(3, op_type="test_sigmoid"), AssertionError, "must have NDArray type"),
        (lambda: sym.Custom(sym.var("a")), mx.MXNetError, "'op_type' is missing"),
        (lambda: sym.Custom(sym.var("a"), op_type="nope"), mx.MXNetError, "no custom operator 'nope'"),
        (lambda: sym.Custom(*map(sym.var, "abcd"), op_type="test_mix"), mx.MXNetError, "3 inputs.*4 were given"),
        (lambda: sym.Custom(other=sym.var("a"), op_type="test_mix"), mx.MXNetError, "no input 'other'"),
        (lambda: sym.Custom(sym.var("a"), right=sym.var("b"), op_type="test_mix"), TypeError, "not both"),
        (lambda: sym.Custom(sym.split(sym.var("a"), num_outputs=2), op_type="test_mix"), mx.MXNetError, "one output"),
        (lambda: register(3), TypeError, "name, but got 3"),
        (lambda: register("test_int")(int), TypeError, "subclasses of mx.operator.CustomOpProp"),
    ],
)
def test_wrong_calls(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- in graphs -------------------------------------------------------------------------------------------------------


def test_names_attributes_and_json():
    with mx.name.NameManager():
        graph = sym.Custom(left=sym.var("a"), op_type="test_mix")
    assert graph.list_arguments() == ["a", "custom0_right"]
    assert graph.list_auxiliary_states() == ["custom0_calls"]
    assert graph.list_outputs() == ["custom0_sum", "custom0_product"]
    node = json.loads(graph.tojson())["nodes"][-1]
    assert node == {
        "op": "Custom", "name": "custom0", "attrs": {"op_type": "test_mix"},
        "inputs": [[0, 0, 0], [1, 0, 0], [2, 0, 1]],
    }  # fmt: skip
    again = sym.load_json(graph.tojson())
    assert again.tojson() == graph.tojson()
    assert again.list_auxiliary_states() == ["custom0_calls"]
    keywords = sym.Custom(sym.var("x"), op_type="test_sigmoid", k=3, size=(1, 2), name="s")
    assert keywords.attr_dict()["s"] == {"op_type": "test_sigmoid", "k": "3", "size": "(1, 2)"}
    assert LOG[-1] == ("keywords", {"k": "3", "size": "(1, 2)"})


def test_files_name_only_what_is_registered():
    text = sym.Custom(sym.var("x"), op_type="test_sigmoid", name="s").tojson()
    with pytest.raises(mx.MXNetError, match="node 1 's'.*no custom operator 'os.system'"):
        sym.load_json(text.replace('"test_sigmoid"', '"os.system"'))
    document = json.loads(text)
    del document["nodes"][1]["attrs"]
    with pytest.raises(mx.MXNetError, match="node 1 's'.*'op_type' is missing"):
        sym.load_json(json.dumps(document))
    document["nodes"][1].update(attrs={"op_type": "test_mix"})
    with pytest.raises(mx.MXNetError, match="node 1 's'.*Custom needs 3 inputs"):
        sym.load_json(json.dumps(document))


def test_inference():
    graph = sym.Custom(sym.var("a"), op_type="test_mix", name="m")
    assert graph.infer_shape(a=(2, 4)) == ([(2, 4), (2, 4)], [(2, 4), (2, 4)], [(1,)])
    assert LOG[0] == ("infer_shape", [[2, 4], []])
    assert graph.infer_type(a="float64") == ([np.float64] * 2, [np.float64] * 2, [np.float64])
    with pytest.raises(mx.MXNetError, match="Shape inconsistent"):
        graph.infer_shape(a=(2, 4), m_right=(3, 4))
    dense = sym.FullyConnected(graph[1], num_hidden=3, name="fc")
    assert dense.infer_shape(a=(2, 4))[0] == [(2, 4), (2, 4), (3, 4), (3,)]


def test_evaluation_gradient_and_state():
    graph = sym.Custom(sym.var("a"), sym.var("b"), op_type="test_mix", name="m")
    arrays = {"a": nd.array([1.0, 2]), "b": nd.array([3.0, 4]), "m_calls": nd.zeros(1)}
    arrays["a"].attach_grad()
    arrays["b"].attach_grad()
    with autograd.record():
        total, product = graph.eval(**arrays)
    assert [total.asnumpy().tolist(), product.asnumpy().tolist()] == [[4, 6], [3, 8]]
    autograd.backward([total, product])
    assert [arrays[k].grad.asnumpy().tolist() for k in "ab"] == [[4, 5], [2, 3]]
    assert arrays["m_calls"].asscalar() == 10
    before = len(LOG)
    graph.eval(**arrays)
    assert [entry[0] for entry in LOG[before:]] == ["infer_shape"]


def test_a_graph_creates_its_operator_once_for_each_shape():
    graph = sym.Custom(sym.var("x"), op_type="test_sigmoid")
    for shape in ((2,), (2,), (3,), (2,)):
        graph.eval(x=nd.ones(shape))
    assert [entry[2] for entry in LOG if entry[0] == "create"] == [[[2]], [[3]]]


def test_inside_of_loops():
    outputs, _ = sym.contrib.foreach(
        lambda d, s: (sym.Custom(d + s, op_type="test_sigmoid"), s), sym.var("x"), sym.var("s")
    )
    graph = sym.load_json(outputs.tojson())
    x, s = nd.array([[0.0], [1]]), nd.array([1.0])
    x.attach_grad()
    with autograd.record():
        (y,) = graph.eval(x=x, s=s)
    y.backward()
    expected = 1 / (1 + np.exp(-np.array([[1.0], [2]])))
    np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-6)
    np.testing.assert_allclose(x.grad.asnumpy(), expected * (1 - expected), rtol=1e-5)


# ---- the registry, and MXNet's older classes -------------------------------------------------------------------------


def test_listing():
    names = mx.operator.get_all_registered_operators()
    assert names == sorted(names)
    assert {"Custom", "FullyConnected", "_foreach"} <= set(names)
    assert "test_sigmoid" not in names
    narg, arguments, types = mx.operator.get_operator_arguments("FullyConnected")
    assert (narg, arguments) == (6, ["data", "weight", "bias", "num_hidden", "no_bias", "flatten"])
    assert types[:4] == ["NDArray-or-Symbol"] * 3 + ["int, required"]
    assert mx.operator.get_operator_arguments("Custom").names == ["data", "op_type"]
    assert mx.operator.get_operator_arguments("_cond").names[:4] == ["cond", "then_branch", "else_branch", "data"]
    with pytest.raises(mx.MXNetError, match="no operator 'test_sigmoid'"):
        mx.operator.get_operator_arguments("test_sigmoid")


@pytest.mark.parametrize(("base", "kind"), [(mx.operator.NumpyOp, np.ndarray), (mx.operator.NDArrayOp, nd.NDArray)])
def test_older_operators(base, kind):
    class Old(base):
        def list_arguments(self):
            return ["data", "label"]

        def infer_shape(self, in_shape):
            return [in_shape[0], [in_shape[0][0]]], [in_shape[0]]

        def forward(self, in_data, out_data):
            assert all(type(x) is kind for x in in_data)
            out_data[0][:] = in_data[0] * 2

        def backward(self, out_grad, in_data, out_data, in_grad):
            in_grad[0][:] = out_data[0] + 1
            in_grad[1][:] = 5

    with pytest.warns(UserWarning, match="has been deprecated. Please use CustomOp"):
        old = Old(need_top_grad=False)
    graph = old(data=sym.var("x"), name="q")
    assert (graph.list_arguments(), graph.list_outputs()) == (["x", "q_label"], ["q_output"])
    assert graph.infer_shape(x=(2, 3)) == ([(2, 3), (2,)], [(2, 3)], [])
    arrays = {"x": nd.ones((2, 3)), "q_label": nd.ones(2)}
    for array in arrays.values():
        array.attach_grad()
    with autograd.record():
        (y,) = graph.eval(**arrays)
    y.backward()
    assert (y.asnumpy() == 2).all()
    assert (arrays["x"].grad.asnumpy() == 3).all()
    assert (arrays["q_label"].grad.asnumpy() == 5).all()


def test_a_plain_python_op():
    with pytest.warns(UserWarning, match="deprecated"):
        op = mx.operator.PythonOp(False)
    target = nd.zeros(2)
    op.forward([nd.ones(2)], [target])
    assert target.asnumpy().tolist() == [1, 1]
    assert (op.need_top_grad(), op.list_arguments(), op.list_outputs()) == (False, ["data"], ["output"])
    with pytest.raises(NotImplementedError):
        op(sym.var("x"))
