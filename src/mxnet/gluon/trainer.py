"""Trainer: applies an optimizer to the parameters of a network."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from typing import Any

from .. import autograd, dtypes
from .. import optimizer as optimizers
from .._files import atomic_write
from .._state import changes
from ..base import MXNetError
from ..context import Context
from ..kvstore import KVStore, KVStoreBase
from ..kvstore.base import maker
from ..kvstore.kvstore import dense_state
from ..ndarray import NDArray
from ..optimizer import states
from ..optimizer.updater import flatten
from .parameter import Parameter, ParameterDict

__all__ = ["Trainer"]

LARGE = 1024 * 1024 * 16  # elements of an array; with such, 'local' leaves the update to the contexts


class Trainer:
    """Applies an optimizer to a set of parameters; call ``step`` after ``backward``.

    On several contexts, gradients are summed by a key-value store. The store updates the weights, too, and copies them
    to all contexts (``update_on_kvstore``), or it returns the summed gradients, with which each context updates its
    own.

    Parameters
    ----------
    params : ParameterDict, dict of str to Parameter, or list of Parameter
    optimizer : str or Optimizer
        A name such as 'sgd' or 'adam', or an optimizer.
    optimizer_params : dict, optional
        Arguments of the optimizer, when it is given by name.
    kvstore : str, KVStoreBase or None
        A store, or the name of one (``mx.kv.create``), which is made for several contexts or row-sparse weights only.
        None sums nothing: each context is on its own.
    compression_params : dict, optional
        For ``KVStore.set_gradient_compression``.
    update_on_kvstore : bool, optional
        Whether the store updates the weights. When not given: where it can, except for row-sparse gradients of dense
        weights and where the environment says ``MXNET_UPDATE_ON_KVSTORE=0``. With it, ``allreduce_grads`` and
        ``update`` cannot be called separately, and ``step`` leaves the gradients as they are.
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
        self._param2idx = {parameter.name: index for index, parameter in enumerate(self._params)}
        self._contains_sparse_weight = any(p._stype != "default" for p in self._params)
        self._contains_sparse_grad = any(p._grad_stype != "default" for p in self._params)
        self._compression_params = compression_params
        self._kvstore_params = {"kvstore": kvstore, "update_on_kvstore": update_on_kvstore}
        self._check_kvstore()
        self._contexts = self._check_contexts()
        if not isinstance(optimizer_params or {}, Mapping):
            raise TypeError(f"optimizer_params must be a dict, but got {optimizer_params!r:.80}.")
        self._init_optimizer(optimizer, dict(optimizer_params or {}))
        for parameter in self._params:
            parameter._set_trainer(self)
        self._kvstore: Any = None
        self._reset_kvstore()

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

    # The store

    def _check_kvstore(self) -> None:
        """The error that says why the store cannot be used as it was asked for."""
        store, wanted = self._kvstore_params["kvstore"], self._kvstore_params["update_on_kvstore"]
        if store is not None and not isinstance(store, (KVStoreBase, str)):
            raise TypeError(f"kvstore must be KVStore, str or None, but got {store!r:.80}.")
        if isinstance(store, str):
            maker(store)  # refuses what is none
        if store is None and self._contains_sparse_weight:
            raise TypeError(
                "Cannot create 'None' KVStore with row_sparse parameters. The type must be KVStore or str: such "
                "weights live in the store."
            )
        if self._contains_sparse_weight and wanted is False:
            raise ValueError("Cannot set update_on_kvstore=False when sparse weights are present: the store has them.")
        if store is None and wanted:
            raise ValueError("update_on_kvstore=True needs a kvstore, but it is None.")

    def _reset_kvstore(self) -> None:
        """Start over with the store: it is made, and gets the weights, when it is needed next."""
        if isinstance(self._kvstore, KVStore):
            for index in range(len(self._params)):
                self._kvstore._forget(index)
        self._kv_initialized, self._kvstore = False, None
        self._distributed = self._update_on_kvstore = None
        self._params_to_init = list(self._params)
        self._plan = _Plan()

    def _init_kvstore(self) -> None:
        """Decide whether there is a store, and who updates the weights."""
        store, on_store = self._kvstore_params["kvstore"], self._kvstore_params["update_on_kvstore"]
        if isinstance(store, str):
            needed = len(self._contexts) > 1 or self._contains_sparse_weight or on_store
            store = maker(store)() if needed else None
        if store is not None:
            capable = store.is_capable(KVStoreBase.OPTIMIZER)
            if not capable and self._contains_sparse_weight:
                raise AssertionError(
                    f"Row-sparse weights need a kvstore that is capable of an optimizer, but {type(store).__name__} is "
                    "not. Use another one, such as 'device'."
                )
            if not capable and on_store:
                raise ValueError(f"Please set update_on_kvstore=False when training with {type(store)}.")
            if on_store is None:
                on_store = capable and (self._contains_sparse_weight or self._prefers_store(store))
            if self._compression_params:
                store.set_gradient_compression(self._compression_params)
            if on_store:
                store.set_optimizer(self._optimizer)
            self._distributed = "dist" in store.type
        else:
            self._distributed, on_store = False, None
        self._kvstore, self._update_on_kvstore = store, on_store
        self._kv_initialized = True

    def _prefers_store(self, store: Any) -> bool:
        if self._contains_sparse_grad:  # adding up gradients of few rows is cheaper than copying whole weights
            return "dist" in store.type
        if self._kvstore_params["kvstore"] == "local" and any(math.prod(p.shape or ()) > LARGE for p in self._params):
            return False
        return os.environ.get("MXNET_UPDATE_ON_KVSTORE", "1") != "0"

    def _init_params(self) -> None:
        """Give the store the values of parameters that it does not have; all contexts get those of the first one."""
        waiting = []
        for parameter in self._params_to_init:
            if parameter._deferred_init:
                waiting.append(parameter)
            elif self._kvstore is not None:
                self._spread(self._param2idx[parameter.name], parameter)
        self._params_to_init = waiting

    def _spread(self, index: int, parameter: Parameter) -> None:
        arrays = list(parameter._arrays().values())
        if parameter._stype != "default":
            self._kvstore.init(index, arrays[0])
        elif type(self._kvstore) is KVStore and not self._update_on_kvstore:
            with autograd.pause():
                for array in arrays[1:]:
                    arrays[0].copyto(array)
        else:
            self._kvstore.broadcast(index, arrays[0], arrays)

    def _parameter_changed(self, parameter: Parameter) -> None:
        """What a parameter calls that has got other values: those that the store has are out of date."""
        if not self._kv_initialized or not self._update_on_kvstore or parameter in self._params_to_init:
            return
        if isinstance(self._kvstore, KVStore):
            self._kvstore._forget(self._param2idx[parameter.name])
            self._params_to_init.append(parameter)
        else:
            self._reset_kvstore()

    def _row_sparse_pull(
        self, parameter: Parameter, out: NDArray | list[NDArray], row_id: NDArray | None, full_idx: bool = False
    ) -> None:
        """Rows of a row-sparse parameter, from the store into its arrays; all rows with ``full_idx``."""
        self._prepare()
        index = self._param2idx[parameter.name]
        if full_idx and not self._distributed:
            self._kvstore.pull(index, out=out, ignore_sparse=False)
        else:
            self._kvstore.row_sparse_pull(index, out=out, row_ids=row_id)

    def _prepare(self) -> None:
        if not self._kv_initialized:
            self._init_kvstore()
        if self._params_to_init:
            self._init_params()

    # Steps

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
        raise UserWarning, as in MXNet, before anything is updated. With ``update_on_kvstore`` nothing is left out, and
        only parameters that were never reached raise it.
        """
        self._check_and_rescale_grad(self._scale / batch_size)
        self._prepare()
        if self._kvstore is not None and not ignore_stale_grad:  # before gradients are summed
            self._planned().check_fresh()
        if self._update_on_kvstore and self._overflows():
            return
        self._allreduce_grads()  # without a store, too: subclasses have their own
        self._update(ignore_stale_grad)

    def allreduce_grads(self) -> None:
        """Sum the gradients over the contexts; for those who change gradients between this and ``update``."""
        self._prepare()
        self._refuse_on_kvstore("allreduce_grads")
        self._allreduce_grads()

    def update(self, batch_size: float, ignore_stale_grad: bool = False) -> None:
        """The update of ``step``, without summing over contexts."""
        self._prepare()
        self._refuse_on_kvstore("update")
        self._check_and_rescale_grad(self._scale / batch_size)
        self._update(ignore_stale_grad)

    def _refuse_on_kvstore(self, name: str) -> None:
        if self._update_on_kvstore:
            raise AssertionError(
                f"{name}() when parameters are updated on kvstore is not supported. Try setting `update_on_kvstore` "
                "to False when creating trainer."
            )

    def _check_and_rescale_grad(self, scale: float) -> None:
        self._optimizer.rescale_grad = scale

    def _allreduce_grads(self) -> None:
        store = self._kvstore
        if store is None:
            return
        plan = self._planned()
        if type(store) is not KVStore:  # others take one key at a time
            for index, grads, weights in zip(plan.indices, plan.grads_by_key, plan.weights_by_key, strict=True):
                store.pushpull(index, grads, out=weights if self._update_on_kvstore else None, priority=-index)
        elif self._update_on_kvstore:
            store._push(plan.indices, plan.grads_by_key)
            store._pull(plan.dense_indices, plan.dense_weights)
        else:
            store._allreduce(plan.indices, plan.grads_by_key)

    def _update(self, ignore_stale_grad: bool) -> None:
        if self._update_on_kvstore:
            return
        plan = self._planned()
        if not ignore_stale_grad:
            plan.check_fresh()
        if not plan.indices or self._overflows():
            return
        for updater, weights, grads, leaves in zip(self._updaters, plan.weights, plan.grads, plan.leaves, strict=True):
            if not ignore_stale_grad:
                updater._update(plan.indices, grads, weights, known=True)
            else:
                fresh = [each for each in zip(plan.indices, grads, weights, leaves, strict=True) if each[3].fresh]
                if fresh:
                    updater._update(*map(list, list(zip(*fresh, strict=True))[:3]), known=True)
            for leaf in leaves:
                leaf.fresh = False

    _amp_loss_scaler: Any = None  # ``amp.init_trainer`` gives it one
    _amp_original_scale = 1.0

    def _overflows(self) -> bool:
        """Whether some gradient is not finite in mixed precision: no step is made then."""
        return self._amp_loss_scaler is not None and self._amp_loss_scaler.has_overflow(self._params)

    def _planned(self) -> _Plan:
        """The arrays of a step, collected again when parameters have changed."""
        if self._plan.count != changes.count:
            if self._contexts != (contexts := self._check_contexts()):
                self._move(contexts)
            self._plan = _Plan(self._params)
        return self._plan

    def _move(self, contexts: list[Context]) -> None:
        """Go on, on other contexts."""
        kept = self._states()
        self._contexts = contexts
        self._updaters = [optimizers.get_updater(self._optimizer) for _ in contexts]
        self._reset_kvstore()
        self._prepare()
        self._continue(kept, self._optimizer)

    # Files

    def save_states(self, fname: str | os.PathLike[str]) -> None:
        """Write the optimizer and its states (momenta, counts of updates) to a file, whole or not at all.

        The states are those of the first context: the others' are the same. Raises OSError, as MXNet does.
        """
        self._prepare()
        if self._update_on_kvstore:
            self._kvstore.save_optimizer_states(fname, dump_optimizer=True)
            return
        content = self._updaters[0].get_states(dump_optimizer=True)
        with atomic_write(fname) as file:
            file.write(content)

    def load_states(self, fname: str | os.PathLike[str]) -> None:
        """Continue with the optimizer and the states that ``save_states``, here or in MXNet, wrote.

        As in MXNet, the optimizer is replaced by the saved one with its learning rate, counts and scheduler; a new
        ``set_learning_rate`` changes it. Files that MXNet pickled are read without running anything in them.
        Raises MXNetError, and changes nothing, where the states don't fit; OSError where there is no file.
        """
        self._prepare()
        if self._update_on_kvstore and not isinstance(self._kvstore, KVStore):
            self._kvstore.load_optimizer_states(fname)
            self._optimizer = getattr(getattr(self._kvstore, "_updater", None), "optimizer", self._optimizer)
            return
        with open(fname, "rb") as file:
            raw = file.read()
        where = repr(os.fspath(fname))
        saved, optimizer = states.loads(raw, where, self._optimizer)
        optimizer = optimizer or self._optimizer
        self._check_states(saved, optimizer, where)
        self._continue(saved, optimizer)

    def _users(self) -> list[optimizers.Updater]:
        """The updaters that have the states: the store's, or one for each context; none where a store is not ours."""
        if not self._update_on_kvstore:
            return self._updaters
        return [self._kvstore._need_optimizer()] if isinstance(self._kvstore, KVStore) else []

    def _states(self) -> dict[Any, Any]:
        users = self._users()
        return users[0].states if users else {}

    def _continue(self, saved: dict[Any, Any], optimizer: optimizers.Optimizer) -> None:
        """Use this optimizer, and these states on every context."""
        counts = optimizer._all_index_update_counts
        known = next(iter(counts.values()), {})
        for ctx in self._contexts:
            counts.setdefault(ctx.device_id, dict(known))
        for ctx, updater in zip(self._contexts, self._users(), strict=False):  # every context gets states of its own
            moved = {i: updater.sync_state_context(dense_state(state), ctx) for i, state in saved.items()}
            updater._continue(moved, optimizer)
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
            weight = dense_state(next(iter(parameter._data.values())))
            fresh = optimizer.create_state_multi_precision(index, weight)
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

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_plan": _Plan()}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._optimizer.param_dict = dict(enumerate(self._params))
        for parameter in self._params:
            parameter._set_trainer(self)


