"""Scenes: small programs about blocks and parameters, and what they say: texts, numbers, classes of errors.

Only NumPy is imported here: the recorder plays the scenes in the environment of the real MXNet, which is passed in as
``mx``.
"""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

SCENES: dict[str, Callable[[Any, Notes], None]] = {}


class Notes(list):
    """What a scene says, in order. An error is noted as ``{"raises": class and its base classes}``."""

    def say(self, *what: Any) -> None:
        for w in what:
            array = w.asnumpy().tolist() if type(w).__name__ == "NDArray" else w
            self.append(array if _plain(array) else str(array))

    @contextlib.contextmanager
    def fails(self) -> Iterator[None]:
        try:
            yield
        except Exception as error:
            self.append({"raises": [c.__name__ for c in type(error).__mro__]})
        else:
            self.append("does not fail")

    @contextlib.contextmanager
    def warned(self) -> Iterator[None]:
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            yield
        self.extend(f"{w.category.__name__}: {w.message}".strip() for w in caught if w.category is UserWarning)


def _plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(map(_plain, value))
    return value is None or isinstance(value, (str, bool, int, float))


def scene(function: Callable[[Any, Notes], None]) -> Callable[[Any, Notes], None]:
    SCENES[function.__name__] = function
    return function


def play(mx: Any, name: str) -> list:
    """What a scene says."""
    notes = Notes()
    with mx.name.NameManager():
        SCENES[name](mx, notes)
    return notes


def mlp(mx: Any, **kwargs: Any) -> Any:
    nn = mx.gluon.nn
    net = nn.HybridSequential(**kwargs)
    with net.name_scope():
        net.add(nn.Dense(3, in_units=2), nn.BatchNorm(in_channels=3), nn.Dense(2, in_units=3))
    return net


@contextlib.contextmanager
def a_file() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        yield os.path.join(folder, "net.params")


