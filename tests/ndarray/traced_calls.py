"""Calls on arrays that are being recorded: each public method and property of NDArray, each function of ``mx.nd`` that
is more than an operator's face. ``REPLAYED``: they can be recorded. ``REFUSED``: values would escape the graph.
"""

from __future__ import annotations

import copy
import operator as python
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np

import mxnet as mx
from mxnet import autograd, nd

__all__ = ["FUNCTIONS", "REFUSED", "REPLAYED"]

# Of x and y, both (3, 4).
Call = Callable[[nd.NDArray, nd.NDArray], Any]

METHODS: dict[str, Call] = {
    "T": lambda x, y: x.T + 1,
    "__abs__": lambda x, y: abs(x),
    "__add__": lambda x, y: [x + y, x + 2],
    "__copy__": lambda x, y: copy.copy(x) * y,
    "__deepcopy__": lambda x, y: copy.deepcopy(x) * y,
    "__div__": lambda x, y: x.__div__(y),
    "__eq__": lambda x, y: [x == y, x == 1],
    "__ge__": lambda x, y: [x >= y, x >= 1],
    "__gt__": lambda x, y: [x > y, x > 1],
    "__hash__": lambda x, y: {x: x + 1, y: y}[x],
    "__iter__": lambda x, y: [row * i for i, row in enumerate(x)],
    "__le__": lambda x, y: [x <= y, x <= 1],
    "__len__": lambda x, y: x * len(x),
    "__lt__": lambda x, y: [x < y, x < 1],
    "__mod__": lambda x, y: [x % y, x % 2],
    "__mul__": lambda x, y: [x * y, x * 2],
    "__ne__": lambda x, y: [x != y, x != 1],
    "__neg__": lambda x, y: -x,
    "__pow__": lambda x, y: [x**y, x**2],
    "__radd__": lambda x, y: 2 + x,
    "__rdiv__": lambda x, y: x.__rdiv__(2),
    "__rmod__": lambda x, y: 2 % x,
    "__rmul__": lambda x, y: np.float32(2) * x,
    "__rpow__": lambda x, y: 2**x,
    "__rsub__": lambda x, y: 2 - x,
    "__rtruediv__": lambda x, y: 2 / x,
    "__sub__": lambda x, y: [x - y, x - 2],
    "__truediv__": lambda x, y: [x / y, x / 2],
    "abs": lambda x, y: (-x).abs(),
    "arccos": lambda x, y: (x / 10).arccos(),
    "arccosh": lambda x, y: (x + 2).arccosh(),
    "arcsin": lambda x, y: (x / 10).arcsin(),
    "arcsinh": lambda x, y: x.arcsinh(),
    "arctan": lambda x, y: x.arctan(),
    "arctanh": lambda x, y: (x / 10).arctanh(),
    "argmax": lambda x, y: x.argmax(axis=1),
    "argmax_channel": lambda x, y: x.argmax_channel(),
    "argmin": lambda x, y: x.argmin(axis=0),
    "argsort": lambda x, y: x.argsort(),
    "as_in_context": lambda x, y: x.as_in_context(x.context) + y,
    "as_in_ctx": lambda x, y: x.as_in_ctx(y.ctx) + y,
    "as_nd_ndarray": lambda x, y: x.as_nd_ndarray() + y,
    "astype": lambda x, y: [x.astype("float16"), x.astype(np.float32, copy=False), x.astype("int32")],
    "broadcast_axes": lambda x, y: x.expand_dims(0).broadcast_axes(axis=0, size=2),
    "broadcast_like": lambda x, y: x[0].broadcast_like(y),
    "broadcast_to": lambda x, y: [x.broadcast_to((2, 3, 4)), x[0].broadcast_to((3, 4)), x.broadcast_to(x.shape)],
    "cbrt": lambda x, y: x.cbrt(),
    "ceil": lambda x, y: x.ceil(),
    "clip": lambda x, y: x.clip(1, 2),
    "context": lambda x, y: nd.ones(x.shape, ctx=x.context) + x,
    "copy": lambda x, y: x.copy() + y,
    "copyto": lambda x, y: x.copyto(mx.cpu(0)) * y,
    "cos": lambda x, y: x.cos(),
    "cosh": lambda x, y: x.cosh(),
    "ctx": lambda x, y: nd.ones(x.shape, ctx=x.ctx) + x,
    "degrees": lambda x, y: x.degrees(),
    "depth_to_space": lambda x, y: x.reshape((1, 12, 1, 1)).depth_to_space(2),
    "detach": lambda x, y: x.detach() * y + x,
    "diag": lambda x, y: x.diag(),
    "dtype": lambda x, y: x.astype(y.dtype),
    "exp": lambda x, y: x.exp(),
    "expand_dims": lambda x, y: [x.expand_dims(1), x.expand_dims(-1, inplace=True) * 2],
    "expm1": lambda x, y: x.expm1(),
    "fix": lambda x, y: x.fix(),
    "flatten": lambda x, y: [x.flatten(), x.reshape((3, 2, 2)).flatten(inplace=True)],
    "flip": lambda x, y: x.flip(axis=1),
    "floor": lambda x, y: x.floor(),
    "log": lambda x, y: x.log(),
    "log10": lambda x, y: x.log10(),
    "log1p": lambda x, y: x.log1p(),
    "log2": lambda x, y: x.log2(),
    "log_softmax": lambda x, y: x.log_softmax(),
    "max": lambda x, y: x.max(axis=0),
    "mean": lambda x, y: x.mean(),
    "min": lambda x, y: x.min(axis=1, keepdims=True),
    "nanprod": lambda x, y: x.nanprod(),
    "nansum": lambda x, y: x.nansum(axis=0),
    "ndim": lambda x, y: x * x.ndim,
    "norm": lambda x, y: x.norm(),
    "one_hot": lambda x, y: x.one_hot(5),
    "ones_like": lambda x, y: x.ones_like() + y,
    "pad": lambda x, y: x.reshape((1, 1, 3, 4)).pad(mode="edge", pad_width=(0, 0, 0, 0, 1, 1, 2, 2)),
    "pick": lambda x, y: x.pick(y[:, 0]),
    "prod": lambda x, y: x.prod(axis=1),
    "radians": lambda x, y: x.radians(),
    "rcbrt": lambda x, y: x.rcbrt(),
    "reciprocal": lambda x, y: x.reciprocal(),
    "relu": lambda x, y: (x - 1).relu(),
    "repeat": lambda x, y: x.repeat(2, axis=0),
    "reshape": lambda x, y: [
        x.reshape(4, 3), x.reshape((2, -1)), x.reshape(shape=(0, -4, 2, 2)), x.reshape(-1), x.reshape([6, 2]),
        x.reshape((-1, 3), reverse=True), x.reshape(12) * 2,
    ],
    "reshape_like": lambda x, y: x.reshape((4, 3)).reshape_like(y),
    "rint": lambda x, y: x.rint(),
    "round": lambda x, y: x.round(),
    "rsqrt": lambda x, y: x.rsqrt(),
    "shape": lambda x, y: x.reshape((x.shape[1], x.shape[0])) * y.shape[1],
    "shape_array": lambda x, y: x.shape_array(),
    "sigmoid": lambda x, y: x.sigmoid(),
    "sign": lambda x, y: (x - 1).sign(),
    "sin": lambda x, y: x.sin(),
    "sinh": lambda x, y: x.sinh(),
    "size": lambda x, y: x.sum() / x.size,
    "size_array": lambda x, y: x.size_array(),
    "slice": lambda x, y: x.slice(begin=(0, 1), end=(2, 3)),
    "slice_axis": lambda x, y: x.slice_axis(axis=1, begin=1, end=-1),
    "slice_like": lambda x, y: x.slice_like(y[:2, :2]),
    "softmax": lambda x, y: x.softmax(axis=0),
    "softmin": lambda x, y: x.softmin(),
    "sort": lambda x, y: x.sort(axis=0),
    "space_to_depth": lambda x, y: x.reshape((1, 1, 6, 2)).space_to_depth(2),
    "split": lambda x, y: x.split(num_outputs=2, axis=1),
    "split_v2": lambda x, y: [x.split_v2((1,)), x.split_v2(2, axis=1)[1] * 2],
    "sqrt": lambda x, y: x.sqrt(),
    "square": lambda x, y: x.square(),
    "squeeze": lambda x, y: [x.expand_dims(0).squeeze(), x.expand_dims(1).squeeze(axis=1, inplace=True)],
    "stype": lambda x, y: x * (1 if x.stype == "default" else 2),
    "sum": lambda x, y: x.sum(axis=1),
    "swapaxes": lambda x, y: x.swapaxes(0, 1),
    "take": lambda x, y: x.take(y[0]),
    "tan": lambda x, y: x.tan(),
    "tanh": lambda x, y: x.tanh(),
    "tile": lambda x, y: x.tile((2, 1)),
    "topk": lambda x, y: [x.topk(k=2), x.topk(k=1, ret_typ="value")],
    "tostype": lambda x, y: x.tostype("default") * 2,
    "transpose": lambda x, y: [x.transpose(), x.transpose((1, 0)), x.transpose(axes=(1, 0))],
    "trunc": lambda x, y: x.trunc(),
    "wait_to_read": lambda x, y: x.wait_to_read() or x * 2,
    "writable": lambda x, y: x * x.writable,
    "zeros_like": lambda x, y: x.zeros_like() + y,
}  # fmt: skip