class _Plan:
    """The arrays that a step works on, so that they are not collected in every step.

    They stay the same while ``changes.count`` does: what gives a parameter other arrays, or another gradient, counts.
    """

    def __init__(self, parameters: Sequence[Parameter] | None = None) -> None:
        self.count = -1 if parameters is None else changes.count
        once: dict[int, tuple[int, Parameter]] = {}
        self.repeated: Parameter | None = None  # which is updated once
        for i, p in enumerate(parameters or ()):
            if p.grad_req != "null" and once.setdefault(id(p), (i, p))[0] != i:
                self.repeated = p
        self.parameters = list(once.values())
        self.indices = [i for i, _ in self.parameters]
        self.weights_by_key = [list(p._arrays().values()) for _, p in self.parameters]
        self.grads_by_key = [p.list_grad() for _, p in self.parameters]
        dense = [
            (i, arrays)
            for (i, p), arrays in zip(self.parameters, self.weights_by_key, strict=True)
            if p._stype == "default"
        ]
        self.dense_indices, self.dense_weights = [i for i, _ in dense], [arrays for _, arrays in dense]
        # The same, by context; a leaf says whether its gradient is new.
        self.weights = [list(column) for column in zip(*self.weights_by_key, strict=True)]
        self.grads = [list(column) for column in zip(*self.grads_by_key, strict=True)]
        self.leaves: list[list[Any]] = [[weight._leaf for weight in column] for column in self.weights]

    def check_fresh(self) -> None:
        """Raise UserWarning, as MXNet does, for a gradient that no ``backward`` has written since the last step, and
        for a parameter that is given twice.
        """
        if self.repeated is not None:
            raise UserWarning(
                f"Parameter `{self.repeated.name}` is given to this Trainer more than once: its gradient would be stale"
                " the second time. Give it once, or call step with ignore_stale_grad=True."
            )
        for column in self.leaves:
            for place, leaf in enumerate(column):
                if not leaf.fresh:
                    parameter = self.parameters[place][1]
                    raise UserWarning(
                        f"Gradient of Parameter `{parameter.name}` on context {leaf.grad.ctx} has not been updated by "
                        "backward since last `step`. This could mean a bug in your model that made it only use a "
                        "subset of the Parameters (Blocks) for this iteration. If you are intentionally only using a "
                        "subset, call step with ignore_stale_grad=True to suppress this warning and skip updating of "
                        "Parameters with stale gradient"
                    )
