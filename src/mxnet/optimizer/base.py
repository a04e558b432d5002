"""The base of all optimizers: learning rates, weight decay, multipliers, counts of updates, and creation by name."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from operator import attrgetter
from typing import Any, ClassVar

from .. import dtypes
from ..base import MXNetError
from ..lr_scheduler import LRScheduler
from ..ndarray import NDArray
from ..ndarray.ndarray import copy_into
from ..ops.optimizer.multi_tensor import copy_all
from ..ops.sparse.rules import any_sparse, rows_only
from .checks import check_arrays, check_numbers, columns, describe

__all__ = ["Optimizer", "create", "register"]


class Optimizer:
    """Updates weights from gradients.

    A subclass of one's own creates the state of a weight (``create_state``) and updates that weight in place
    (``update``). Those of the library update many weights in few calls (``_step``). Weights are known by an index,
    which the Trainer counts and ``param_dict`` resolves.

    Parameters
    ----------
    rescale_grad : float
        Gradients are multiplied by it before anything else; the Trainer sets it to 1 / batch size.
    param_idx2name : dict of int to str, optional
        Names of weights. Those that end neither in _weight nor in _gamma have no weight decay.
    wd : float
        Weight decay: this times the weight is added to the gradient.
    clip_gradient : float, optional
        Rescaled gradients are clipped to [-clip_gradient, clip_gradient].
    learning_rate : float, optional
        0.01 by default, or the scheduler's base rate.
    lr_scheduler : LRScheduler, optional
    sym : Symbol, optional
        Its variables' attributes ``__lr_mult__`` and ``__wd_mult__`` are multipliers.
    begin_num_update : int
        The count of updates starts here.
    multi_precision : bool
        float16 and bfloat16 weights are updated through a float32 copy.
    param_dict : dict of int to Parameter, optional
        Where ``lr_mult`` and ``wd_mult`` come from.
    """

    opt_registry: ClassVar[dict[str, type[Optimizer]]] = {}
    aggregate_num: int = 0
    """A subclass that sets it in its constructor, and defines ``update``, gets lists of at most so many weights."""

    lazy_update: bool = False
    """Whether a row-sparse gradient changes its rows of weight and states alone."""

    _decayed: ClassVar[tuple[str, ...]] = ("_weight", "_gamma")
    _states_fit: ClassVar[bool] = True  # the arrays of a state have the shape of their weight
    _master_first: ClassVar[bool] = True  # in a state with a float32 copy: SGD has it last, which files must match

    def __init__(
        self,
        rescale_grad: float = 1.0,
        param_idx2name: Mapping[int, str] | None = None,
        wd: float = 0.0,
        clip_gradient: float | None = None,
        learning_rate: float | None = None,
        lr_scheduler: LRScheduler | None = None,
        sym: Any = None,
        begin_num_update: int = 0,
        multi_precision: bool = False,
        param_dict: Mapping[int, Any] | None = None,
    ) -> None:
        check_numbers(self, rescale_grad=rescale_grad, wd=wd, clip_gradient=clip_gradient, learning_rate=learning_rate)
        if lr_scheduler is not None and not callable(lr_scheduler):
            raise TypeError(f"{type(self).__name__}: lr_scheduler must be an LRScheduler, but got {lr_scheduler!r}.")
        self.rescale_grad, self.wd, self.clip_gradient = rescale_grad, wd, clip_gradient
        self.lr_scheduler = lr_scheduler
        self.lr = 0.01 if learning_rate is None else learning_rate
        if lr_scheduler is not None:
            if learning_rate is None:
                self.lr = lr_scheduler.base_lr
            else:
                lr_scheduler.base_lr = learning_rate
        self.multi_precision = multi_precision
        self.begin_num_update = self.num_update = begin_num_update
        self._all_index_update_counts: dict[int, dict[Any, int]] = {0: {}}
        self._index_update_count = self._all_index_update_counts[0]
        if not isinstance(param_idx2name or {}, Mapping):
            raise AssertionError(f"param_idx2name should be a dict of indices to names, not {param_idx2name!r}.")
        self.idx2name = dict(param_idx2name or {})
        self.sym_info = () if sym is None else (sym.attr_dict(), sym.list_arguments())
        self.param_dict = param_dict or {}
        self.set_lr_mult({})
        self.set_wd_mult({})

    # Creation by name

    @staticmethod
    def register(klass: type[Optimizer]) -> type[Optimizer]:
        """Class decorator: make an optimizer known to ``create`` by its name in lower case.

        Warns where another one had that name.
        """
        if not isinstance(klass, type):
            raise AssertionError(f"register takes a class, not {klass!r}.")
        name, known = klass.__name__.lower(), Optimizer.opt_registry
        if name in known:
            new, old = (f"{k.__module__}.{k.__qualname__}" for k in (klass, known[name]))
            warnings.warn(f"New optimizer {new} is overriding existing optimizer {old}.", stacklevel=2)
        known[name] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """The optimizer of that name. Raises ValueError, naming those that exist, for another one, and AttributeError,
        as MXNet does, for what is no text.
        """
        if not isinstance(name, str):
            raise AttributeError(f"An optimizer is made by its name, such as 'sgd', but got {name!r:.80}.")
        klass = Optimizer.opt_registry.get(name.lower())
        if klass is None:
            raise ValueError(f"Cannot find optimizer {name}. There are: {', '.join(sorted(Optimizer.opt_registry))}.")
        return klass(**kwargs)

    # Rates

    @property
    def learning_rate(self) -> float:
        """The rate of the next update, before multipliers."""
        return self.lr if self.lr_scheduler is None else self.lr_scheduler(self.num_update)

    def set_learning_rate(self, lr: float) -> None:
        """Change the rate. Raises UserWarning when a scheduler decides it, as MXNet does."""
        if self.lr_scheduler is not None:
            raise UserWarning("LRScheduler of the optimizer has already been defined; it decides the learning rate.")
        self.lr = lr

    def set_lr_scale(self, args_lrscale: Mapping[int, float]) -> None:
        """Raises DeprecationWarning, as in MXNet."""
        raise DeprecationWarning("set_lr_scale was replaced by set_lr_mult.")

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Multipliers of the learning rate, by index or name of the weight; others are those of the symbol."""
        self.lr_mult = {**self._of_symbol("__lr_mult__"), **args_lr_mult}

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Multipliers of the weight decay, by index or name of the weight; others are those of the symbol.

        Where ``param_idx2name`` named the weights, only those that end in _weight or _gamma have decay otherwise.
        """
        undecayed = {name: 0.0 for name in self.idx2name.values() if not name.endswith(self._decayed)}
        self.wd_mult = {**undecayed, **self._of_symbol("__wd_mult__"), **args_wd_mult}

    def _of_symbol(self, attribute: str) -> dict[Any, float]:
        """A multiplier, by name, of those of the symbol's arguments that have one."""
        if not self.sym_info:
            return {}
        attributes, names = self.sym_info
        return {name: float(attributes[name][attribute]) for name in names if attribute in attributes.get(name, ())}

    def _multiplied(self, value: float, indices: Sequence[Any], attribute: str, table: Mapping[Any, float]) -> list:
        """A rate for each weight: times the multiplier of its parameter, or of its index or name in the table."""
        if self.param_dict:
            known = list(map(self.param_dict.get, indices))
            if None not in known:
                return [value * multiplier for multiplier in map(attrgetter(attribute), known)]
        elif not table:
            return [value] * len(indices)
        return [value * self._multiplier(i, attribute, table) for i in indices]

    def _multiplier(self, index: Any, attribute: str, table: Mapping[Any, float]) -> float:
        if index in self.param_dict:
            return getattr(self.param_dict[index], attribute)
        return table[index] if index in table else table.get(self.idx2name.get(index), 1.0)

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        return self._multiplied(self.learning_rate, indices, "lr_mult", self.lr_mult)

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        return self._multiplied(self.wd, indices, "wd_mult", self.wd_mult)

    def _get_lr(self, index: Any) -> float:
        return self._get_lrs([index])[0]

    def _get_wd(self, index: Any) -> float:
        return self._get_wds([index])[0]

    # Counting

    def _set_current_context(self, device_id: int) -> None:
        """Each device counts its own updates."""
        self._index_update_count = self._all_index_update_counts.setdefault(device_id, {})

    def _update_count(self, index: Any) -> None:
        counts, start, most = self._index_update_count, self.begin_num_update, self.num_update
        for i in index if isinstance(index, (list, tuple)) else (index,):
            counts[i] = count = counts.get(i, start) + 1
            if count > most:
                most = count
        self.num_update = most

    # State

    def create_state(self, index: Any, weight: NDArray) -> Any:
        """The state of one weight: an NDArray, a tuple of them, or None."""
        return None

    def create_state_multi_precision(self, index: Any, weight: NDArray) -> Any:
        """As ``create_state``; for half-precision weights with ``multi_precision``, (float32 copy of the weight,
        state).
        """
        if self._has_master(weight):
            master = weight.astype("float32")
            state = self.create_state(index, master)
            return (master, state) if self._master_first else (state, master)
        if not self.multi_precision and (name := dtypes.resolve(weight.dtype).name) == "float16":
            warnings.warn(
                f"Accumulating with {name} in {type(self).__name__} can lead to poor accuracy or slow convergence: "
                "consider multi_precision=True.",
                stacklevel=2,
            )
        return self.create_state(index, weight)

    def _has_master(self, weight: NDArray) -> bool:
        return self.multi_precision and dtypes.resolve(weight.dtype).itemsize == 2

    # Updates

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: Sequence[Any]
    ) -> None:
        """Update many weights in place."""
        self._update_count(indices)
        self._apply(indices, self._get_lrs(indices), self._get_wds(indices), [weights, grads, *columns(states)])

    def _apply(self, indices: Sequence[Any], lrs: list[float], wds: list[float], lists: list) -> None:
        """``_step`` on arrays: weights, gradients, and states, a list for each part of them."""
        tensors: list[Any] = [None if one is None else [array._data for array in one] for one in lists]
        if any_sparse(tensors[0]) or any_sparse(tensors[1]):
            self._sparse_step(indices, lrs, wds, lists, tensors)
        else:
            try:
                self._step(indices, lrs, wds, *tensors)
            except (TypeError, RuntimeError) as error:
                if type(self)._step is Optimizer._step:
                    raise
                raise MXNetError(f"{describe(self)} cannot update weights {list(indices)}: {error}") from error

    def _step(self, indices: Sequence[Any], lrs: list[float], wds: list[float], *tensors: Any) -> None:
        """Update lists of torch tensors in place: weights from gradients, and states, a list for each part of them.

        lrs, wds: for each weight. A part of a state that is None for all weights is None instead of a list.
        """
        raise NotImplementedError(f"{type(self).__name__} must define update(index, weight, grad, state).")

    def _sparse_step(
        self, indices: Sequence[Any], lrs: list[float], wds: list[float], lists: list, tensors: list
    ) -> None:
        """As ``_step``, for gradients, and perhaps weights and states, that are row-sparse."""
        stored = []
        for place in (0, *range(2, len(lists))):
            for i, array in enumerate(lists[place] or ()):
                if array.stype != "default":
                    tensors[place][i] = array.tostype("default")._data
                    stored.append((array, tensors[place][i]))
        with rows_only(self._is_lazy(lists[0]), *(one for one in tensors if one is not None)) as rows:
            rest = iter(rows)
            self._step(indices, lrs, wds, *(None if one is None else next(rest) for one in tensors))
        for array, tensor in stored:
            copy_into(array, tensor)

    def _is_lazy(self, weights: Sequence[NDArray]) -> bool:
        return self.lazy_update

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Update one weight in place, or lists of them.

        Raises AssertionError for what is no array, MXNetError for other shapes than the weight's; nothing changes then.
        """
        if not isinstance(index, (list, tuple)):
            index, weight, grad, state = [index], [weight], [grad], [state]
        check_arrays(self, index, weight, grad, state)
        self.update_all(index, weight, grad, state)

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """As ``update``, for states from ``create_state_multi_precision``."""
        self._update_masters(self.update, index, weight, grad, state)

    def _update_masters(self, update: Callable[..., None], index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Call ``update`` with the float32 copies in place of the weights that have one, and round them off."""
        if not self.multi_precision:
            update(index, weight, grad, state)
            return
        many = isinstance(index, (list, tuple))
        rows = [list(row) for row in (zip(weight, grad, state, strict=True) if many else [(weight, grad, state)])]
        halves = []
        for row in rows:
            if self._has_master(row[0]):
                master, inner = row[2] if self._master_first else reversed(row[2])
                halves.append((row[0]._data, master._data))
                row[:] = master, row[1].astype("float32"), inner
        update(index, *(map(list, zip(*rows, strict=True)) if many else rows[0]))
        if halves:
            copy_all(*zip(*halves, strict=True))

    @property
    def _most(self) -> int | None:
        """How many weights of one dtype an update takes: 0 for one that is in no list, None for all.

        A subclass that overrides the updates, as in MXNet, takes one, or the lists that it asks for.
        """
        mine, base = type(self), Optimizer
        if mine.update is base.update and mine.update_multi_precision is base.update_multi_precision:
            return None
        return vars(self).get("aggregate_num", 0)

    def __getstate__(self) -> dict[str, Any]:
        # Parameters stay with the Trainer, which hands them over again; a symbol's attributes are in the multipliers.
        return {**self.__dict__, "param_dict": {}, "sym_info": ()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def register(klass: type[Optimizer]) -> type[Optimizer]:
    return Optimizer.register(klass)


def create(name: str | Optimizer, **kwargs: Any) -> Optimizer:
    """The optimizer of that name, made with these arguments; an optimizer is returned as it is."""
    return name if isinstance(name, Optimizer) else Optimizer.create_optimizer(name, **kwargs)