KEYS: dict[str, Any] = {
    repr(key): key
    for key in (
        0, -1, np.int64(1), slice(None), slice(1, None), slice(None, None, 2), slice(None, None, -1), slice(-2, None),
        slice(2, 0, -1), Ellipsis, None, (0, 1), (-1, -2), (slice(None), 1), (slice(None), -1), (1, slice(None)),
        (slice(0, 2), slice(1, 3)), (Ellipsis, 0), (0, Ellipsis), (Ellipsis, slice(1, 3)), (None, 0), (0, None),
        (slice(None), None), (None, Ellipsis, None), (slice(None), slice(None, None, -2)), (Ellipsis, None, 1),
        (slice(0, 10), slice(-10, 2)), (), True,
        (1, 1, None), slice(1, 1), slice(3, 1), 5, (0, 9), (0, 0, 0), "text", 1.5,
    )
}  # fmt: skip
METHODS["__getitem__"] = lambda x, y: [x[1], x[:, 1], x[1:, ::2], x[-1, -1], x[y[0]]]

FUNCTIONS: dict[str, Call] = {
    "add": lambda x, y: [nd.add(x, y), nd.add(x, 2), nd.add(2, x), nd.add(x, nd.ones((3, 4)))],
    "arange": lambda x, y: [x * nd.arange(4), nd.arange(x.shape[1], ctx=x.ctx) + x, nd.arange(0, 1, 0.25) * y],
    "concatenate": lambda x, y: [nd.concatenate([x, y]), nd.concatenate([x], always_copy=False) * 2],
    "contrib.foreach": lambda x, y: nd.contrib.foreach(lambda d, s: (d + s, s * d), x, y[0]),
    "contrib.foreach of lists": lambda x, y: nd.contrib.foreach(
        lambda d, s: ([d[0], d[1] + s[0]], [s[0] + 1]), [x, y], [x[0]]
    ),
    "contrib.isfinite": lambda x, y: nd.contrib.isfinite(x / (y - 1)),
    "contrib.isinf": lambda x, y: nd.contrib.isinf(x / (y - 1)),
    "contrib.isnan": lambda x, y: nd.contrib.isnan(nd.sqrt(x - 1)),
    "contrib.rand_zipfian": lambda x, y: list(nd.contrib.rand_zipfian(nd.array([1]), 3, 5)),
    "divide": lambda x, y: [nd.divide(x, y), nd.divide(x, 2), nd.divide(2, x)],
    "equal": lambda x, y: [nd.equal(x, y), nd.equal(1, x)],
    "eye": lambda x, y: nd.dot(x, nd.eye(4)),
    "full": lambda x, y: x * nd.full((3, 4), 7),
    "full(-1.5)": lambda x, y: x + nd.full(4, -1.5),
    "greater": lambda x, y: [nd.greater(x, y), nd.greater(1, x)],
    "greater_equal": lambda x, y: [nd.greater_equal(x, y), nd.greater_equal(1, x)],
    "histogram": lambda x, y: list(nd.histogram(x, bins=3, range=(0, 3))),
    "lesser": lambda x, y: [nd.lesser(x, y), nd.lesser(1, x)],
    "lesser_equal": lambda x, y: [nd.lesser_equal(x, y), nd.lesser_equal(1, x)],
    "linspace": lambda x, y: x * nd.linspace(0, 1, 4),
    "logical_and": lambda x, y: nd.logical_and(x > 1, y > 1),
    "logical_or": lambda x, y: nd.logical_or(x > 1, y > 1),
    "logical_xor": lambda x, y: nd.logical_xor(x > 1, 0),
    "maximum": lambda x, y: [nd.maximum(x, y), nd.maximum(x, 1), nd.maximum(1, x)],
    "minimum": lambda x, y: [nd.minimum(x, y), nd.minimum(x, 1), nd.minimum(1, x)],
    "modulo": lambda x, y: [nd.modulo(x, y), nd.modulo(5, x)],
    "moveaxis": lambda x, y: nd.moveaxis(x, 0, 1),
    "multiply": lambda x, y: [nd.multiply(x, y), nd.multiply(2, x)],
    "not_equal": lambda x, y: [nd.not_equal(x, y), nd.not_equal(1, x)],
    "ones": lambda x, y: x + nd.ones((3, 4)) + nd.ones(4),
    "power": lambda x, y: [nd.power(x, y), nd.power(2, x)],
    "random.exponential": lambda x, y: x * nd.random.exponential(shape=(3, 4)),
    "random.gamma": lambda x, y: x * nd.random.gamma(2, 3, shape=(3, 4)),
    "random.generalized_negative_binomial": lambda x, y: nd.random.generalized_negative_binomial(2, 0.3, shape=4) + x,
    "random.multinomial": lambda x, y: nd.random.multinomial(x.softmax(), shape=5),
    "random.negative_binomial": lambda x, y: nd.random.negative_binomial(3, 0.4, shape=4) + x,
    "random.normal": lambda x, y: x + nd.random.normal(0, 1, shape=(3, 4)),
    "random.normal of arrays": lambda x, y: nd.random.normal(x, y),
    "random.normal of constants": lambda x, y: nd.random.normal(nd.zeros(4), nd.ones(4)) + x,
    "random.normal_like": lambda x, y: nd.random.normal_like(x),
    "random.poisson": lambda x, y: x + nd.random.poisson(3, shape=(3, 4)),
    "random.randint": lambda x, y: nd.random.randint(0, 100, shape=(3, 4)).astype("float32") + x,
    "random.randn": lambda x, y: x + nd.random.randn(3, 4),
    "random.shuffle": lambda x, y: [nd.random.shuffle(x), nd.random.shuffle(nd.arange(9))],
    "random.uniform": lambda x, y: x + nd.random.uniform(shape=(3, 4), ctx=x.ctx),
    "random.uniform_like of a constant": lambda x, y: nd.random.uniform_like(nd.zeros((3, 4))) + x,
    "Dropout of a constant": lambda x, y: nd.Dropout(nd.ones((3, 4)), p=0.5, mode="always") + x,
    "split_v2": lambda x, y: nd.split_v2(x, 2, axis=1),
    "subtract": lambda x, y: [nd.subtract(x, y), nd.subtract(2, x)],
    "true_divide": lambda x, y: nd.true_divide(x, y),
    "zeros": lambda x, y: x + nd.zeros((3, 4)) + nd.zeros(4, dtype="float32"),
    "array": lambda x, y: x * nd.array([1, 2, 3, 4]),
    "from_numpy": lambda x, y: x * nd.from_numpy(np.ones(4, "float32")),
    "waitall": lambda x, y: nd.waitall() or x * 2,
    "stack": lambda x, y: nd.stack(x, y, nd.ones((3, 4)), axis=1),
    "where": lambda x, y: nd.where(x > y, x, nd.zeros((3, 4))),
    "concat with constants": lambda x, y: nd.concat(x, nd.ones((1, 4)), y, dim=0),
    "a table changed before it is used": lambda x, y: x * _table(),
    "is_training": lambda x, y: x * 2 if autograd.is_training() else y,
    "is_recording": lambda x, y: x * 2 if autograd.is_recording() else y,
    "a branch on shapes": lambda x, y: x * 2 if x.shape[0] == 3 and x.size > 2 else y,
    "min of Python": lambda x, y: x * min(x.shape),
    "sum of Python": lambda x, y: sum([x, y]),
    "enumerate and zip": lambda x, y: [a * b * i for i, (a, b) in enumerate(zip(x, y, strict=True))],
    "printing": lambda x, y: x * len(str(x.shape)),
    "many outputs": lambda x, y: [x, y, x * y, x],
}


