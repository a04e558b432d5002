"""Trainer: applies an optimizer to the parameters of a network."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from .. import optimizer as optimizers
from ..base import MXNetError
from ..context import Context
from ..ndarray import NDArray, add_n, array, load, save
from ..optimizer.updater import flatten
from .parameter import Parameter, ParameterDict

__all__ = ["Trainer"]


class Trainer:
    """Applies an optimizer to a set of parameters; call ``step`` after ``backward``.

    Parameters
    ----------
    params : ParameterDict, dict of str to Parameter, or list of Parameter
    optimizer : str or Optimizer
        A name such as 'sgd' or 'adam', or an optimizer.
    optimizer_params : dict, optional
        Arguments of the optimizer, when it is given by name.
    kvstore : str, optional
        Accepted as MXNet does; gradients of several contexts are summed in this process whatever its name is.
    compression_params : dict, optional
        Accepted as MXNet does; gradients are not sent anywhere, so there is nothing to compress.
    update_on_kvstore : bool, optional
        True forbids calling ``allreduce_grads`` and ``update`` separately, as in MXNet.
    """

    def __init__(
        self,
        params: ParameterDict | Mapping[str, Parameter] | Sequence[Parameter],
        optimizer: str | optimizers.Optimizer,
        optimizer_params: Mapping[str, Any] | None = None,
        kvstore: Any = "device",
        compression_params: Mapping[str, Any] | None = None,
        update_on_kvstore: bool | None = None,
    ) -> None:
        if isinstance(params, (dict, ParameterDict)):
            params = [params[key] for key in sorted(params.keys())]
        if not isinstance(params, (list, tuple)):
            raise ValueError(f"First argument must be a list or dict of Parameters, got {type(params)}.")
        for parameter in params:
            if not isinstance(parameter, Parameter):
                raise ValueError(f"First argument must be a list or dict of Parameters, got list of {type(parameter)}.")
        self._params = list(params)
        self._scale = 1.0
        self._kvstore, self._update_on_kvstore = kvstore, update_on_kvstore
        self._contexts = self._check_contexts()
        self._init_optimizer(optimizer, dict(optimizer_params or {}))

    def _check_contexts(self) -> list[Context]:
        contexts: list[Context] | None = None
        for parameter in self._params:
            found = parameter.list_ctx()
            if contexts is not None and contexts != found:
                raise AssertionError(
                    "All Parameters must be initialized on the same set of contexts, but Parameter "
                    f"{parameter.name} is initialized on {found} while previous Parameters are on {contexts}."
                )
            contexts = found
        return contexts or []

    def _init_optimizer(self, optimizer: str | optimizers.Optimizer, arguments: dict[str, Any]) -> None:
        by_index = dict(enumerate(self._params))
        if isinstance(optimizer, optimizers.Optimizer):
            if arguments:
                raise AssertionError(
                    "optimizer_params must be None if optimizer is an instance of Optimizer instead of str"
                )
            self._optimizer = optimizer
            optimizer.param_dict = by_index
        else:
            self._optimizer = optimizers.create(optimizer, param_dict=by_index, **arguments)
        self._scale = self._optimizer.rescale_grad
        self._updaters = [optimizers.get_updater(self._optimizer) for _ in self._contexts]

    @property
    def learning_rate(self) -> float:
        return self._optimizer.learning_rate

    @property
    def optimizer(self) -> optimizers.Optimizer:
        return self._optimizer

    def set_learning_rate(self, lr: float) -> None:
        """Change the learning rate. Raises UserWarning when a scheduler decides it."""
        self._optimizer.set_learning_rate(lr)

    def step(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """One update from the gradients of the last ``backward``, which are divided by ``batch_size``.

        ignore_stale_grad: leave out parameters that no ``backward`` has reached since the last step; otherwise those
        raise UserWarning, as in MXNet, before anything is updated.
        """
        self._optimizer.rescale_grad = self._scale / batch_size
        self._allreduce()
        self._update(ignore_stale_grad)

    def allreduce_grads(self) -> None:
        """Sum the gradients over the contexts; for those who change gradients between this and ``update``."""
        self._refuse_on_kvstore("allreduce_grads")
        self._allreduce()

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """The update of ``step``, without summing over contexts."""
        self._refuse_on_kvstore("update")
        self._optimizer.rescale_grad = self._scale / batch_size
        self._update(ignore_stale_grad)

    def _refuse_on_kvstore(self, name: str) -> None:
        if self._update_on_kvstore:
            raise AssertionError(
                f"{name}() when parameters are updated on kvstore is not supported. Try setting `update_on_kvstore` "
                "to False "
                "when creating trainer."
            )

    def _allreduce(self) -> None:
        if len(self._contexts) < 2:
            return
        for parameter in self._params:
            if parameter.grad_req != "null":
                grads = parameter.list_grad()
                total = add_n(*(g.as_in_context(grads[0].ctx) for g in grads))
                for grad in grads:
                    total.copyto(grad)

    def _update(self, ignore_stale_grad: bool) -> None:
        trained = [(i, p, p.list_data()) for i, p in enumerate(self._params) if p.grad_req != "null"]
        for device, updater in enumerate(self._updaters):
            indices, grads, weights = [], [], []
            for i, parameter, copies in trained:
                weight = copies[device]
                if not weight._fresh_grad:
                    if ignore_stale_grad:
                        continue
                    raise UserWarning(
                        f"Gradient of Parameter `{parameter.name}` on context {weight.ctx} has not been updated by "
                        "backward "
                        "since last `step`. This could mean a bug in your model that made it only use a subset of the "
                        "Parameters (Blocks) for this iteration. If you are intentionally only using a subset, call "
                        "step with "
                        "ignore_stale_grad=True to suppress this warning and skip updating of Parameters with stale "
                        "gradient"
                    )
                indices.append(i)
                grads.append(weight.grad)
                weights.append(weight)
            updater(indices, grads, weights)
            for weight in weights:
                weight._fresh_grad = False

    def save_states(self, fname: str) -> None:
        """Write the optimizer's states (momenta, counts of updates) to a file of arrays, whole or not at all."""
        optimizer, arrays = self._optimizer, {}
        for device, updater in enumerate(self._updaters):
            counts = optimizer._all_index_update_counts.get(device, {})
            for index, state in updater.states.items():
                arrays[f"count:{device}:{index}"] = array(
                    [counts.get(index, optimizer.begin_num_update)], dtype="int64"
                )
                for slot, part in enumerate(flatten(state)):
                    arrays[f"state:{device}:{index}:{slot}"] = part
        arrays["num_update"] = array([optimizer.num_update], dtype="int64")
        save(fname, arrays)

    def load_states(self, fname: str) -> None:
        """Continue from states that ``save_states`` wrote. Raises MXNetError, and changes nothing, where they don't
        fit.
        """
        arrays = load(fname)
        if not isinstance(arrays, dict) or "num_update" not in arrays:
            raise MXNetError(f"{fname}: these are no trainer states; expected a file that Trainer.save_states wrote.")
        plan: list[tuple[NDArray, NDArray]] = []
        fresh, counts = [], []
        for device, updater in enumerate(self._updaters):
            fresh.append(dict(updater.states))
            counts.append({})
            for index, parameter in enumerate(self._params):
                if f"count:{device}:{index}" not in arrays:
                    continue
                counts[device][index] = int(arrays[f"count:{device}:{index}"].asscalar())
                weight = parameter.list_data()[device]
                state = fresh[device].setdefault(index, self._optimizer.create_state_multi_precision(index, weight))
                for slot, part in enumerate(flatten(state)):
                    saved = arrays.get(f"state:{device}:{index}:{slot}")
                    if saved is None or saved.shape != part.shape:
                        found = "nothing" if saved is None else f"shape {saved.shape}"
                        raise MXNetError(
                            f"{fname}: state {slot} of Parameter {parameter.name!r} must have shape {part.shape}, "
                            f"but the file has {found}. Was it written by another network or optimizer?"
                        )
                    plan.append((saved, part))
        for saved, part in plan:
            saved.copyto(part)
        for device, updater in enumerate(self._updaters):
            updater.states = fresh[device]
            updater.states_synced = dict.fromkeys(fresh[device], True)
            self._optimizer._all_index_update_counts[device] = counts[device]
        self._optimizer.num_update = int(arrays["num_update"].asscalar())
        self._optimizer._set_current_context(0)
