"""Trainer: applies an optimizer to the parameters of a network."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import dtypes
from .. import optimizer as optimizers
from .._files import atomic_write
from ..base import MXNetError
from ..context import Context
from ..ndarray import add_n
from ..optimizer import states
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

    def save_states(self, fname: str | os.PathLike[str]) -> None:
        """Write the optimizer and its states (momenta, counts of updates) to a file, whole or not at all.

        The states are those of the first context: the others' are the same. Raises OSError, as MXNet does.
        """
        with atomic_write(fname) as file:
            file.write(self._updaters[0].get_states(dump_optimizer=True))

    def load_states(self, fname: str | os.PathLike[str]) -> None:
        """Continue with the optimizer and the states that ``save_states``, here or in MXNet, wrote.

        As in MXNet, the optimizer is replaced by the saved one with its learning rate, counts and scheduler; a new
        ``set_learning_rate`` changes it. Files that MXNet pickled are read without running anything in them.
        Raises MXNetError, and changes nothing, where the states don't fit; OSError where there is no file.
        """
        with open(fname, "rb") as file:
            raw = file.read()
        where = repr(os.fspath(fname))
        saved, optimizer = states.loads(raw, where, self._optimizer)
        optimizer = optimizer or self._optimizer
        self._check_states(saved, optimizer, where)
        counts = optimizer._all_index_update_counts
        known = next(iter(counts.values()), {})
        for ctx in self._contexts:
            counts.setdefault(ctx.device_id, dict(known))
        for ctx, updater in zip(self._contexts, self._updaters, strict=True):  # every context gets states of its own
            updater._continue({i: updater.sync_state_context(state, ctx) for i, state in saved.items()}, optimizer)
        self._optimizer = optimizer

    def _check_states(self, saved: dict[Any, Any], optimizer: optimizers.Optimizer, where: str) -> None:
        """MXNetError unless these could be states of ``optimizer`` for this trainer's parameters."""
        for index, state in saved.items():
            if not isinstance(index, int) or not 0 <= index < len(self._params):
                raise MXNetError(
                    f"{where}: there are states for parameter {index!r}, but this Trainer has {len(self._params)} "
                    "parameters. Was the file written by another network?"
                )
            parameter = self._params[index]
            if parameter._data is None:  # its shape comes with the first forward pass
                continue
            fresh = optimizer.create_state_multi_precision(index, parameter.list_data()[0])
            wanted, found = flatten(fresh), flatten(state)
            if len(wanted) != len(found):
                raise MXNetError(
                    f"{where}: Parameter {parameter.name!r} needs {len(wanted)} arrays of states, but the file has "
                    f"{len(found)}. Was it written by another optimizer?"
                )
            for slot, arrays in enumerate(zip(wanted, found, strict=True)):
                shapes, types = [a.shape for a in arrays], [dtypes.resolve(a.dtype).name for a in arrays]
                for what, (mine, other) in (("shape", shapes), ("dtype", types)):
                    if mine != other:
                        raise MXNetError(
                            f"{where}: state {slot} of Parameter {parameter.name!r} must have {what} {mine}, but the "
                            f"file has {what} {other}. Was it written by another network or optimizer?"
                        )
