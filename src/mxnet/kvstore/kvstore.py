"""The store of one process: values by key, summed over contexts, updated by an optimizer or a function."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch

from .._files import atomic_write
from ..base import MXNetError
from ..ndarray import NDArray
from ..ndarray.gradient import refill
from ..ndarray.ndarray import wrap
from ..ops.sparse import storage
from ..optimizer import Optimizer, Updater, get_updater
from .base import KVStoreBase, check_capability
from .compression import TwoBit
from .reduce import copy_dense, copy_out, sum_in_place, summed

__all__ = ["KVStore"]

KINDS = ("local", "device", "nccl", "local_update_cpu", "local_allreduce_cpu", "local_allreduce_device")

Key = int | str
Lists = Sequence[Sequence[NDArray]]


class KVStore(KVStoreBase):
    """Values by key, in one process. ``mx.kv.create`` makes it.

    Wherever a key is taken, a list of keys is, too, with a list of values; the value of a key is an array, or a list of
    arrays, one from each context. Keys are int or str, of one kind in a store. What is pushed for a key is added up;
    the sum replaces the stored value, or goes to the updater as a gradient, where there is one. Values are kept on the
    context of the first one, whatever the kind of the store is.

    Parameters
    ----------
    handle : str
        The kind: 'device' and the others in ``KINDS``. They differ in name, and in that gradients of 'device' can be
        compressed.
    """

    def __init__(self, handle: str) -> None:
        if handle not in KINDS:
            raise AssertionError(f"unknown kind of kvstore {handle!r:.80}; expected one of {', '.join(KINDS)}")
        self._kind = handle
        self._stored: dict[Key, NDArray] = {}
        self._updater: Callable[[Any, Any, Any], Any] | None = None
        self._compression: TwoBit | None = None

    # What it is

    @property
    def type(self) -> str:
        return self._kind

    @property
    def rank(self) -> int:
        return 0

    @property
    def num_workers(self) -> int:
        return 1

    def is_capable(self, capability: str) -> bool:
        """True for 'optimizer'. ValueError for other words."""
        check_capability(capability)
        return True

    # Values

    def init(self, key: Any, value: Any) -> None:
        """Store first values. MXNetError for a key that has one already."""
        keys, values = _lists(key, value)
        self._need_kind(keys)
        for i, k in enumerate(keys):
            if k in self._stored or k in keys[:i]:
                raise MXNetError(f"duplicate init of key {k!r}: it has a value already. Use push to change it.")
            if len(values[i]) != 1:
                raise MXNetError(f"init takes one array for key {k!r}, but got {len(values[i])}.")
        for k, (array,) in zip(keys, values, strict=True):
            self._stored[k] = array.copy()

    def push(self, key: Any, value: Any, priority: int = 0) -> None:
        """Add up the arrays of each key, and store the sum or update the stored value with it.

        Raises MXNetError for keys without a value, and for other shapes than theirs, before anything changes.
        """
        keys, values = _lists(key, value)
        if len(set(keys)) < len(keys):
            merged: dict[Key, list[NDArray]] = {}
            for k, each in zip(keys, values, strict=True):
                merged.setdefault(k, []).extend(each)
            keys, values = list(merged), list(merged.values())
        for k, stored, each in zip(keys, self._values_of(keys), values, strict=True):
            _need_alike(k, stored, each)
        self._push(keys, values)

    def pull(self, key: Any, out: Any = None, priority: int = 0, ignore_sparse: bool = True) -> None:
        """Copy stored values into the arrays of ``out``; sparse ones of these are left out with ``ignore_sparse``."""
        keys, outs = _lists(key, _given("out", out))
        if ignore_sparse:
            outs = [[array for array in each if array.stype == "default"] for each in outs]
        values = self._values_of(keys)
        for k, stored, each in zip(keys, values, outs, strict=True):
            _need_alike(k, stored, each, dtypes=False)
        copy_out([array._data for array in values], outs)

    def pushpull(self, key: Any, value: Any, out: Any = None, priority: int = 0) -> None:
        """``push``, then ``pull`` into ``out``, or into the arrays of ``value`` themselves."""
        self.push(key, value, priority)
        self.pull(key, value if out is None else out, priority)

    def broadcast(self, key: Any, value: Any, out: Any, priority: int = 0) -> None:
        """``init``, then ``pull``."""
        self.init(key, value)
        self.pull(key, out, priority)

    def row_sparse_pull(self, key: Any, out: Any = None, priority: int = 0, row_ids: Any = None) -> None:
        """Copy rows of row-sparse values into row-sparse arrays, which have no others afterwards.

        row_ids: an array of row numbers, in any order and repeated at will, or a list of them, one for each array of
        ``out``. Raises MXNetError where the key or an array is not row-sparse, or there is no such row.
        """
        keys, outs = _lists(key, _given("out", out))
        ids = _row_ids(_given("row_ids", row_ids), outs)
        for k, stored, arrays, numbers in zip(keys, self._values_of(keys), outs, ids, strict=True):
            for array, wanted in zip(arrays, numbers, strict=True):
                if stored.stype != "row_sparse" or array.stype != "row_sparse":
                    raise MXNetError(
                        f"row_sparse_pull: key {k!r} is {stored.stype} and the array for it {array.stype}; both must "
                        "be row_sparse. Use pull for others."
                    )
                refill(array, _rows(stored, wanted).to(array.ctx.torch_device, array._data.dtype))

    # Updates

    def set_optimizer(self, optimizer: Optimizer) -> None:
        """Treat what is pushed as gradients, and update the stored values with this optimizer."""
        if not isinstance(optimizer, Optimizer):
            raise TypeError(f"set_optimizer takes an Optimizer, but got {optimizer!r:.80}. Use mx.optimizer.create.")
        self._set_updater(get_updater(optimizer))

    def _set_updater(self, updater: Callable[[Any, NDArray, NDArray], Any]) -> None:
        """Call ``updater(key, pushed, stored)``, which changes ``stored`` in place, in every push."""
        self._updater = updater

    def set_gradient_compression(self, compression_params: Mapping[str, Any]) -> None:
        """Quantize pushed dense arrays as ``TwoBit`` does: ``{'type': '2bit', 'threshold': 0.5}``.

        Raises Exception for the kinds without 'device' in their name, MXNetError for wrong parameters.
        """
        if "device" not in self._kind:
            raise Exception(f"Gradient compression is not supported for this type of kvstore: {self._kind!r}.")
        self._compression = TwoBit.of(compression_params)

    def save_optimizer_states(self, fname: str | os.PathLike[str], dump_optimizer: bool = False) -> None:
        """Write the optimizer's states, and itself if asked for, to a file. AssertionError without an optimizer."""
        content = self._need_optimizer().get_states(dump_optimizer)
        with atomic_write(fname) as file:
            file.write(content)

    def load_optimizer_states(self, fname: str | os.PathLike[str]) -> None:
        """Continue from such a file, ours or MXNet's. AssertionError without an optimizer, MXNetError for others."""
        updater = self._need_optimizer()
        with open(fname, "rb") as file:
            updater.set_states(file.read())
        updater.states.update({key: dense_state(state) for key, state in updater.states.items()})

    def _need_optimizer(self) -> Updater:
        if not isinstance(self._updater, Updater):
            raise AssertionError("There are no optimizer states: call set_optimizer() first.")
        return self._updater

    # Behind the scenes

    # push, pull (of dense arrays) and pushpull for the Trainer: lists of keys and arrays that are known to fit

    def _push(self, keys: Sequence[Key], values: Lists) -> None:
        stored, totals = self._values_of(keys), self._total(keys, values)
        moved = [
            total if each[0]._ctx is old._ctx else total.to(old._ctx.torch_device)
            for total, old, each in zip(totals, stored, values, strict=True)
        ]
        if self._updater is None:
            for key, old, total in zip(keys, stored, moved, strict=True):
                self._stored[key] = wrap(storage.cast(total, old.stype), old.ctx)
        else:
            self._update(keys, [wrap(t, old._ctx) for t, old in zip(moved, stored, strict=True)], stored)

    def _pull(self, keys: Sequence[Key], outs: Lists) -> None:
        copy_dense([array._data for array in self._values_of(keys)], outs)

    def _allreduce(self, keys: Sequence[Key], values: Lists) -> None:
        """``pushpull`` into the arrays themselves, of which nothing is kept."""
        if self._compression is None:
            sum_in_place(values)
        else:
            copy_out(self._total(keys, values), values)

    def _forget(self, key: Key) -> None:
        """Have no value for a key, which can be initialized again; the optimizer's states stay."""
        self._stored.pop(key, None)

    def _barrier(self) -> None:
        """Wait for the other workers, of whom there are none."""

    def _total(self, keys: Sequence[Key], values: Lists) -> list[torch.Tensor]:
        compression = self._compression
        if compression is None:
            return summed(values)
        return [
            compression.total(key, [array._data for array in each])
            if all(array._data.layout is torch.strided for array in each)
            else summed([each])[0]
            for key, each in zip(keys, values, strict=True)
        ]

    def _update(self, keys: Sequence[Key], grads: list[NDArray], stored: list[NDArray]) -> None:
        updater = self._updater
        if isinstance(updater, Updater):
            weights = [_all_rows(array) if array.stype == "row_sparse" else array for array in stored]
            if type(updater) is Updater:
                updater._update(keys, grads, weights, known=True)
            else:  # may have a way of its own to be called
                updater(keys, grads, weights)
        elif updater is not None:
            for key, grad, array in zip(keys, grads, stored, strict=True):
                updater(key, grad, array)

    def _values_of(self, keys: Sequence[Key]) -> list[NDArray]:
        self._need_kind(keys)
        try:
            return [self._stored[key] for key in keys]
        except KeyError as error:
            raise MXNetError(
                f"key {error.args[0]!r} has not been inited: call init({error.args[0]!r}, value)."
            ) from None

    def _need_kind(self, keys: Sequence[Key]) -> None:
        """MXNetError when the keys are text and those of the store numbers, or the other way round."""
        if keys and self._stored:
            known = next(iter(self._stored))
            if isinstance(keys[0], str) != isinstance(known, str):
                raise MXNetError(
                    f"Mixed int and str keys are not allowed: this store has keys such as {known!r}, but got "
                    f"{keys[0]!r}."
                )


