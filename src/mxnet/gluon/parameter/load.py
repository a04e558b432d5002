"""How saved values come back into parameters: all of them, after a check that every one fits, or none.

Files know parameters by several kinds of names: by the place in the tree of blocks (``0.weight``: save_parameters), by
full name (``net_dense0_weight``: ParameterDict.save; with ``arg:`` or ``aux:`` before it: export, save_checkpoint), or
by full name without a prefix. ``match_names`` says which are meant.
"""

from __future__ import annotations

import difflib
import heapq
import os
from collections.abc import Callable, Iterator, Mapping, Sequence

from ... import context, dtypes, ndarray
from ...base import MXNetError
from ...context import Context
from ...ndarray import NDArray
from .parameter import Parameter, context_list

__all__ = ["ParameterMismatch", "load_into", "match_names", "read_parameters"]


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


def match_names(
    saved: Mapping[str, NDArray], where: str, *kinds: Mapping[str, Parameter]
) -> tuple[dict[str, NDArray], Mapping[str, Parameter]]:
    """What was saved, without ``arg:`` and ``aux:``, and that one of ``kinds`` which knows most of its names.

    kinds: the same parameters by several kinds of names; the first of equals wins. where: the source, for messages.
    Raises MXNetError when one name is there both with and without ``arg:`` or ``aux:``.
    """
    bare: dict[str, NDArray] = {}
    for name, array in saved.items():
        short = name[4:] if name.startswith(("arg:", "aux:")) else name
        if short in bare:
            raise MXNetError(
                f"Cannot load parameters from {where}: it has '{short}' twice, with arg: or aux: before it."
            )
        bare[short] = array
    return bare, max(kinds, key=lambda parameters: sum(name in parameters for name in bare))


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
        nearest = _nearest([name for name in saved if name not in parameters])
        problems += [f"Parameter '{n}' is missing in {where}{nearest(n)}" for n in missing]
        if missing:
            problems.append("Set allow_missing=True to ignore missing parameters.")
    if not ignore_extra:
        extra = [name for name in saved if name not in parameters]
        nearest = _nearest([name for name in parameters if name not in saved])
        problems += [f"Parameter '{n}' loaded from {where} is not present in the network{nearest(n)}" for n in extra]
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


def _nearest(free: Sequence[str]) -> Callable[[str], str]:
    """A function that guesses which of the ``free`` names, those without a partner, was meant by another.

    Those that share most pairs of letters are looked at more closely: difflib alone takes a minute for 1,000 names.
    """
    pairs = {name: _pairs(name) for name in free}

    def hint(name: str) -> str:
        mine = _pairs(name)
        likely = heapq.nlargest(5, free, key=lambda other: 2 * len(mine & pairs[other]) - len(pairs[other]))
        close = difflib.get_close_matches(name, likely, n=1)
        return f" (did you mean '{close[0]}'?)" if close else "."

    return hint


def _pairs(name: str) -> set[str]:
    return {name[i : i + 2] for i in range(len(name) - 1)}


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