def _table() -> nd.NDArray:
    table = nd.zeros(4)
    table[1:3] = 5
    table += 1
    return table


def _write(x: nd.NDArray, key: Any, value: Any) -> nd.NDArray:
    x[key] = value
    return x


def _in(scope: Any, function: Callable[[], Any]) -> Any:
    with scope:
        return function()


def _used_and_written(x: nd.NDArray, constant: nd.NDArray) -> nd.NDArray:
    first = x * constant
    constant[:2] = 7
    return first + constant


class _Twice(autograd.Function):
    def forward(self, x: nd.NDArray) -> nd.NDArray:
        return x * 2

    def backward(self, gradient: nd.NDArray) -> nd.NDArray:
        return gradient * 2


# What each has in common: it would need values, memory or torch's graph, which a recording does not have.
REFUSED: dict[str, Call] = {
    "__array__": lambda x, y: np.asarray(x),
    "__array_ufunc__": lambda x, y: np.log(x),
    "__bool__": lambda x, y: x if x[0, 0] > 1 else y,
    "__contains__": lambda x, y: 1 in x,
    "__dlpack__": lambda x, y: x.__dlpack__(),
    "__dlpack_device__": lambda x, y: x.__dlpack_device__(),
    "__float__": lambda x, y: x * float(y[0, 0]),
    "__format__": lambda x, y: x * float(f"{y[0, 0]:.3f}"),
    "__getstate__": lambda x, y: x.__getstate__(),
    "__iadd__": lambda x, y: python.iadd(x, y),
    "__idiv__": lambda x, y: x.__idiv__(2),
    "__imod__": lambda x, y: python.imod(x, 2),
    "__imul__": lambda x, y: python.imul(x, 2),
    "__index__": lambda x, y: [x, y][x[0, 0]],
    "__int__": lambda x, y: x * int(y[0, 0]),
    "__isub__": lambda x, y: python.isub(x, y),
    "__itruediv__": lambda x, y: python.itruediv(x, y),
    "__nonzero__": lambda x, y: x.__nonzero__(),
    "__reduce__": lambda x, y: pickle.loads(pickle.dumps(x)),
    "__setitem__": lambda x, y: _write(x, 0, 1),
    "__setstate__": lambda x, y: x.__setstate__(nd.ones((3, 4)).__getstate__()),
    "a constant += x": lambda x, y: python.iadd(nd.zeros((3, 4)), x),
    "a constant[0] = x": lambda x, y: _write(nd.zeros((3, 4)), 0, x[0]),
    "a key of arrays": lambda x, y: nd.arange(4)[x[0]],
    "a key of an array and a slice": lambda x, y: x[1:, y[0]],
    "a list as a key": lambda x, y: x[[0, 2]],
    "lists as a key": lambda x, y: x[[0, 1], [1, 2]],
    "a NumPy array as a key": lambda x, y: x[np.array([1, 0])],
    "a slice and a list as a key": lambda x, y: x[:, [0, 2]],
    "autograd.pause": lambda x, y: _in(autograd.pause(train_mode=True), lambda: x * 2),
    "autograd.predict_mode": lambda x, y: _in(autograd.predict_mode(), lambda: nd.Dropout(x)),
    "autograd.record": lambda x, y: _in(autograd.record(train_mode=False), lambda: x * 2),
    "autograd.set_training": lambda x, y: autograd.set_training(not autograd.is_training()) or x,
    "autograd.Function": lambda x, y: _Twice()(x),
    "a constant written to after use": lambda x, y: _used_and_written(x, nd.ones(4)),
    "array": lambda x, y: nd.array(x),
    "array of a list": lambda x, y: nd.array([x, y]),
    "as_in_context": lambda x, y: x.as_in_context(mx.cpu(1)),
    "as_in_ctx": lambda x, y: x.as_in_ctx(mx.cpu(1)),
    "asnumpy": lambda x, y: x * x.asnumpy().sum(),
    "asscalar": lambda x, y: x * y[0, 0].asscalar(),
    "attach_grad": lambda x, y: x.attach_grad() or x,
    "autograd.backward": lambda x, y: autograd.backward(x.sum()) or x,
    "autograd.grad": lambda x, y: autograd.grad(x.sum(), [x])[0],
    "autograd.mark_variables": lambda x, y: autograd.mark_variables(x, y) or x,
    "backward": lambda x, y: x.backward() or x,
    "contrib.cond": lambda x, y: nd.contrib.cond(x.sum() > 3, lambda: x, lambda: y),
    "contrib.while_loop": lambda x, y: nd.contrib.while_loop(lambda v: v.sum() < 99, lambda v: (v, v * 2), [x], 5)[1],
    "copyto": lambda x, y: x.copyto(mx.cpu(1)),
    "copyto an array": lambda x, y: x.copyto(y),
    "copyto a constant": lambda x, y: x.copyto(nd.zeros((3, 4))),
    "full(out=)": lambda x, y: nd.full((3, 4), 1, out=x),
    "grad": lambda x, y: x.grad,
    "handle": lambda x, y: x * x.handle.value,
    "histogram by NumPy": lambda x, y: nd.histogram(x, bins=3)[0],
    "item": lambda x, y: x * y[0, 0].item(),
    "load_frombuffer": lambda x, y: nd.load_frombuffer(pickle.dumps(x)),
    "onehot_encode": lambda x, y: nd.onehot_encode(x[0], nd.zeros((4, 3))),
    "out=": lambda x, y: nd.exp(x, out=y),
    "out= of a constant": lambda x, y: nd.exp(x, out=nd.zeros((3, 4))),
    "range": lambda x, y: [x for _ in range(x[0, 0])],
    "round of Python": lambda x, y: x * round(y[0, 0]),
    "save": lambda x, y: nd.save("never written", x) or x,
    "slice_assign": lambda x, y: x.slice_assign(y, (0,), (3,), (1,)),
    "slice_assign_scalar": lambda x, y: x.slice_assign_scalar(1, (0,), (3,), (1,)),
    "sorted": lambda x, y: sorted([x[0, 0], y[0, 0]]),
    "to_dlpack_for_read": lambda x, y: x.to_dlpack_for_read(),
    "to_dlpack_for_write": lambda x, y: x.to_dlpack_for_write(),
    "NumPy by DLPack": lambda x, y: np.from_dlpack(x),
    "random out=": lambda x, y: nd.random.normal(shape=(3, 4), out=x),
    "text": lambda x, y: x * float("%f" % y[0, 0]),  # noqa: UP031
    "waiting for a written array": lambda x, y: _write(y, slice(None), 0),
}

REPLAYED = {**METHODS, **{f"nd.{name}": call for name, call in FUNCTIONS.items()}}
REPLAYED |= {f"x[{name}]": lambda x, y, key=key: x[key] for name, key in KEYS.items()}
