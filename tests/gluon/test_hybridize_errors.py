"""What cannot be recorded is an error that names the block and shows the line and what to write instead."""

from __future__ import annotations

import operator as python
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.base import MXNetError, NotImplementedForSymbol
from mxnet.gluon import nn
from mxnet.ndarray.traced import RecordingError

Use = Callable[[Any, Any], Any]


class Inner(gluon.HybridBlock):
    def __init__(self, use: Use, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.use = use

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return self.use(F, x * 2)


class Run(Inner):
    def forward(self, x: nd.NDArray) -> Any:
        return self.use(nd, x * 2)


def nested(inner: gluon.HybridBlock) -> nn.HybridSequential:
    net = nn.HybridSequential(prefix="outer_")
    net.add(nn.Activation("relu"), inner, nn.Activation("relu"))
    return net


# What is used -> the code, the class that MXNet raises for a symbol, what the message calls it and suggests.
BRANCH, WRITE, VALUES, SHAPE = "F.where", "compute a new array", "compute it outside", "override forward"
IN_BOTH: dict[str, tuple[Use, type, str, str]] = {
    "if": (lambda F, x: x if x else -x, NotImplementedForSymbol, "bool(x)", BRANCH),
    "if of a sum": (lambda F, x: x if x.sum() > 0 else -x, NotImplementedForSymbol, "bool(x)", BRANCH),
    "while": (lambda F, x: [None for _ in iter(lambda: bool(x), False)], NotImplementedForSymbol, "bool(x)", BRANCH),
    "and": (lambda F, x: x and x, NotImplementedForSymbol, "bool(x)", BRANCH),
    "not": (lambda F, x: not x, NotImplementedForSymbol, "bool(x)", BRANCH),
    "0 < x < 1": (lambda F, x: 0 < x < 1, NotImplementedForSymbol, "bool(x)", BRANCH),
    "bool()": (lambda F, x: bool(x), NotImplementedForSymbol, "bool(x)", BRANCH),
    "asnumpy": (lambda F, x: x.asnumpy(), NotImplementedForSymbol, "x.asnumpy()", VALUES),
    "asscalar": (lambda F, x: x.asscalar(), NotImplementedForSymbol, "x.asscalar()", VALUES),
    "item": (lambda F, x: x.item(), AttributeError, "x.item()", VALUES),
    "float": (lambda F, x: x * float(x), TypeError, "float(x)", VALUES),
    "int": (lambda F, x: x * int(x), TypeError, "int(x)", VALUES),
    "a list's index": (lambda F, x: [1, 2][x], TypeError, "x as a number", VALUES),
    "range": (lambda F, x: range(x), TypeError, "x as a number", VALUES),
    "x[0] = 1": (lambda F, x: python.setitem(x, 0, 1), TypeError, "x[...] = value", WRITE),
    "x[:] = x": (lambda F, x: python.setitem(x, slice(None), x), TypeError, "x[...] = value", WRITE),
    "x += 1": (lambda F, x: python.iadd(x, 1), NotImplementedForSymbol, "x += ...", WRITE),
    "x -= x": (lambda F, x: python.isub(x, x), NotImplementedForSymbol, "x -= ...", WRITE),
    "x *= 2": (lambda F, x: python.imul(x, 2), NotImplementedForSymbol, "x *= ...", WRITE),
    "x /= 2": (lambda F, x: python.itruediv(x, 2), NotImplementedForSymbol, "x /= ...", WRITE),
    "out=": (lambda F, x: F.exp(x, out=x), NotImplementedForSymbol, "out=", WRITE),
    "copyto": (lambda F, x: x.copyto(mx.cpu(1)), AttributeError, "x.copyto(...)", "move the inputs"),
    "as_in_context": (lambda F, x: x.as_in_context(mx.cpu(1)), TypeError, "x.as_in_context(...)", "move the inputs"),
    "attach_grad": (lambda F, x: x.attach_grad(), AttributeError, "x.attach_grad()", "autograd.record()"),
    "backward": (lambda F, x: x.backward(), NotImplementedForSymbol, "x.backward()", "autograd.record()"),
    "grad": (lambda F, x: x.grad, AttributeError, "x.grad", "autograd.record()"),
    "autograd.pause": (lambda F, x: paused(F, x), MXNetError, "another mode of autograd", "F.BlockGrad"),
}  # fmt: skip
OF_SYMBOLS: dict[str, tuple[Use, type, str, str]] = {
    "shape": (lambda F, x: x.reshape((x.shape[0], -1)), AttributeError, "x.shape", SHAPE),
    "ndim": (lambda F, x: x.ndim, AttributeError, "x.ndim", SHAPE),
    "size": (lambda F, x: x.size, AttributeError, "x.size", SHAPE),
    "dtype": (lambda F, x: x.astype(x.dtype), AttributeError, "x.dtype", SHAPE),
    "context": (lambda F, x: x.context, AttributeError, "x.context", SHAPE),
    "NumPy": (lambda F, x: np.log(x), TypeError, "the values as a NumPy array", VALUES),
    "wait_to_read": (lambda F, x: x.wait_to_read(), NotImplementedForSymbol, "x.wait_to_read()", VALUES),
}


def paused(F: Any, x: Any) -> Any:
    with autograd.pause():
        return x * 2


CASES = [(kind, *case) for kind, table in ((Inner, IN_BOTH), (Run, IN_BOTH), (Inner, OF_SYMBOLS))
         for case in table.items()]  # fmt: skip


@pytest.mark.parametrize(("kind", "name", "case"), CASES, ids=[f"{case[0].__name__}-{case[1]}" for case in CASES])
def test_message(kind, name, case):
    use, error, spelled, instead = case
    for net in (kind(use, prefix="inner_"), nested(kind(use, prefix="inner_"))):
        net.hybridize()
        for _ in range(2):  # nothing of a failed recording stays
            with pytest.raises(RecordingError) as caught, autograd.record():
                net(nd.ones(1))
            assert isinstance(caught.value, error) or kind is Run  # MXNet does not record those
            first, place, line, last = str(caught.value).split("\n")
            assert first.startswith(f"block 'inner' cannot be recorded as a graph, because it uses {spelled}")
            assert place.startswith('  File "')
            assert "test_hybridize_errors.py" in place
            assert "lambda F, x" in line or "return x * 2" in line or "with autograd.pause()" in line
            assert last.startswith("Instead, ")
            assert instead in last


@pytest.mark.parametrize("kind", [Inner, Run])
def test_other_errors_stay_what_they_are(kind):
    def wrong(F: Any, x: Any) -> Any:
        raise KeyError("mine")

    for use, error in (
        (wrong, KeyError),
        (lambda F, x: F.nonsense(x), AttributeError),
        (lambda F, x: x.nonsense, AttributeError),
        (lambda F, x: F.FullyConnected(x, wrong=1), MXNetError),
        (lambda F, x: x + "text", TypeError),
    ):
        net = kind(use)
        net.hybridize()
        with pytest.raises(error) as caught:
            net(nd.ones(1))
        assert not isinstance(caught.value, RecordingError)


def test_operators_that_fail_name_their_block():
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(nn.Dense(3, in_units=4), nn.Dense(2, in_units=3))
    net.initialize()
    net.hybridize()
    net(nd.ones((1, 4)))
    for _ in range(2):
        with pytest.raises(MXNetError, match=r"(?s)FullyConnected in block 'net_dense0.*Received: data \(1, 5\)"):
            net(nd.ones((1, 5)))
        assert net(nd.ones((1, 4))).shape == (1, 2)


# ---- what a forward keeps --------------------------------------------------------------------------------------------


def test_arrays_kept_in_an_attribute():
    class Net(gluon.HybridBlock):
        def forward(self, x: nd.NDArray) -> nd.NDArray:
            self.kept = x * 2
            return self.kept + 1

    net = Net(prefix="net_")
    net.hybridize()
    with pytest.raises(RecordingError, match=r"block 'net' .* the attribute 'kept' to keep an array\. Instead, return"):
        net(nd.ones(1))


def test_arrays_kept_elsewhere():
    """They have no values outside; a later recording does not know them."""
    kept: list[nd.NDArray] = []

    class Net(gluon.HybridBlock):
        def forward(self, x: nd.NDArray) -> nd.NDArray:
            kept.append(x * 2)
            return kept[0] + x

    net = Net()
    net.hybridize()
    net(nd.ones(1))
    with pytest.raises(RecordingError):
        kept[0].asnumpy()
    with pytest.raises(RecordingError):
        kept[0] + 1
    with pytest.raises(MXNetError):
        net(nd.ones(2))


def test_a_counter_in_an_attribute():
    class Net(gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.count = nd.zeros(1)

        def forward(self, x: nd.NDArray) -> nd.NDArray:
            self.count += 1
            return x * self.count

    net = Net()
    net.hybridize()
    with pytest.raises(RecordingError, match="writes to an array of its own"):
        net(nd.ones(1))


@pytest.mark.parametrize("how", ["used", "computed with", "read"])
def test_array_attributes_that_change(how):
    """An array of the block's own: new values show in the next call, whatever was computed from the old ones."""

    class Net(gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.tables = [nd.array([1.0, 2.0])]

        def forward(self, x: nd.NDArray) -> nd.NDArray:
            table = self.tables[0]
            return x * {"used": lambda: table, "computed with": lambda: table * 1,
                        "read": lambda: float(table.asnumpy()[0])}[how]()  # fmt: skip

    net = Net()
    net.hybridize()
    for value in (1, 1, 1, 1, 5, 5, 7):
        net.tables[0][:] = value
        assert net(nd.ones(2)).asnumpy().tolist() == [value, value]
    net.tables[0][0] = 9
    assert net(nd.ones(2)).asnumpy()[0] == 9
    net.tables = [nd.array([3.0, 3.0])]
    assert net(nd.ones(2)).asnumpy()[0] == 3


def test_parameters_cannot_be_written_in_forward():
    class Net(gluon.HybridBlock):
        def __init__(self) -> None:
            super().__init__()
            self.weight = self.params.get("weight", shape=(1,), init="ones")

        def forward(self, x: nd.NDArray) -> nd.NDArray:
            self.weight.data()[:] = 3
            return x

    net = Net()
    net.initialize()
    net.hybridize()
    with pytest.raises(RecordingError, match=r"x\[\.\.\.\] = value"):
        net(nd.ones(1))
    assert net.weight.data().asscalar() == 1