def dense_state(state: Any) -> Any:
    """A state with its sparse arrays made dense: updates of row-sparse weights work on all rows, in dense memory."""
    if isinstance(state, NDArray):
        return state if state.stype == "default" else state.tostype("default")
    if isinstance(state, (tuple, list)):
        return type(state)(dense_state(part) for part in state)
    return state


def _given(what: str, value: Any) -> Any:
    if value is None:
        raise AssertionError(f"{what} must be given.")
    return value


def _lists(key: Any, value: Any) -> tuple[list[Key], Lists]:
    """A list of keys, and for each the list of its arrays. AssertionError where they do not go together."""
    if not isinstance(key, (list, tuple)):
        if not isinstance(key, (int, str)):
            raise AssertionError(f"unexpected type for keys: {type(key)}; expected int, str, or a list of them")
        return [key], [_arrays(key, value)]
    if key and not (all(isinstance(k, int) for k in key) or all(isinstance(k, str) for k in key)):
        raise AssertionError(f"inconsistent types of keys: expected only int or only str, but got {list(key)!r:.80}")
    if not isinstance(value, (list, tuple)) or len(value) != len(key):
        got = f"a list of {len(value)}" if isinstance(value, (list, tuple)) else type(value).__name__
        raise AssertionError(f"{len(key)} keys need a list of {len(key)} values, but got {got}.")
    return list(key), [_arrays(k, v) for k, v in zip(key, value, strict=True)]


