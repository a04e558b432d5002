"""Symbols against expected outputs and gradients, against finite differences, and against the clock."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from .. import ndarray as nd
from .. import symbol
from ..context import Context
from ..executor import Executor
from ..ndarray import NDArray
from ..symbol import Symbol
from .comparing import _numpy, assert_almost_equal
from .process import default_context
from .tolerances import Tolerance, default_numeric_eps

__all__ = [
    "check_numeric_gradient",
    "check_speed",
    "check_symbolic_backward",
    "check_symbolic_forward",
    "numeric_grad",
    "simple_forward",
]

_PROJECTION = "__random_proj"


def simple_forward(sym: Symbol, ctx: Context | None = None, is_train: bool = False, **inputs: Any) -> Any:
    """The outputs of a symbol on arrays given by name, as NumPy's: a list, or the one array for one output."""
    ctx = ctx or default_context()
    args = {name: value if isinstance(value, NDArray) else nd.array(value, ctx=ctx) for name, value in inputs.items()}
    outputs = [output.asnumpy() for output in sym.bind(ctx, args=args).forward(is_train=is_train)]
    return outputs[0] if len(outputs) == 1 else outputs


def check_symbolic_forward(
    sym: Symbol,
    location: Any,
    expected: Any,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    aux_states: Any = None,
    ctx: Context | None = None,
    equal_nan: bool = False,
    dtype: Any = np.float32,
) -> list[NDArray]:
    """Compare outputs in prediction mode with expected ones; returns the outputs.

    location, aux_states: arrays for the arguments and auxiliary states, as a list or by name. NumPy arrays get
    ``dtype``, or keep theirs with 'asnumpy'. expected: arrays, as a list or by the outputs' names. Raises
    AssertionError where they differ, ValueError for arrays that don't match the symbol.
    """
    ctx = ctx or default_context()
    dtype = _dtype(dtype, "asnumpy")
    args = _by_name(sym.list_arguments(), location, "arguments", "location", ctx, dtype)
    states = _by_name(sym.list_auxiliary_states(), aux_states, "aux_states", "aux_states", ctx, dtype)
    executor = sym.bind(ctx, args=args, aux_states=states)
    executor.forward(is_train=False)
    for name, output, value in _paired(sym.list_outputs(), executor.outputs, expected):
        names = (f"EXPECTED_{name}", f"FORWARD_{name}")
        assert_almost_equal(value, output.asnumpy(), rtol, atol, names, equal_nan=equal_nan)
    return executor.outputs


def check_symbolic_backward(
    sym: Symbol,
    location: Any,
    out_grads: Any,
    expected: Any,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    aux_states: Any = None,
    grad_req: str | Sequence[str] | Mapping[str, str] = "write",
    ctx: Context | None = None,
    grad_stypes: Mapping[str, str] | None = None,
    equal_nan: bool = False,
    dtype: Any = np.float32,
) -> dict[str, NDArray]:
    """Compare gradients with expected ones; returns the gradients, by name.

    out_grads: gradients of the outputs, as a list or by name; None for a loss. expected: arrays, as a list in the order
    of the arguments or by name. grad_req: with 'add', what is added to random numbers is compared, with 'null', that
    they have stayed. grad_stypes: storage types of gradients, by name. The rest is as in ``check_symbolic_forward``.
    """
    ctx = ctx or default_context()
    dtype = _dtype(dtype, "asnumpy")
    names = sym.list_arguments()
    args = _by_name(names, location, "arguments", "location", ctx, dtype)
    states = _by_name(sym.list_auxiliary_states(), aux_states, "aux_states", "aux_states", ctx, dtype)
    if not isinstance(expected, (list, tuple, Mapping)):
        raise AssertionError(f"expected must be a list or a dict of gradients, got {type(expected).__name__}")
    wanted = dict(expected if isinstance(expected, Mapping) else zip(names, expected, strict=False))
    before, grads = _gradients(args, wanted, grad_stypes or {}, ctx)
    requests = _requests(names, grad_req)
    executor = sym.bind(ctx, args=args, args_grad=grads, grad_req=requests, aux_states=states)
    executor.forward(is_train=True)
    if out_grads is not None:
        given = [(value, output) for _, output, value in _paired(sym.list_outputs(), executor.outputs, out_grads)]
        out_grads = [_array(value, ctx, output.dtype if dtype is None else dtype) for value, output in given]
    executor.backward(out_grads)
    for name, value in wanted.items():
        _compare_gradient(name, requests, before, grads, value, "EXPECTED", rtol, atol, equal_nan)
    return grads


