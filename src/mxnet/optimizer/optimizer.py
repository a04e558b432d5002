"""The base of all optimizers: learning rates, weight decay, multipliers, counts of updates, and creation by name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from .. import dtypes
from ..lr_scheduler import LRScheduler
from ..ndarray import NDArray

__all__ = ["Optimizer", "create", "register"]


class Optimizer:
    """Updates weights from gradients.

    A subclass creates the state of a weight (``create_state``) and computes the update of many weights at once
    (``update_all``), or, as in MXNet, that of one (``update``). Weights are known by an index, which the Trainer counts
    and ``param_dict`` resolves.

    Parameters
    ----------
    rescale_grad : float
        Gradients are multiplied by it before anything else; the Trainer sets it to 1 / batch size.
    param_idx2name : dict of int to str, optional
    wd : float
        Weight decay: this times the weight is added to the gradient.
    clip_gradient : float, optional
        Rescaled gradients are clipped to [-clip_gradient, clip_gradient].
    learning_rate : float, optional
        0.01 by default, or the scheduler's base rate.
    lr_scheduler : LRScheduler, optional
    begin_num_update : int
        The count of updates starts here.
    multi_precision : bool
        float16 and bfloat16 weights are updated through a float32 copy.
    param_dict : dict of int to Parameter, optional
        Where ``lr_mult`` and ``wd_mult`` come from.
    """

    opt_registry: ClassVar[dict[str, type[Optimizer]]] = {}
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
        self.idx2name = dict(param_idx2name or {})
        self.param_dict = dict(param_dict or {})
        self.lr_mult: dict[Any, float] = {}
        self.wd_mult: dict[Any, float] = {}

    # Creation by name

    @staticmethod
    def register(klass: type[Optimizer]) -> type[Optimizer]:
        """Class decorator: make an optimizer known to ``create`` by its name in lower case."""
        Optimizer.opt_registry[klass.__name__.lower()] = klass
        return klass

    @staticmethod
    def create_optimizer(name: str, **kwargs: Any) -> Optimizer:
        """The optimizer of that name. Raises ValueError, naming those that exist, for another one."""
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

    def set_lr_mult(self, args_lr_mult: Mapping[Any, float]) -> None:
        """Multipliers of the learning rate, by index or name of the weight."""
        self.lr_mult = dict(args_lr_mult)

    def set_wd_mult(self, args_wd_mult: Mapping[Any, float]) -> None:
        """Multipliers of the weight decay, by index or name of the weight."""
        self.wd_mult = dict(args_wd_mult)

    def _mult(self, index: Any, attribute: str, table: Mapping[Any, float]) -> float:
        parameter = self.param_dict.get(index)
        if parameter is not None:
            return getattr(parameter, attribute)
        if index in table:
            return table[index]
        return table.get(self.idx2name.get(index), 1.0)

    def _get_lrs(self, indices: Sequence[Any]) -> list[float]:
        lr = self.learning_rate
        return [lr * self._mult(i, "lr_mult", self.lr_mult) for i in indices]

    def _get_wds(self, indices: Sequence[Any]) -> list[float]:
        return [self.wd * self._mult(i, "wd_mult", self.wd_mult) for i in indices]

    def _get_lr(self, index: Any) -> float:
        return self._get_lrs([index])[0]

    def _get_wd(self, index: Any) -> float:
        return self._get_wds([index])[0]

    # Counting

    def _set_current_context(self, device_id: int) -> None:
        """Each device counts its own updates."""
        self._index_update_count = self._all_index_update_counts.setdefault(device_id, {})

    def _update_count(self, index: Any) -> None:
        counts = self._index_update_count
        for i in index if isinstance(index, (list, tuple)) else (index,):
            counts[i] = count = counts.get(i, self.begin_num_update) + 1
            if count > self.num_update:
                self.num_update = count

    # State and updates

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
        return self.create_state(index, weight)

    def _has_master(self, weight: NDArray) -> bool:
        return self.multi_precision and dtypes.resolve(weight.dtype).itemsize == 2

    def update_all(
        self, indices: Sequence[Any], weights: Sequence[NDArray], grads: Sequence[NDArray], states: list
    ) -> None:
        """Update many weights in place; subclasses say how."""
        raise NotImplementedError(f"{type(self).__name__} must define update_all(indices, weights, grads, states)")

    def update(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """Update one weight in place, or lists of them."""
        if isinstance(index, (list, tuple)):
            self.update_all(index, weight, grad, state)
        else:
            self.update_all([index], [weight], [grad], [state])

    def update_multi_precision(self, index: Any, weight: Any, grad: Any, state: Any) -> None:
        """As ``update``, for states from ``create_state_multi_precision``."""
        if isinstance(index, (list, tuple)):
            if any(map(self._has_master, weight)):
                for one in zip(index, weight, grad, state, strict=True):
                    self.update_multi_precision(*one)
            else:
                self.update(index, weight, grad, state)
        elif self._has_master(weight):
            master, inner = state if self._master_first else reversed(state)
            self.update(index, master, grad.astype("float32"), inner)
            weight[:] = master
        else:
            self.update(index, weight, grad, state)

    @property
    def _takes_lists(self) -> bool:
        """Whether updates take many weights at once: a subclass that overrides them, as in MXNet, takes one."""
        mine, base = type(self), Optimizer
        return mine.update is base.update and mine.update_multi_precision is base.update_multi_precision

    def __getstate__(self) -> dict[str, Any]:
        # Parameters stay with the Trainer, which hands them over again.
        return {**self.__dict__, "param_dict": {}}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)


def register(klass: type[Optimizer]) -> type[Optimizer]:
    return Optimizer.register(klass)


def create(name: str | Optimizer, **kwargs: Any) -> Optimizer:
    """The optimizer of that name, made with these arguments; an optimizer is returned as it is."""
    return name if isinstance(name, Optimizer) else Optimizer.create_optimizer(name, **kwargs)
