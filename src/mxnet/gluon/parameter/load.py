"""How saved values come back into parameters: all of them, after a check that every one fits, or none."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence

from ... import context, dtypes, ndarray
from ...base import MXNetError
from ...context import Context
from ...ndarray import NDArray
from .parameter import Parameter, context_list

__all__ = ["ParameterMismatch", "load_into", "read_parameters"]


class ParameterMismatch(AssertionError, ValueError):
    """Saved values that do not fit the parameters: names missing, names in excess, shapes, dtypes, contexts. Lists all
    of them.
    """


def read_parameters(filename: str | os.PathLike[str]) -> dict[str, NDArray]:
    """The named arrays of a file. MXNetError when it is no such file."""
    saved = ndarray.load(filename)
    if isinstance(saved, list):
        if saved:
            raise MXNetError(
                f"Cannot load parameters from {str(filename)!r}: it holds a list of {len(saved)} arrays without names. "
                "Save with save_parameters()."
            )
        return {}
    return saved


def load_into(
    parameters: Mapping[str, Parameter],
    saved: Mapping[str, NDArray],
    where: str,
    ctx: Context | Sequence[Context] | None = None,
    allow_missing: bool = False,
    ignore_extra: bool = False,
    cast_dtype: bool = False,
    dtype_source: str = "current",
) -> None:
    """Give parameters saved values, after checking that all of them fit.

    parameters, saved: by the names of the file; a parameter may have several. where: the source, for messages.
    Raises ParameterMismatch with all problems, and changes nothing then.
    """
    if dtype_source not in ("current", "saved"):
        raise AssertionError(f"dtype_source must be 'current' or 'saved', but got {dtype_source!r}.")
    contexts = None if ctx is None else context_list(ctx)
    present = {id(parameters[name]) for name in saved if name in parameters}
    problems = []
    if not allow_missing:
        missing = [name for name, parameter in parameters.items() if id(parameter) not in present]
        problems += [f"Parameter '{n}' is missing in {where}{_nearest(n, saved, parameters)}" for n in missing]
        if missing:
            problems.append("Set allow_missing=True to ignore missing parameters.")
    if not ignore_extra:
        extra = [name for name in saved if name not in parameters]
        problems += [
            f"Parameter '{n}' loaded from {where} is not present in the network{_nearest(n, parameters, saved)}"
            for n in extra
        ]
        if extra:
            problems.append("Set ignore_extra=True to ignore.")
    for name, data in saved.items():
        if name in parameters:
            problems += _misfits(name, parameters[name], data, contexts, cast_dtype)
    if problems:
        raise ParameterMismatch("\n".join([f"Nothing was loaded from {where}:", *problems]))
    for name, data in saved.items():
        if name in parameters:
            _load(parameters[name], data, contexts, cast_dtype and dtype_source == "saved")


def _nearest(name: str, others: Iterable[str], taken: Iterable[str]) -> str:
    """A guess at which name was meant, among those that have no partner."""
    free = [other for other in others if other not in taken]
    close = difflib.get_close_matches(name, free, n=1)
    return f" (did you mean '{close[0]}'?)" if close else "."


def _misfits(
    name: str, parameter: Parameter, data: NDArray, contexts: list[Context] | None, cast_dtype: bool
) -> Iterator[str]:
    head = f"Failed loading Parameter '{parameter.name}' from saved params ('{name}'):"
    shape = parameter.shape
    if shape is not None and (
        len(shape) != len(data.shape) or any(s not in (0, -1, d) for s, d in zip(shape, data.shape, strict=True))
    ):
        yield f"{head} shape incompatible expected {shape} vs saved {data.shape}"
    if not cast_dtype and dtypes.resolve(parameter.dtype) is not dtypes.resolve(data.dtype):
        yield (
            f"{head} dtype incompatible expected {dtypes.resolve(parameter.dtype).name} vs saved "
            f"{dtypes.resolve(data.dtype).name}. Set cast_dtype=True to cast the dtype of saved params."
        )
    if contexts is not None and (parameter._data is not None or parameter._deferred_init):
        current = parameter.list_ctx()
        if set(current) != set(contexts):
            yield (
                f"Failed to load Parameter '{parameter.name}' on {contexts} because it was previous initialized on "
                f"{current}. Call reset_ctx() first."
            )


def _load(parameter: Parameter, data: NDArray, contexts: list[Context] | None, adopt_dtype: bool) -> None:
    if adopt_dtype and dtypes.resolve(parameter.dtype) is not dtypes.resolve(data.dtype):
        parameter.cast(data.dtype)
    if parameter._data is not None:
        parameter.set_data(data)
        return
    if parameter._deferred_init:
        contexts = parameter.list_ctx()
    parameter.shape = data.shape
    parameter._place(data.astype(dtypes.resolve(parameter.dtype).name), contexts or [context.cpu()])
    parameter._deferred_init = ()
