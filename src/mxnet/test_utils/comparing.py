"""Assertions on arrays. What fails is told with its worst elements: printed as a list, and in the AssertionError."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ndarray as nd
from ..ndarray import NDArray
from .tolerances import Tolerance, get_etol, get_tols

__all__ = [
    "almost_equal",
    "assert_allclose",
    "assert_almost_equal",
    "assert_almost_equal_ignore_nan",
    "assert_almost_equal_with_err",
    "assert_exception",
    "checkShapes",
    "compare_ndarray_tuple",
    "locationError",
    "same",
    "same_array",
    "same_symbol_structure",
]

_TINY = 1e-20  # added to tolerances of 0, so that errors can be measured in them


def same(a: Any, b: Any) -> bool:
    """Whether two arrays have one shape and the same elements; NaN differs from itself."""
    return np.array_equal(_numpy(a), _numpy(b))


def almost_equal(
    a: Any,
    b: Any,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    equal_nan: bool = False,
    use_broadcast: bool = True,
) -> bool:
    """Whether two arrays are equal up to tolerances (see ``get_tols``). Shapes broadcast, unless ``use_broadcast`` is
    false: then others are an AssertionError. Shapes that don't broadcast are a ValueError.
    """
    if not use_broadcast:
        checkShapes(a, b)
    rtol, atol = get_tols(a, b, rtol, atol)
    return np.allclose(_numpy(a), _numpy(b), rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_allclose(a: Any, b: Any, rtol: float = 1e-07, atol: float = 0, equal_nan: bool = True) -> None:
    """``assert_almost_equal`` with the defaults of NumPy's."""
    assert_almost_equal(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan)


def assert_almost_equal(
    a: Any,
    b: Any,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    use_broadcast: bool = True,
    mismatches: tuple[int, int] = (10, 10),
) -> None:
    """Raise AssertionError unless two arrays are equal up to tolerances: ``|a - b| <= atol + rtol * |b|``.

    a, b : NDArray, numpy.ndarray, or number
        The result and what was expected. They broadcast, but for two NDArrays (MXNetError) and without
        ``use_broadcast`` (AssertionError).
    rtol, atol : float, or dict from dtypes to floats
        By default those of the less precise dtype (``default_rtols``, ``default_atols``).
    names
        What a and b are called in the report.
    equal_nan : bool
        NaN equals NaN.
    mismatches
        How many of the worst elements are printed, and how many are counted; all with 0.
    """
    _assert_almost_equal(a, b, rtol, atol, 0, names, equal_nan, use_broadcast, mismatches)


def assert_almost_equal_with_err(
    a: Any,
    b: Any,
    rtol: Tolerance = None,
    atol: Tolerance = None,
    etol: float | None = None,
    names: tuple[str, str] = ("a", "b"),
    equal_nan: bool = False,
    mismatches: tuple[int, int] = (10, 10),
) -> None:
    """``assert_almost_equal``, where a fraction ``etol`` of the elements may differ."""
    _assert_almost_equal(a, b, rtol, atol, get_etol(etol), names, equal_nan, True, mismatches)


def assert_almost_equal_ignore_nan(
    a: Any, b: Any, rtol: Tolerance = None, atol: Tolerance = None, names: tuple[str, str] = ("a", "b")
) -> None:
    """``assert_almost_equal`` where neither array is NaN."""
    a, b = np.copy(_numpy(a)), np.copy(_numpy(b))
    missing = np.isnan(a) | np.isnan(b)
    a[missing] = 0
    b[missing] = 0
    assert_almost_equal(a, b, rtol, atol, names)


def _assert_almost_equal(
    a: Any,
    b: Any,
    rtol: Tolerance,
    atol: Tolerance,
    etol: float,
    names: tuple[str, str],
    equal_nan: bool,
    use_broadcast: bool,
    mismatches: tuple[int, int],
) -> None:
    if not use_broadcast:
        checkShapes(a, b)
    rtol, atol = get_tols(a, b, rtol, atol)
    comparable = isinstance(a, NDArray) and isinstance(b, NDArray) and a.dtype == b.dtype and not etol
    if comparable and nd.contrib.allclose(a, b, rtol=rtol, atol=atol, equal_nan=equal_nan).asscalar():
        return  # compared where they are: only what fails is copied from a GPU
    actual, desired = _numpy(a), _numpy(b)
    if actual.dtype == desired.dtype == bool and not etol:
        np.testing.assert_equal(actual, desired)
        return
    near = np.isclose(actual, desired, rtol=rtol, atol=atol, equal_nan=equal_nan)
    far = near.size - int(np.count_nonzero(near))
    if far <= near.size * etol:
        return
    report = _report(actual, desired, near, far, (rtol, atol), names, mismatches)
    shown = [x if isinstance(y, NDArray) else y for x, y in ((actual, a), (desired, b))]
    raise AssertionError(np.testing.build_err_msg(shown, err_msg=report))