def _arrays(key: Key, value: Any) -> Sequence[NDArray]:
    if isinstance(value, NDArray):
        return (value,)
    if isinstance(value, (list, tuple)) and value and all(isinstance(v, NDArray) for v in value):
        return value
    kind = AssertionError if hasattr(value, "__iter__") else TypeError  # MXNet's
    raise kind(f"the value of key {key!r} must be an NDArray or a list of them, but got {value!r:.80}")


def _need_alike(key: Key, stored: NDArray, arrays: Sequence[NDArray], dtypes: bool = True) -> None:
    """MXNetError when the arrays do not all have the shape of what is stored, and, if asked for, one dtype."""
    for array in arrays:
        if array.shape != stored.shape:
            raise MXNetError(f"key {key!r} has shape {stored.shape}, but got an array of shape {array.shape}.")
        if dtypes and array.dtype != arrays[0].dtype:
            raise MXNetError(
                f"The arrays of key {key!r} must have one dtype, but have {arrays[0].dtype.__name__} and "
                f"{array.dtype.__name__}."
            )


def _row_ids(row_ids: Any, outs: Lists) -> Lists:
    """The row numbers for each array of ``outs``: the same for all, or a list of as many as there are arrays."""
    if isinstance(row_ids, NDArray):
        return [[row_ids] * len(arrays) for arrays in outs]
    if not isinstance(row_ids, (list, tuple)):
        raise AssertionError(f"row_ids should be NDArray or list of NDArray, but got {type(row_ids)}")
    if len(outs) > 1:
        nested = [[ids] if isinstance(ids, NDArray) else ids for ids in row_ids]
    else:
        nested = [row_ids[0] if len(row_ids) == 1 and isinstance(row_ids[0], (list, tuple)) else row_ids]
    spread = [list(ids) * len(arrays) if len(ids) == 1 else ids for ids, arrays in zip(nested, outs, strict=False)]
    if list(map(len, spread)) != list(map(len, outs)):
        raise AssertionError("the number of row_ids doesn't match the number of values")
    return spread


def _all_rows(array: NDArray) -> NDArray:
    """The values of a row-sparse array as a dense one in the same memory; it has all rows from then on."""
    values, (rows,) = storage.parts(array._data)
    if len(rows) < array.shape[0]:
        values = array._data.to_dense()
        array._data = storage.row_sparse(values, torch.arange(len(values), device=values.device), array.shape)
    return wrap(values, array.ctx)


def _rows(array: NDArray, ids: NDArray) -> torch.Tensor:
    """The rows of these numbers, as a row-sparse tensor. MXNetError when there is no such row."""
    wanted = torch.unique(ids._data.to(array._data.device, torch.int64))
    if len(wanted) and not 0 <= int(wanted[0]) <= int(wanted[-1]) < array.shape[0]:
        raise MXNetError(
            f"row_ids go from {int(wanted[0])} to {int(wanted[-1])}, but the rows are 0 to {array.shape[0] - 1}."
        )
    return storage.row_sparse(_all_rows(array)._data[wanted], wanted, array.shape)