@scene
def names(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    for make in (lambda: nn.Dense(3), lambda: nn.Dense(3), lambda: nn.Dense(3, prefix="foo_"),
                 lambda: nn.Dense(3, prefix="foo"),
                 lambda: nn.Dense(3, prefix=""), lambda: nn.Activation("relu"), lambda: nn.Activation("tanh"),
                 lambda: nn.Conv2D(3, 3), lambda: nn.Conv1D(3, 3), lambda: nn.MaxPool2D(), lambda: nn.GlobalAvgPool2D(),
                 lambda: nn.Lambda("tanh"), lambda: nn.Block(), lambda: nn.HybridBlock(), lambda: nn.Dense(3,
                 activation="relu")):  # fmt: skip
        block = make()
        notes.say(block.name, block.prefix, block.params, block.collect_params())
    outer = nn.Sequential(prefix="A_")
    with outer.name_scope():
        inner = nn.Sequential(prefix="")
        with inner.name_scope():
            deep = nn.Dense(3)
        notes.say(nn.Dense(3).name, inner.name, deep.name, nn.Dense(2, prefix="foo_").name, nn.Dense(3, prefix="").name)
        with nn.Sequential().name_scope():
            notes.say(nn.Dense(3).name, nn.Sequential().name, mx.sym.relu(mx.sym.var("x")).name)
    with outer.name_scope():
        notes.say(nn.Dense(3).name)
    with contextlib.suppress(KeyError), outer.name_scope():
        raise KeyError
    notes.say(nn.Dense(3).name)
    with mx.name.Prefix("p_"):
        notes.say(nn.Dense(3).name)


@scene
def texts(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    net = nn.Sequential()
    with net.name_scope():
        net.add(nn.Dense(3, activation="relu"), nn.Dense(4), nn.Sequential())
        net[2].add(nn.Dense(4))
    notes.say(net, net.collect_params(), net.collect_params(".*weight"), net.collect_params("weight"), net.params)

    class My(nn.Block):
        def add(self, block: Any) -> None:
            self._children[block.name] = block

    my = My()
    my.add(nn.Dense(2))
    notes.say(my, list(my._children), my.collect_params())
    my.extra = nn.Dense(3, in_units=2)
    my.nothing = None
    notes.say(my, list(my._children), list(my._collect_params_with_prefix()))


@scene
def containers(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    net = nn.Sequential()
    net.add(nn.Lambda(lambda x: x + 1), nn.Lambda("relu"), nn.Lambda("tanh"))
    notes.say(len(net), net[0], net[-1].name, net[1:], net[::2], net[5:], net[1:].prefix, type(net[1:]).__name__)
    notes.say([b.name for b in net], bool(nn.Sequential()), net[0:2](mx.nd.array([1, 2])))
    with notes.fails():
        net[7]
    with notes.fails():
        net["a"]
    with notes.fails():
        net(mx.nd.ones(2), mx.nd.ones(2))
    with notes.fails():
        net()
    notes.say(nn.Sequential()(mx.nd.ones(2)), nn.HybridSequential()(mx.nd.ones(2)))
    hybrid = nn.HybridSequential()
    for child in (nn.Sequential(), 3, nn.Lambda("relu")):
        with notes.fails():
            hybrid.add(child)
    with notes.fails():
        hybrid.child = nn.Sequential()
    notes.say(len(hybrid))
    with notes.warned():
        net.hybridize()
        pure = nn.Sequential()
        pure.add(nn.Dense(3), nn.Dense(3))
        pure.hybridize(static_alloc=True)
    notes.say(pure[0]._active)

    class Listed(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            self.layers = [nn.Dense(3)]

    with notes.warned():
        notes.say(Listed().collect_params())


@scene
def attributes(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    net = nn.Sequential()
    net.a = nn.Dense(3)
    for value in (3, mx.nd.ones(3), None, "text"):
        with notes.fails():
            net.a = value
    net.a = nn.Dense(7)
    net.p = net.params.get("pp", shape=(3,))
    with notes.fails():
        net.p = 3
    with notes.fails():
        net.p = net.params.get("qq", shape=(2,))
    net.x = 3
    net.x = nn.Dense(3)
    with notes.fails():
        net.x = 4
    notes.say(net, list(net._reg_params), net.params)

    class Early(nn.Block):
        def __init__(self) -> None:
            self.layer = nn.Dense(3)
            super().__init__()

    with notes.fails():
        Early()
    for name in ("name", "prefix"):
        with notes.fails():
            setattr(net, name, "x")
    with notes.fails():
        nn.Dense(3, unknown=1)
    with notes.fails():
        nn.Sequential(unknown=1)


@scene
def not_ready(mx: Any, notes: Notes) -> None:
    """Reading and writing before there are values."""
    dense = mx.gluon.nn.Dense(3)
    weight = dense.weight
    calls = (weight.data, weight.grad, weight.list_data, weight.list_grad, weight.list_ctx, weight.zero_grad,
             lambda: weight.set_data(mx.nd.ones((2, 2))), lambda: dense(mx.nd.ones((2, 4))))  # fmt: skip
    for call in calls:
        with notes.fails():
            call()
    with notes.fails():
        weight.reset_ctx(mx.cpu(1))
    dense.initialize()
    for call in calls[:-1]:
        with notes.fails():
            call()
    notes.say(weight.list_ctx())
    dense.collect_params().reset_ctx(mx.cpu(1))
    notes.say(weight.list_ctx())
    weight.set_data(mx.nd.ones((3, 2)))
    notes.say(weight.shape)
    with notes.fails():
        weight.data()
    with notes.fails():
        dense(mx.nd.ones((2, 4), ctx=mx.cpu(1)))
    notes.say(dense(mx.nd.ones((2, 2), ctx=mx.cpu(1))), weight.data().context)


@scene
def values_of_parameters(mx: Any, notes: Notes) -> None:
    Parameter = mx.gluon.Parameter
    p = Parameter("w", shape=(2, 2))
    p.initialize("ones")
    notes.say(p, p.data(), p.grad(), p.list_ctx(), len(p.list_data()), p.grad_req, p.lr_mult, p.wd_mult)
    p.set_data(mx.nd.array([[1, 2], [3, 4]], dtype="float64"))
    p.set_data(np.array([[1, 2], [3, 5]]))
    notes.say(p.data())
    for bad in (mx.nd.ones(4), mx.nd.ones((2, 3))):
        with notes.fails():
            p.set_data(bad)
    with mx.autograd.record():
        y = (p.data() * 2).sum()
    y.backward()
    notes.say(p.grad())
    p.cast("float64")
    notes.say(p, p.data(), p.grad(), str(p.data().dtype), str(p.grad().dtype))
    p.zero_grad()
    notes.say(p.grad())
    p.grad_req = "add"
    for _ in range(2):
        with mx.autograd.record():
            y = (p.data() * 2).sum()
        y.backward()
    notes.say(p.grad())
    p.grad_req = "null"
    with notes.fails():
        p.grad()
    with notes.fails():
        p.list_grad()
    with notes.fails():
        p.grad_req = "other"
    with notes.fails():
        p.row_sparse_data(mx.nd.array([0]))
    with notes.fails():
        p.list_row_sparse_data(mx.nd.array([0]))
    for shape in ((4, 4), (2, 0), None):
        with notes.fails():
            p.shape = shape
    p.shape = (2, 2)
    notes.say(p.var(), sorted(p.var().attr_dict()["w"]))
    with notes.fails(), mx.autograd.record():
        p.grad_req = "write"
        p.set_data(mx.nd.ones((2, 2)))


@scene
def making_parameters(mx: Any, notes: Notes) -> None:
    Parameter = mx.gluon.Parameter
    notes.say(
        Parameter("w"),
        Parameter("w", shape=3),
        Parameter("w", shape=(2, 3), dtype="float16"),
        Parameter("w", shape=(0, -1)),
    )
    for arguments in ({}, {"shape": (2, 0)}, {"shape": ()}):
        with notes.fails():
            Parameter("w", **arguments).initialize()
    for arguments in ({"grad_req": "x"}, {"stype": "x"}, {"grad_stype": "x"}, {"unknown": 1}):
        with notes.fails():
            Parameter("w", **arguments)
    fixed = Parameter("w", shape=(2,), differentiable=False)
    fixed.grad_req = "write"
    notes.say(fixed.grad_req)
    for own, given, default in ((None, None, "ones"), ("zeros", None, "ones"), ("zeros", "ones", "zeros")):
        p = Parameter("some_bias", shape=(2,), init=own)
        p.initialize(given, default_init=mx.init.create(default))
        notes.say(p.data())
    whole = Parameter("w", shape=(2,), dtype="int32")
    whole.initialize("ones")
    notes.say(whole.data(), str(whole.data().dtype))
    with notes.fails():
        Parameter("v", shape=(2,)).initialize("nope")
    with notes.fails():
        Parameter("v", shape=(2,)).initialize(mx.init.Xavier())
    late = Parameter("w", shape=(2, 0), allow_deferred_init=True)
    late.initialize("ones")
    late.shape = (2, 3)
    late._finish_deferred_init()
    notes.say(late, late.data())
    with notes.warned():
        late.initialize("zeros")
    notes.say(late.data())
    late.initialize("zeros", force_reinit=True)
    notes.say(late.data())


@scene
def several_contexts(mx: Any, notes: Notes) -> None:
    Parameter = mx.gluon.Parameter
    p = Parameter("p", shape=(2,))
    p.initialize(ctx=[mx.cpu(0), mx.cpu(1)])
    one, two = p.list_data()
    notes.say(p.list_ctx(), bool((one.asnumpy() == two.asnumpy()).all()), p.data(mx.cpu(1)).context, p.data().context)
    with mx.Context("cpu", 1):
        notes.say(p.data().context, p.grad().context)
    with notes.fails():
        p.data(mx.cpu(2))
    with notes.fails(), mx.Context("cpu", 2):
        p.data()
    p.set_data(mx.nd.array([1, 3]))
    p.data(mx.cpu(1))[:] = 5
    p.reset_ctx(mx.cpu(3))
    notes.say(p.data(), p.list_ctx())
    with mx.Context("cpu", 1):
        q = Parameter("q", shape=(2,))
        q.initialize()
    notes.say(q.list_ctx(), q.data().context)
    net = mx.gluon.nn.Dense(2)
    net.initialize("ones", ctx=[mx.cpu(0), mx.cpu(1)])
    notes.say(net(mx.nd.ones((1, 3), ctx=mx.cpu(1))), net(mx.nd.ones((1, 3))), net.weight.list_ctx())
    with notes.fails():
        net(mx.nd.ones((1, 3), ctx=mx.cpu(2)))


@scene
def dictionaries(mx: Any, notes: Notes) -> None:
    ParameterDict = mx.gluon.ParameterDict
    pd = ParameterDict("net_")
    notes.say(pd, pd.prefix)
    w = pd.get("w", shape=(2, 0))
    notes.say(w, pd.get("w") is w)
    for arguments in ({"shape": (3, 0)}, {"shape": (2, 4)}, {"shape": (0, 4)}, {"shape": (2, 4, 1)},
                      {"dtype": "float16"},
                      {"dtype": "float32"}, {"init": "ones"}, {"init": "zeros"}, {"lr_mult": 3.0}):  # fmt: skip
        with notes.fails():
            pd.get("w", **arguments)
        notes.say(w.shape, w.init)
    with notes.fails():
        pd.get("v", unknown=3)
    c = pd.get_constant("c", [1, 2])
    notes.say(
        c,
        pd.get_constant("c") is c,
        pd.get_constant("c", np.array([1, 2])) is c,
        pd.get_constant("c", mx.nd.array([1, 2])) is c,
    )
    for arguments in (
        ("c", np.array([1, 3])),
        ("c", np.array([1, 3, 2])),
        ("c", mx.nd.array([1, 3])),
        ("d",),
        ("w", [3]),
    ):
        with notes.fails():
            pd.get_constant(*arguments)
    notes.say(
        pd,
        list(pd),
        "net_w" in pd,
        "w" in pd,
        pd["net_w"],
        list(pd.keys()),
        len(list(pd.values())),
        len(list(pd.items())),
    )
    with notes.fails():
        pd["w"]
    other = ParameterDict("net_")
    other.get("w", shape=(3,))
    with notes.fails():
        pd.update(other)
    shared = ParameterDict("net_", shared=pd)
    notes.say(shared.get("w") is w, shared, ParameterDict("b_", shared=pd).get("w", shape=(1,)))
    pd.initialize("zeros")
    notes.say(w.data(), c.data(), c.grad_req, pd.list_ctx())
    with notes.fails():
        c.grad()
    c.grad_req = "write"
    notes.say(c.grad_req)
    pd.setattr("grad_req", "null")
    pd.setattr("lr_mult", 0.5)
    notes.say(w.grad_req, w.lr_mult)
    pd.reset_ctx(mx.cpu(1))
    notes.say(pd.list_ctx())


@scene
def sharing(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    one = nn.Dense(3, prefix="one_")
    two = nn.Dense(3, params=one.params)
    notes.say(two.weight is one.weight, two.prefix, two.params)
    with notes.fails():
        nn.Dense(4, params=one.params)
    three = nn.Dense(3, in_units=7, params=one.params)
    notes.say(one.weight, three)
    pool = mx.gluon.ParameterDict("pool_")
    notes.say(nn.Dense(2, params=pool).weight.name, nn.Dense(2, prefix="mine_", params=pool).weight.name)

    class Tied(nn.HybridBlock):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            with self.name_scope():
                self.a = nn.Dense(2, in_units=2)
                self.b = nn.Dense(2, in_units=2, params=self.a.params)

        def hybrid_forward(self, F: Any, x: Any) -> Any:
            return self.b(self.a(x))

    tied = Tied()
    notes.say(tied, tied.collect_params(), list(tied._collect_params_with_prefix()), tied.b.prefix)
    tied.initialize("ones")
    x = mx.nd.ones((1, 2))
    with mx.autograd.record():
        y = tied(x)
    y.backward()
    notes.say(y, tied.a.weight.grad())
    with a_file() as path:
        tied.save_parameters(path)
        notes.say(list(mx.nd.load(path)))
        tied.save_parameters(path, deduplicate=True)
        notes.say(list(mx.nd.load(path)))
        fresh = Tied()
        fresh.load_parameters(path)
        notes.say(fresh(x))


@scene
def files(mx: Any, notes: Notes) -> None:
    net = mlp(mx)
    net.initialize(mx.init.Constant(0.5))
    with a_file() as path:
        net.save_parameters(path)
        notes.say(list(mx.nd.load(path)))
        fresh = mlp(mx)
        fresh.load_parameters(path)
        notes.say(fresh[0].weight.data(), fresh[0].weight.list_ctx())
        for ctx in ([mx.cpu(0), mx.cpu(1)],):
            fresh = mlp(mx)
            fresh.load_parameters(path, ctx=ctx)
            notes.say(fresh[0].weight.list_ctx())
            with notes.fails():
                fresh.load_parameters(path, ctx=mx.cpu(2))
        short = mx.gluon.nn.HybridSequential()
        short.add(mx.gluon.nn.Dense(3, in_units=2))
        with notes.fails():
            short.load_parameters(path)
        short.load_parameters(path, ignore_extra=True)
        long = mlp(mx)
        long.add(mx.gluon.nn.Dense(2))
        with notes.fails():
            long.load_parameters(path)
        long.load_parameters(path, allow_missing=True)
        with notes.fails():
            long[3].weight.data()
        wrong = mx.gluon.nn.HybridSequential()
        wrong.add(mx.gluon.nn.Dense(3, in_units=5), mx.gluon.nn.BatchNorm(in_channels=3), mx.gluon.nn.Dense(2))
        with notes.fails():
            wrong.load_parameters(path)
        double = mlp(mx)
        double.cast("float64")
        with notes.fails():
            double.load_parameters(path)
        double.load_parameters(path, cast_dtype=True)
        notes.say(str(double[0].weight.data().dtype))
        double.load_parameters(path, cast_dtype=True, dtype_source="saved")
        notes.say(str(double[0].weight.data().dtype))
        with notes.fails():
            double.load_parameters(path, cast_dtype=True, dtype_source="other")
        lazy = mx.gluon.nn.HybridSequential()
        lazy.add(mx.gluon.nn.Dense(3), mx.gluon.nn.BatchNorm(), mx.gluon.nn.Dense(2))
        lazy.load_parameters(path)
        notes.say(lazy)
        late = mx.gluon.nn.HybridSequential()
        late.add(mx.gluon.nn.Dense(3))
        late.initialize()
        with notes.fails():
            late.save_parameters(path)
        with notes.fails():
            late.load_parameters(path + "/nowhere")
        net.collect_params().save(path)
        notes.say(list(mx.nd.load(path)))
        with notes.fails():
            mlp(mx).load_parameters(path)
        net.collect_params().save(path, strip_prefix=net.prefix)
        notes.say(list(mx.nd.load(path)))
        other = mlp(mx)
        other.load_parameters(path)
        notes.say(other[0].weight.data())
        other = mlp(mx)
        other.collect_params().load(path, restore_prefix=other.prefix)
        notes.say(other[0].weight.data())
        with notes.fails():
            net.collect_params().save(path, strip_prefix="else")
        with notes.fails():
            other.collect_params().load(path, restore_prefix="else")
        with notes.fails():
            other.collect_params().load(path)
        mx.nd.save(path, {f"arg:{net.prefix}dense0_weight": mx.nd.ones((3, 2)), "aux:foo": mx.nd.ones(2)})
        with notes.fails():
            net.collect_params().load(path, allow_missing=True)
        net.collect_params().load(path, allow_missing=True, ignore_extra=True)
        notes.say(net[0].weight.data())


@scene
def summaries(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn

    def show(block: Any, *inputs: Any) -> None:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            block.summary(*inputs)
        notes.say(printed.getvalue())

    net = nn.HybridSequential(prefix="n_")
    with net.name_scope():
        net.add(nn.Conv2D(4, 3, in_channels=1), nn.BatchNorm(), nn.MaxPool2D(), nn.Flatten(),
                nn.Dense(5, activation="relu", in_units=36), nn.Dropout(0.3), nn.Dense(2, use_bias=False))  # fmt: skip
    with notes.fails():
        net.summary(mx.nd.ones((2, 1, 8, 8)))
    net.initialize()
    show(net, mx.nd.ones((2, 1, 8, 8)))
    with notes.fails():
        net.summary()
    net.hybridize()
    with notes.fails():
        net.summary(mx.nd.ones((2, 1, 8, 8)))

    class Odd(nn.Block):
        def __init__(self) -> None:
            super().__init__()
            with self.name_scope():
                self.d = nn.Dense(3, in_units=3)
                self.e = nn.Dense(3, params=self.d.params)
                self.w = self.params.get("w", shape=(3,))
                self.c = self.params.get_constant("c", [1, 2, 3])

        def forward(self, x: Any, y: Any) -> Any:
            return self.d(x) + self.d(y), [self.e(x), self.w.data(), None]

    odd = Odd()
    odd.initialize()
    show(odd, mx.nd.ones((1, 3)), mx.nd.ones((1, 3)))
    notes.say(len(odd.d._forward_hooks))

    class Given(nn.Block):
        def __init__(self, function: Any) -> None:
            super().__init__()
            self.function = function

        def forward(self, *inputs: Any) -> Any:
            return self.function(*inputs)

    x, y = mx.nd.ones((2, 2)), mx.nd.ones(1)
    for function, inputs in ((lambda a: (a,), (x,)), (lambda a: ((a,), a), (x,)), (lambda a: [[a, (a, 3)], a], (x,)),
                             (lambda *_: None, ((x, y),)), (lambda *_: "text", (x, [y, (x,)])), (lambda *_: (), (3,
                             None)), (lambda a: (a,) * 9, (x,))):  # fmt: skip
        show(Given(function), *inputs)


@scene
def hooks(mx: Any, notes: Notes) -> None:
    dense = mx.gluon.nn.Dense(2, in_units=2)
    dense.initialize("ones")
    x, log = mx.nd.ones((1, 2)), []
    after = dense.register_forward_hook(lambda b, i, o: log.append(["after", b.name, len(i), list(o.shape)]))
    before = dense.register_forward_pre_hook(lambda b, i: log.append(["before", b.name, len(i)]))
    dense(x)
    after.detach()
    dense(x)
    before.detach()
    before.detach()
    dense(x)
    notes.say(log, type(after).__name__, type(after).__module__)
    with dense.register_forward_hook(lambda b, i, o: log.append("inside")):
        dense(x)
    dense(x)
    notes.say(log[-1], len(log))
    dense.register_forward_hook(lambda b, i, o: o * 0)
    dense.register_forward_pre_hook(lambda b, i: (i[0] * 0,))
    notes.say(dense(x))
    with notes.fails():
        before.attach(dense._forward_hooks, print)
    order: list[str] = []
    net = mlp(mx)
    notes.say(net.apply(lambda b: order.append(b.name)) is net, order)


@scene
def casting(mx: Any, notes: Notes) -> None:
    net = mlp(mx)
    net.initialize("ones")
    for dtype in ("float16", "float64", np.float32):
        net.cast(dtype)
        notes.say([[k, np.dtype(p.dtype).name, np.dtype(p.data().dtype).name] for k, p in net.collect_params().items()])
    late = mx.gluon.nn.Dense(2)
    late.cast("float64")
    late.initialize("ones")
    notes.say(late(mx.nd.ones((1, 2), dtype="float64")), str(late.weight.data().dtype))


@scene
def own_hybrid_blocks(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn

    class Own(nn.HybridBlock):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.w = self.params.get("weight", shape=(3, 0), allow_deferred_init=True)
            self.d = nn.Dense(3, use_bias=False)

        def hybrid_forward(self, F: Any, x: Any, y: Any, w: Any, z: Any = None) -> Any:
            notes.say(F.__name__, type(x).__name__)
            return F.FullyConnected(self.d(x) + y, w, num_hidden=3, no_bias=True), [x, y]

    own = Own()
    own.initialize("ones")
    out, (x, y) = own(mx.nd.ones((1, 4)), mx.nd.ones((1, 3)))
    notes.say(out, x, y, own.w, own.d.weight)
    notes.say(own(mx.nd.ones((1, 4)), 3)[0])
    with notes.fails():
        own(3, 4)
    with notes.fails():
        own(mx.nd.ones((1, 5)), 3)

    class Forward(nn.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.w = self.params.get("w", shape=(3, 0), allow_deferred_init=True)
            self.d = nn.Dense(3)

        def forward(self, x: Any) -> Any:
            notes.say(self.d(x))
            return self.w.data()

    forward = Forward()
    forward.initialize("ones")
    with notes.fails():
        forward(mx.nd.ones((1, 2)))

    class Empty(nn.HybridBlock):
        pass

    class EmptyBlock(nn.Block):
        pass

    for kind in (Empty, EmptyBlock):
        with notes.fails():
            kind()(mx.nd.ones(2))
    dense = nn.Dense(3, in_units=2)
    for bad in (3, "a", None, np.ones((2, 2))):
        with notes.fails():
            dense(bad)
    with notes.fails():
        dense()
    dense.initialize()
    for bad in (mx.nd.ones((2, 3)), mx.nd.ones((2, 2), dtype="float64"), [mx.nd.ones((2, 2))]):
        with notes.fails():
            dense(bad)
    symbol = nn.Dense(3, activation="relu", prefix="q_")(mx.sym.var("data"))
    notes.say(symbol, symbol.list_arguments(), symbol.get_internals().list_outputs())
    net = nn.HybridSequential()
    net.add(nn.Dense(2), nn.BatchNorm(), nn.Dense(4, activation="tanh"))
    notes.say(net(mx.sym.var("data")).get_internals().list_outputs())
    lazy = nn.Dense(3)
    lazy.infer_shape(mx.nd.ones((2, 7)))
    notes.say(lazy.weight)


@scene
def bad_layers(mx: Any, notes: Notes) -> None:
    nn = mx.gluon.nn
    for make in (lambda: nn.Conv2D(3, (1, 2, 3)), lambda: nn.Conv2D(3, 3, layout="NHCW"), lambda: nn.Conv2D(3, 3, (1,)),
                 lambda: nn.Conv2D(3, 3, groups=2), lambda: nn.Conv2D(4, 3, groups=2, in_channels=3), lambda:
                 nn.Conv2D(0, 3), lambda: nn.Conv2D(2.5, 3), lambda: nn.Conv2D(3, 0), lambda: nn.Conv2D(3, 3,
                 padding=(1, 1, 1)), lambda: nn.Conv2D(3, 3, dilation=(1, 1, 1)), lambda: nn.Conv1D(1, 1, layout="NWC"),
                 lambda: nn.MaxPool2D((1, 2, 3)), lambda: nn.MaxPool2D(2, layout="NCW"), lambda:
                 nn.GlobalAvgPool2D("NCW"), lambda: nn.LeakyReLU(-1), lambda: nn.Lambda("nope"), lambda: nn.Lambda(3),
                 lambda: nn.HybridLambda("nope"), lambda: nn.HybridLambda(3), lambda: nn.ReflectionPad2D((1, 2)),
                 lambda: nn.Dense(3, foo=1)):  # fmt: skip
        with notes.fails():
            make()

    def run(layer: Any, shape: tuple[int, ...]) -> None:
        layer.initialize()
        layer(mx.nd.ones(shape)).wait_to_read()

    for make, shape in ((lambda: nn.Dense(3, activation="foo"), (2, 2)), (lambda: nn.Dense(0), (2, 2)),
                        (lambda: nn.Dense(3, in_units=4), (2, 2)), (lambda: nn.Dropout(1.5), (2, 2)),
                        (lambda: nn.BatchNorm(axis=5), (2, 3)), (lambda: nn.GroupNorm(4), (2, 6, 4)),
                        (lambda: nn.Activation("foo"), (2, 2)), (lambda: nn.Conv2D(2, 3), (1, 1, 2, 2)),
                        (lambda: nn.Conv2D(2, 3), (2, 2))):  # fmt: skip
        with notes.fails():
            run(make(), shape)


@scene
def splitting_and_clipping(mx: Any, notes: Notes) -> None:
    utils, nd = mx.gluon.utils, mx.nd
    for data, parts, more in ((nd.arange(10), 3, {"even_split": False}), (nd.arange(10), 5, {}), (nd.arange(4), 1, {}),
                              (nd.arange(12).reshape((2, 6)), 3, {"batch_axis": 1}),
                              (nd.arange(21).reshape((3, 7)), 3, {"batch_axis": 1, "even_split": False})):  # fmt: skip
        for part in utils.split_data(data, parts, **more):
            notes.say(part)
    with notes.fails():
        utils.split_data(nd.arange(10), 3)
    for data in (np.arange(4), [1, 2, 3, 4], nd.arange(4)):
        for part in utils.split_and_load(data, [mx.cpu(0), mx.cpu(1)]):
            notes.say(part, part.context)
    with notes.fails():
        utils.split_and_load(nd.arange(4), mx.cpu(1))
    arrays = [nd.ones((2, 2)), nd.ones(3, ctx=mx.cpu(1)) * 2]
    notes.say(float(utils.clip_global_norm(arrays, 1.0)), *arrays)
    notes.say(float(utils.clip_global_norm(arrays, 100)), *arrays)
    notes.say(utils.clip_global_norm(arrays[:1], 100, check_isfinite=False))
    with notes.fails():
        utils.clip_global_norm([], 1.0)
    with notes.warned():
        utils.clip_global_norm([nd.array([np.nan])], 1.0)
