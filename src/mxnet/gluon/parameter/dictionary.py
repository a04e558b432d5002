"""ParameterDict: parameters by name, made on demand and possibly shared."""

from __future__ import annotations

import os
import weakref
from collections import OrderedDict
from collections.abc import ItemsView, Iterator, KeysView, Mapping, Sequence, ValuesView
from typing import TYPE_CHECKING, Any

import numpy as np

from ... import dtypes, initializer, ndarray
from ...context import Context
from ...ndarray import NDArray
from .load import load_into, match_names, read_parameters
from .parameter import Constant, Parameter

if TYPE_CHECKING:
    from ..block import Block

__all__ = ["ParameterDict"]


class ParameterDict:
    """Parameters by full name, in the order of their creation.

    Parameters
    ----------
    prefix : str
        Put before the names of parameters that are made here.
    shared : ParameterDict, optional
        Where parameters of the same full name are taken from instead of being made.
    """

    def __init__(self, prefix: str = "", shared: ParameterDict | None = None) -> None:
        self._prefix, self._shared = prefix, shared
        self._params: OrderedDict[str, Parameter] = OrderedDict()
        self._block: weakref.ref[Block] | None = None  # whose collect_params() returned this

    @property
    def prefix(self) -> str:
        return self._prefix

    def __repr__(self) -> str:
        lines = "\n".join(f"  {parameter!r}" for parameter in self.values())
        return f"{self._prefix + ' ' if self._prefix else ''}(\n{lines}\n)"

    def __getitem__(self, key: str) -> Parameter:
        return self._params[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._params)

    def __contains__(self, key: object) -> bool:
        return key in self._params

    def items(self) -> ItemsView[str, Parameter]:
        return self._params.items()

    def keys(self) -> KeysView[str]:
        return self._params.keys()

    def values(self) -> ValuesView[Parameter]:
        return self._params.values()

    # Making and finding

    def get(self, name: str, **kwargs: Any) -> Parameter:
        """The parameter of name ``prefix + name``, made with these arguments of Parameter's unless it exists.

        For one that exists, they fill in what it does not say (unknown sizes, say). AssertionError where they
        contradict it.
        """
        name = self._prefix + name
        parameter = self._find(name)
        if parameter is None:
            parameter = self._params[name] = Parameter(name, **kwargs)
            return parameter
        for key, wanted in kwargs.items():
            self._reconcile(parameter, key, wanted)
        return parameter

    def _reconcile(self, parameter: Parameter, key: str, wanted: Any) -> None:
        stored = getattr(parameter, key, None)
        if stored is None:
            setattr(parameter, key, wanted)
            return
        if key == "shape":
            wanted = (wanted,) if isinstance(wanted, int) else tuple(wanted)
            if len(wanted) == len(stored) and all(
                w == s or w in (0, -1) or s in (0, -1) for w, s in zip(wanted, stored, strict=True)
            ):
                parameter.shape = tuple(s if w in (0, -1) else w for w, s in zip(wanted, stored, strict=True))
                return
        elif key == "dtype" and dtypes.resolve(wanted) is dtypes.resolve(stored):
            return
        if wanted is not None and wanted != stored:
            raise AssertionError(
                f"Cannot retrieve Parameter '{parameter.name}' because desired attribute does not match with stored "
                f"for attribute '{key}': desired '{wanted}' vs stored '{stored}'."
            )

    def get_constant(self, name: str, value: Any = None) -> Parameter:
        """The Constant of name ``prefix + name``, made from ``value`` unless it exists.

        KeyError when it does not exist and there is no value; AssertionError when it exists with another value.
        """
        name = self._prefix + name
        found = self._find(name)
        if value is None:
            if found is None:
                raise KeyError(
                    f"No constant named '{name}'. Please specify value if you want to create a new constant."
                )
        elif found is None:
            found = self._params[name] = Constant(name, value)
        elif not isinstance(found, Constant):
            raise AssertionError(f"Parameter '{name}' already exists but it is not a constant.")
        else:
            values = value.asnumpy() if isinstance(value, NDArray) else np.asarray(value)
            if not np.array_equal(values, found.value.asnumpy()):
                raise AssertionError(f"Constant '{name}' already exists but it's value doesn't match new value")
        return found

    def _find(self, name: str) -> Parameter | None:
        """A parameter by full name, here or in what is shared; one from there is listed here from then on."""
        if name not in self._params and self._shared is not None:
            shared = self._shared._find(name)
            if shared is not None:
                self._params[name] = shared
        return self._params.get(name)

    def update(self, other: ParameterDict | Mapping[str, Parameter]) -> None:
        """Take the parameters of another dictionary, too. AssertionError when one name means two parameters."""
        for name, parameter in other.items():
            if self._params.setdefault(name, parameter) is not parameter:
                raise AssertionError(
                    f"Cannot update self with other because they have different Parameters with the same name '{name}'"
                )

    # All at once

    def initialize(
        self,
        init: initializer.Initializer | str = initializer.Uniform(),  # noqa: B008 - never changed
        ctx: Context | Sequence[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """``Parameter.initialize`` for all; a parameter's own initializer comes before ``init``. verbose: log what is
        done.
        """
        starter: Any = initializer.create(init)
        if verbose:
            starter.set_verbosity(verbose=verbose)
        for parameter in self.values():
            parameter.initialize(None, ctx, starter, force_reinit=force_reinit)

    def zero_grad(self) -> None:
        """Set all gradients to zero."""
        for parameter in self.values():
            parameter.zero_grad()

    def reset_ctx(self, ctx: Context | Sequence[Context]) -> None:
        """Move all parameters to other context(s)."""
        for parameter in self.values():
            parameter.reset_ctx(ctx)

    def list_ctx(self) -> list[Context]:
        """All contexts that a parameter is on."""
        return list(dict.fromkeys(ctx for parameter in self.values() for ctx in parameter.list_ctx()))

    def setattr(self, name: str, value: Any) -> None:
        """Set an attribute of all parameters, such as ``grad_req`` or ``lr_mult``."""
        for parameter in self.values():
            setattr(parameter, name, value)

    # Files

    def save(self, filename: str | os.PathLike[str], strip_prefix: str = "") -> None:
        """Save all by full name, without ``strip_prefix``. ValueError when a name does not begin with it."""
        for name in self.keys():
            if not name.startswith(strip_prefix):
                raise ValueError(
                    f"Prefix '{strip_prefix}' is to be striped before saving, but Parameter's name '{name}' does not "
                    f"start with '{strip_prefix}'. This may be due to your Block shares parameters from other Blocks "
                    "or you forgot to use 'with name_scope()' when creating child blocks."
                )
        ndarray.save(filename, {name[len(strip_prefix) :]: p._reduce() for name, p in self.items()})

    def load(
        self,
        filename: str | os.PathLike[str],
        ctx: Context | Sequence[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Load a file of parameters: see ``load_dict``. MXNetError when it cannot be read."""
        saved = read_parameters(filename)
        self.load_dict(saved, ctx, allow_missing, ignore_extra, restore_prefix, str(filename), cast_dtype, dtype_source)

    def load_dict(
        self,
        param_dict: Mapping[str, NDArray],
        ctx: Context | Sequence[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        restore_prefix: str = "",
        filename: str | None = None,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Take values from what ``save``, ``Block.save_parameters``, ``export`` or ``mx.model.save_checkpoint`` saved.

        The names may be full ones, those without ``restore_prefix``, or, for what ``Block.collect_params`` returned,
        places in the block's tree; ``arg:`` and ``aux:`` don't matter.
        Nothing changes unless all fit: AssertionError, naming all problems, otherwise.
        """
        for name in self.keys():
            if not name.startswith(restore_prefix):
                raise AssertionError(
                    f"restore_prefix is '{restore_prefix}' but Parameters name '{name}' does not start with "
                    f"'{restore_prefix}'."
                )
        where = f"file '{filename}'" if filename else "param_dict"
        kinds, places = [self._without(restore_prefix), self._without("")], self._places()
        if any("." in name for name in param_dict) or param_dict.keys() <= places.keys():
            kinds.append(places)
        saved, parameters = match_names(param_dict, where, *kinds)
        load_into(parameters, saved, where, ctx, allow_missing, ignore_extra, cast_dtype, dtype_source)

    def _without(self, prefix: str) -> dict[str, Parameter]:
        return {name.removeprefix(prefix): parameter for name, parameter in self.items()}

    def _places(self) -> dict[str, Parameter]:
        """By place in the tree of the block whose parameters these are; empty when none is known."""
        block = self._block and self._block()
        mine = {id(parameter) for parameter in self.values()}
        return {k: p for k, p in block._collect_params_with_prefix().items() if id(p) in mine} if block else {}

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_block": None}