def numeric_grad(
    executor: Executor,
    location: Mapping[str, Any],
    aux_states: Mapping[str, Any] | None = None,
    eps: float = 1e-4,
    use_forward_train: bool = True,
    dtype: Any = np.float32,
) -> dict[str, np.ndarray]:
    """Gradients of the sum of an executor's first output by central differences: (f(x + eps/2) - f(x - eps/2)) / eps.

    location: the arguments to derive by, by name. aux_states: set anew before every pass. Returns NumPy arrays of
    ``dtype``, a float one.
    """
    dtype = _dtype(dtype)

    def value() -> float:
        for name, state in (aux_states or {}).items():
            executor.aux_dict[name][:] = state
        return float(executor.forward(is_train=use_forward_train)[0].asnumpy().sum(dtype=np.float64))

    arrays = executor.arg_dict
    points = {name: np.array(_numpy(point), dtype) for name, point in location.items()}
    for name, point in points.items():
        arrays[name][:] = point
    grads = {}
    for name, point in points.items():
        grad = grads[name] = np.zeros(point.shape, dtype)
        for at in np.ndindex(point.shape):
            old = point[at]
            ends = []
            for step in (eps / 2, -eps / 2):
                point[at] = old + step
                arrays[name][:] = point
                ends.append(value())
            grad[at] = (ends[0] - ends[1]) / eps
            point[at] = old
        arrays[name][:] = point
    return grads


def check_numeric_gradient(
    sym: Symbol,
    location: Any,
    aux_states: Any = None,
    numeric_eps: float | None = None,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    grad_nodes: Sequence[str] | Mapping[str, str] | None = None,
    use_forward_train: bool = True,
    ctx: Context | None = None,
    grad_stype_dict: Mapping[str, str] | None = None,
    dtype: Any = np.float32,
) -> None:
    """Compare gradients with finite differences: of the sum of the symbol's one output, weighted with random numbers.

    location, aux_states: as in ``check_symbolic_forward``. grad_nodes: names of the arguments to derive by, by default
    all, or a dictionary from names to 'write', 'add' or 'null'. numeric_eps: the step, by default one for the dtype.
    dtype: float16, float32 or float64. Raises AssertionError where they differ.
    """
    ctx = ctx or default_context()
    dtype = _dtype(dtype)
    if grad_stype_dict is not None and not isinstance(grad_stype_dict, Mapping):
        raise AssertionError(f"grad_stype_dict must be a dict, got {grad_stype_dict!r}")
    names = sym.list_arguments()
    args = _by_name(names, location, "arguments", "location", ctx, dtype)
    states = _by_name(sym.list_auxiliary_states(), aux_states, "aux_states", "aux_states", ctx, dtype)
    requests = _nodes(names, grad_nodes)
    before, grads = _gradients(args, requests, grad_stype_dict or {}, ctx)

    weighted = symbol.make_loss(symbol.sum(sym * symbol.Variable(_PROJECTION)))
    shapes = sym.infer_shape(**{name: a.shape for name, a in args.items()})[1]
    shape = shapes[0] if shapes else ()
    args[_PROJECTION] = nd.array(np.random.rand(*shape) + 0.1, ctx=ctx, dtype=dtype)
    points = {name: args[name].asnumpy() for name in requests}
    state_values = {name: state.asnumpy() for name, state in states.items()}
    executor = weighted.bind(ctx, args=args, args_grad=grads, grad_req=requests, aux_states=states)
    executor.forward(is_train=True)
    executor.backward()
    symbolic = {name: grad.copy() for name, grad in grads.items()}
    eps = default_numeric_eps()[dtype] if numeric_eps is None else numeric_eps
    numeric = numeric_grad(executor, points, state_values, eps, use_forward_train, dtype)
    for name in requests:
        _compare_gradient(name, requests, before, symbolic, numeric[name], "NUMERICAL", rtol, atol)


def check_speed(
    sym: Symbol,
    location: Mapping[str, Any] | None = None,
    ctx: Context | None = None,
    N: int = 20,
    grad_req: Any = None,
    typ: str = "whole",
    **kwargs: Any,
) -> float:
    """Seconds per pass, over ``N`` passes: forward and backward ('whole'), or 'forward'.

    location: arrays by name; or else shapes of arguments in ``kwargs``, which get normal random numbers.
    """
    if typ not in ("whole", "forward"):
        raise ValueError(f'typ can only be "whole" or "forward", got {typ!r}.')
    if location is not None and not isinstance(location, Mapping):
        raise AssertionError(f'Expect dict, get "location"={location}')
    ctx = ctx or default_context()
    shapes = kwargs if location is None else {name: value.shape for name, value in location.items()}
    executor = sym.simple_bind(ctx, grad_req=grad_req or "write", **shapes)
    arrays = executor.arg_dict
    values = location or {name: np.random.normal(size=array.shape) for name, array in arrays.items()}
    for name, value in values.items():
        arrays[name][:] = value

    def run() -> None:
        executor.forward(is_train=typ == "whole")
        if typ == "whole":
            executor.backward(executor.outputs)
        for output in executor.outputs:
            output.wait_to_read()

    run()
    nd.waitall()
    begin = time.perf_counter()
    for _ in range(N):
        run()
    nd.waitall()
    return (time.perf_counter() - begin) / N