def _report(
    actual: np.ndarray,
    desired: np.ndarray,
    near: np.ndarray,
    far: int,
    tolerances: tuple[float, float],
    names: tuple[str, str],
    mismatches: tuple[int, int],
) -> str:
    """Print the worst elements; returns the summary. Errors are in units of the tolerance."""
    rtol, atol = tolerances
    actual, desired = np.broadcast_arrays(*map(_signed, (actual, desired)))
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(actual - desired) / (atol + rtol * np.abs(desired) + _TINY)
    error = np.where(near, 0, error)
    exceeds = "exceeds tolerance rtol={:e}, atol={:e}"
    if not near.ndim:
        return f"Error {float(error):f} {exceeds.format(rtol, atol)}.\n"
    # A mergesort on negated errors keeps equal ones in order, and numpy sorts NaN last: so those are turned round.
    ranks = np.lexsort((-np.nan_to_num(error.ravel(), nan=0.0), ~np.isnan(error.ravel())))
    shown, counted = mismatches
    worst = [tuple(map(int, np.unravel_index(at, error.shape))) for at in ranks[: min(far, max(shown, 1))]]
    lines = [f"\n*** Maximum errors for vector of size {error.size}:  rtol={rtol}, atol={atol}\n"]
    lines += [
        f"{rank:3d}: Error {error[at]:f}  {locationError(actual, desired, at, names)}"
        for rank, at in enumerate(worst[: max(shown, 0)], 1)
    ]
    print("\n".join(lines))  # noqa: T201 - what it is for
    bound, far = ("at least ", counted + 1) if 0 < counted < far else ("", far)
    return (
        f"Error {error[worst[0]]:f} {exceeds.format(rtol, atol)} (mismatch {bound}{100 * far / error.size:f}%).\n"
        + locationError(actual, desired, worst[0], names, maxError=True)
    )


def locationError(a: Any, b: Any, index: tuple[int, ...], names: tuple[str, str], maxError: bool = False) -> str:
    """Where two arrays differ, and their values there, as text."""
    what = "maximum error" if maxError else "error"
    return f"Location of {what}: {index}, {names[0]}={a[index]:.8f}, {names[1]}={b[index]:.8f}"


def checkShapes(a: Any, b: Any) -> None:
    """Raise AssertionError unless two arrays have one shape."""
    if a.shape != b.shape:
        message = f"a.shape = {a.shape} and b.shape = {b.shape} are not equal"
        raise AssertionError(np.testing.build_err_msg([_numpy(a), _numpy(b)], err_msg=message))


def compare_ndarray_tuple(t1: Any, t2: Any, rtol: Tolerance = None, atol: Tolerance = None) -> None:
    """``assert_almost_equal`` for nested tuples of arrays, such as states of optimizers; None goes with anything."""
    if t1 is None or t2 is None:
        return
    if not isinstance(t1, (tuple, list)):
        assert_almost_equal(t1, t2, rtol=rtol, atol=atol)
        return
    if len(t1) != len(t2):
        raise AssertionError(f"cannot compare {len(t1)} arrays with {len(t2)}")
    for one, other in zip(t1, t2, strict=True):
        compare_ndarray_tuple(one, other, rtol, atol)


def same_array(array1: NDArray, array2: NDArray) -> bool:
    """Whether two NDArrays of one shape share their memory: writes into the first one, looks, and undoes it."""
    if not same(array1, array2):
        return False
    before = array1.copy()
    array1[:] = before + 1
    try:
        return same(array1, array2)
    finally:
        array1[:] = before


def same_symbol_structure(sym1: Any, sym2: Any) -> bool:
    """Whether two graphs have the same operators, in the order of their nodes; names and attributes may differ."""
    kinds = [[node["op"] for node in json.loads(sym.tojson())["nodes"]] for sym in (sym1, sym2)]
    return kinds[0] == kinds[1]


def assert_exception(f: Callable, exception_type: type[BaseException], *args: Any, **kwargs: Any) -> None:
    """Raise AssertionError unless a call raises an exception of this type; others pass."""
    try:
        f(*args, **kwargs)
    except exception_type:
        return
    raise AssertionError(f"{getattr(f, '__name__', f)} did not raise {exception_type.__name__}")


def _numpy(array: Any) -> Any:
    return array.asnumpy() if isinstance(array, NDArray) else np.asarray(array)


def _signed(array: np.ndarray) -> np.ndarray:
    """Integers as float64, since unsigned ones would wrap."""
    return array if array.dtype.kind in "fc" else array.astype("float64")
