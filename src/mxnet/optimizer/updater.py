"""The updater: an optimizer with the states of its weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..ndarray import NDArray
from . import states as files
from .base import Optimizer

__all__ = ["Updater", "get_updater"]


class Updater:
    """A function ``(index, grad, weight)`` that updates weights and keeps their states.

    All three may be lists, which is one update of many weights. States are created when a weight is first seen.
    """

    def __init__(self, optimizer: Optimizer) -> None:
        self.optimizer = optimizer
        self.states: dict[Any, Any] = {}
        self.states_synced: dict[Any, bool] = {}

    def __call__(self, index: Any, grad: Any, weight: Any) -> None:
        if not isinstance(index, (list, tuple)):
            index, grad, weight = [index], [grad], [weight]
        self._update(index, grad, weight)

    def _update(self, index: Sequence[Any], grad: Sequence[Any], weight: Sequence[Any], known: bool = False) -> None:
        """Update lists of weights. ``known``: the gradients fit them, so only states from a file need a check, which
        takes as long as a third of an update of small weights.
        """
        if not index:
            return
        optimizer, states = self.optimizer, self.states
        optimizer._set_current_context(weight[0].ctx.device_id)
        for i, w in zip(index, weight, strict=True):
            if i not in states:
                states[i] = optimizer.create_state_multi_precision(i, w)
                self.states_synced[i] = True
            elif not self.states_synced[i]:
                states[i] = self.sync_state_context(states[i], w.ctx)
                self.states_synced[i] = True
                known = False
        most = optimizer._most
        if most is None:
            update = optimizer.update_all if known else optimizer.update
            optimizer._update_masters(update, index, weight, grad, [states[i] for i in index])
        elif most:
            self._update_in_batches(most, index, weight, grad)
        else:
            for i, w, g in zip(index, weight, grad, strict=True):
                optimizer.update_multi_precision(i, w, g, states[i])

    @property
    def aggregate_updates(self) -> bool:
        """Whether MXNet would update several weights in one call."""
        return self.optimizer.aggregate_num > 0

    def _update_in_batches(self, most: int, index: Sequence[Any], weight: Sequence[Any], grad: Sequence[Any]) -> None:
        by_dtype: dict[Any, list[tuple]] = {}
        for i, w, g in zip(index, weight, grad, strict=True):
            by_dtype.setdefault(w.dtype, []).append((i, w, g, self.states[i]))
        for rows in by_dtype.values():
            for start in range(0, len(rows), most):
                self.optimizer.update_multi_precision(*zip(*rows[start : start + most], strict=True))

    def get_states(self, dump_optimizer: bool = False) -> bytes:
        """The states, and the optimizer if asked for, as bytes for ``set_states``."""
        return files.dumps(self.states, self.optimizer if dump_optimizer else None)

    def set_states(self, states: bytes) -> None:
        """Continue from what ``get_states`` of here, or of MXNet, returned. MXNetError, and no change, for others."""
        saved = files.loads(states, f"{len(states)} bytes of states", self.optimizer)
        self._continue(saved.states, saved.optimizer)

    def _continue(self, states: dict[Any, Any], optimizer: Optimizer | None) -> None:
        self.states, self.optimizer = states, optimizer or self.optimizer
        self.states_synced = dict.fromkeys(states, False)  # each moves to its weight's context when it is used

    def sync_state_context(self, state: Any, context: Any) -> Any:
        """The state on a context: arrays are moved, tuples and lists of them too."""
        if isinstance(state, NDArray):
            return state.as_in_context(context)
        if isinstance(state, (tuple, list)):
            return type(state)(self.sync_state_context(s, context) for s in state)
        return state


def get_updater(optimizer: Optimizer) -> Updater:
    """An updater around an optimizer. AttributeError, as MXNet's, for what is none."""
    if not isinstance(optimizer, Optimizer):
        raise AttributeError(f"get_updater takes an Optimizer, but got {optimizer!r:.80}. Use mx.optimizer.create.")
    return Updater(optimizer)


def flatten(state: Any) -> Sequence[NDArray]:
    """The arrays of a state, in order."""
    if isinstance(state, NDArray):
        return [state]
    if isinstance(state, (tuple, list)):
        return [array for part in state for array in flatten(part)]
    return []