# What users give, by name


def _dtype(dtype: Any, unchanged: str | None = None) -> Any:
    """A float dtype; None for ``unchanged``."""
    if unchanged is not None and isinstance(dtype, str) and dtype == unchanged:
        return None
    if dtype is None or np.dtype(dtype) not in default_numeric_eps():
        raise AssertionError(f"dtype must be float16, float32 or float64, got {dtype!r}")
    return np.dtype(dtype)


def _array(value: Any, ctx: Context, dtype: Any) -> NDArray:
    """NDArrays stay what they are, sparse ones and those of other dtypes too."""
    if isinstance(value, NDArray):
        return value
    value = np.asarray(value)
    return nd.array(value, ctx=ctx, dtype=value.dtype if dtype is None else dtype)


def _by_name(
    names: Sequence[str], given: Any, what: str, parameter: str, ctx: Context, dtype: Any
) -> dict[str, NDArray]:
    """Arrays for all names, from a list or a dictionary. ValueError for others than are needed."""
    given = [] if given is None else given
    if isinstance(given, Mapping):
        if set(given) != set(names):
            raise ValueError(
                f"Symbol {what} and keys of the given {parameter} do not match. symbol {what}: {list(names)}, "
                f"{parameter}.keys(): {list(given)}"
            )
    elif isinstance(given, (list, tuple)):
        if len(given) != len(names):
            raise ValueError(
                f"Length of {parameter} does not match the number of {what}: got {len(given)} for {list(names)}"
            )
        given = dict(zip(names, given, strict=True))
    else:
        raise AssertionError(f"{parameter} must be a dict or a list, got {type(given).__name__}")
    return {name: _array(given[name], ctx, dtype) for name in names}


def _paired(names: Sequence[str], outputs: Sequence[NDArray], given: Any) -> list[tuple[str, NDArray, Any]]:
    """(name, output, given value) for outputs. A list may be shorter than the outputs; KeyError for a name that is
    missing in a dictionary.
    """
    if isinstance(given, Mapping):
        given = [given[name] for name in names]
    elif isinstance(given, (np.ndarray, NDArray)):
        given = [given]
    elif not isinstance(given, (list, tuple)):
        raise AssertionError(f"expected a list or a dict of arrays, got {type(given).__name__}")
    if len(given) > len(names):
        raise ValueError(f"{len(given)} arrays for {len(names)} outputs: {list(names)}")
    return list(zip(names, outputs, given, strict=False))


def _requests(names: Sequence[str], given: Any) -> dict[str, str]:
    """What becomes of each argument's gradient."""
    if isinstance(given, str):
        requests = dict.fromkeys(names, given)
    elif isinstance(given, Mapping):
        requests = {name: given.get(name, "null") for name in names}
    else:
        requests = dict(zip(names, given, strict=True))
    if unknown := set(requests.values()) - {"write", "add", "null"}:
        raise KeyError(f"grad_req must be 'write', 'add' or 'null', got {sorted(unknown)}")
    return requests


def _nodes(names: Sequence[str], given: Any) -> dict[str, str]:
    """What becomes of the gradients of the arguments that are asked for."""
    if given is None:
        return dict.fromkeys(names, "write")
    if not isinstance(given, (list, tuple, Mapping)):
        raise ValueError(f"grad_nodes must be a list of names or a dict, got {given!r}")
    requests = dict(given) if isinstance(given, Mapping) else dict.fromkeys(given, "write")
    if unknown := [name for name in requests if name not in names]:
        raise KeyError(f"the symbol has no arguments {unknown}, but {list(names)}")
    return requests


def _gradients(
    args: Mapping[str, NDArray], names: Mapping[str, Any], stypes: Mapping[str, str], ctx: Context
) -> tuple[dict[str, np.ndarray], dict[str, NDArray]]:
    """Arrays of random numbers for gradients to go to: as NumPy's, and as arrays of the wanted storage types."""
    if unknown := [name for name in names if name not in args]:
        raise KeyError(f"the symbol has no arguments {unknown}, but {list(args)}")
    before = {name: np.random.normal(size=args[name].shape).astype(args[name].dtype) for name in names}
    grads = {name: nd.array(value, ctx=ctx, dtype=value.dtype) for name, value in before.items()}
    return before, {name: grad.tostype(stypes.get(name) or "default") for name, grad in grads.items()}


def _compare_gradient(
    name: str,
    requests: Mapping[str, str],
    before: Mapping[str, np.ndarray],
    grads: Mapping[str, NDArray],
    expected: Any,
    title: str,
    rtol: Tolerance,
    atol: Tolerance,
    equal_nan: bool = False,
) -> None:
    found, request = grads[name].asnumpy(), requests[name]
    if request == "null":
        expected = before[name]
    elif request == "add":
        found = found - before[name]
    assert_almost_equal(expected, found, rtol, atol, names=(f"{title}_{name}", f"BACKWARD_{name}"), equal_nan=equal_nan)
