"""A symbol on several devices and in several dtypes: the results must be consistent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from ..executor import Executor
from ..ndarray import NDArray
from ..symbol import Symbol
from .comparing import _numpy, assert_almost_equal
from .tolerances import Tolerance

__all__ = ["check_consistency"]

_UNIFORM = 0.92  # MXNet's bound of uniform inputs


def check_consistency(
    sym: Symbol | Sequence[Symbol],
    ctx_list: Sequence[Mapping[str, Any]],
    scale: float = 1.0,
    grad_req: Any = "write",
    arg_params: Mapping[str, Any] | None = None,
    aux_params: Mapping[str, Any] | None = None,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    raise_on_err: bool = True,
    ground_truth: Mapping[str, NDArray] | None = None,
    equal_nan: bool = False,
    use_uniform: bool = False,
    rand_type: Any = np.float64,
) -> dict[str, NDArray | None]:
    """Run a symbol in several ways, and compare outputs, and gradients unless ``grad_req`` is 'null', with those of the
    most precise dtype; returns these, by name.

    Parameters
    ----------
    sym : Symbol, or one for each way
        Symbols with the same arguments and outputs.
    ctx_list : list of dict
        What ``simple_bind`` takes: 'ctx', shapes of arguments, 'type_dict'. At least two.
    scale : float
        Inputs are normal random numbers times it, or, with ``use_uniform``, uniform up to 0.92 of it.
    arg_params, aux_params : dict, optional
        Values of some arguments and auxiliary states; other states are zeros.
    rtol, atol : float, or dict from dtypes to floats
    raise_on_err : bool
        An AssertionError for the first difference; otherwise all are printed.
    ground_truth : dict, optional
        Outputs and gradients to compare with instead.
    rand_type : dtype
        Random numbers are rounded to it.
    """
    if len(ctx_list) < 2:
        raise AssertionError(f"check_consistency compares at least two runs, got {len(ctx_list)} in ctx_list")
    symbols = [sym] * len(ctx_list) if isinstance(sym, Symbol) else list(sym)
    if len(symbols) != len(ctx_list):
        raise AssertionError(f"{len(symbols)} symbols for {len(ctx_list)} runs")
    for other in symbols[1:]:
        for names in (Symbol.list_arguments, Symbol.list_outputs):
            if names(other) != names(symbols[0]):
                raise AssertionError(f"the symbols differ in names: {names(symbols[0])} and {names(other)}")

    executors = [s.simple_bind(grad_req=grad_req, **how) for s, how in zip(symbols, ctx_list, strict=True)]
    _fill(executors, arg_params or {}, aux_params or {}, scale, use_uniform, np.dtype(rand_type))
    kinds = [np.dtype(executor.outputs[0].dtype) for executor in executors]
    best = max(range(len(kinds)), key=lambda i: (kinds[i].kind == "f", kinds[i].itemsize, -i))
    wanted: dict[str, NDArray | None] = dict(ground_truth or {})

    def compare(titles: Sequence[str], gradients: bool) -> None:
        found = [_results(executor, gradients) for executor in executors]
        if ground_truth is None:
            wanted.update((name, a if a is None else a.copy()) for name, a in found[best].items())
        for i, results in enumerate(found):
            if ground_truth is None and i == best:
                continue
            for name, array in results.items():
                truth = wanted[name]
                if array is None or truth is None:
                    continue
                try:
                    assert_almost_equal(array.asnumpy(), _numpy(truth), rtol=rtol, atol=atol, equal_nan=equal_nan)
                except AssertionError as error:
                    print(f"{titles[0]} Err: {titles[1 + i]} vs {titles[1 + best]} at {name}")  # noqa: T201 - a report
                    if raise_on_err:
                        raise
                    print(error)  # noqa: T201

    for executor in executors:
        executor.forward(is_train=False)
    compare(["Predict", *(f"ctx {i}" for i in range(len(kinds)))], gradients=False)
    if grad_req != "null":
        for executor in executors:
            executor.forward(is_train=True)
            executor.backward(executor.outputs)
        compare(
            ["Train", *(f"{k} {how['ctx']} ctx {i}" for i, (k, how) in enumerate(zip(kinds, ctx_list, strict=True)))],
            gradients=True,
        )
    return wanted


def _fill(
    executors: Sequence[Executor],
    arguments: Mapping[str, Any],
    states: Mapping[str, Any],
    scale: float,
    uniform: bool,
    dtype: np.dtype,
) -> None:
    """The same values for all executors: what is given, random numbers for other arguments, zeros for other states."""
    values = dict(arguments)
    for name, array in executors[0].arg_dict.items():
        if name not in values:
            size = array.shape
            draw = np.random.uniform(-_UNIFORM, _UNIFORM, size) if uniform else np.random.normal(size=size)
            values[name] = (draw * scale).astype(dtype)
    for executor in executors:
        for name, array in executor.arg_dict.items():
            array[:] = values[name]
        for name, array in executor.aux_dict.items():
            array[:] = states.get(name, 0)


def _results(executor: Executor, gradients: bool) -> dict[str, NDArray | None]:
    return {**executor.output_dict, **(executor.grad_dict if gradients else {})}
