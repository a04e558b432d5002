"""Block: a part of a network. It holds parameters and other blocks, and computes its outputs in ``forward``."""

from __future__ import annotations

import os
import re
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any

from ... import initializer, ndarray
from ..._state import changes, state
from ...context import Context
from ...ops.registry import OperatorError
from ..parameter import Parameter, ParameterDict
from ..parameter.load import load_into, match_names, read_parameters
from ..utils import HookHandle
from . import model
from .nested import items
from .scope import BlockScope, name_block
from .summary import summarize

__all__ = ["Block"]


class Block:
    """Base class of layers and networks.

    Subclasses assign parameters and child blocks to attributes in ``__init__``, after ``super().__init__(**kwargs)``,
    and define ``forward(self, *args)``.

    Parameters
    ----------
    prefix : str, optional
        Before the names of its parameters and, in ``name_scope()``, of its children. The class's name and a number by
        default.
    params : ParameterDict, optional
        Parameters to share: ``Dense(10, params=other.params)`` has other's weights.
    """

    _is_container = False  # summary() shows the children only

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        self._prefix, self._params = name_block(prefix, params, self._alias())
        self._name = self._prefix.removesuffix("_")
        self._scope = BlockScope(self._prefix, self._params, transparent=prefix == "")
        self._children: OrderedDict[str, Block] = OrderedDict()
        self._reg_params: dict[str, Parameter] = {}
        self._forward_hooks: OrderedDict[int, Callable] = OrderedDict()
        self._forward_pre_hooks: OrderedDict[int, Callable] = OrderedDict()

    def _alias(self) -> str:
        """What names of such blocks begin with."""
        return type(self).__name__.lower()

    def __repr__(self) -> str:
        return self._describe({k: v for k, v in self.__dict__.items() if isinstance(v, Block)})

    def _describe(self, blocks: dict[str, Block]) -> str:
        lines = [f"  ({name}): {_indented(block)}" for name, block in blocks.items()]
        return "{}(\n{}\n)".format(type(self).__name__, "\n".join(lines))

    def __setattr__(self, name: str, value: Any) -> None:
        existing = getattr(self, name, None)
        if isinstance(existing, (Block, Parameter)) and not isinstance(value, type(existing)):
            raise TypeError(
                f"Changing attribute type for {name} from {type(existing)} to {type(value)} is not allowed. Use "
                "another name."
            )
        if isinstance(value, (Block, Parameter)) and "_reg_params" not in self.__dict__:
            raise AttributeError(
                f"'{type(self).__name__}' object has no attribute '_children': call super().__init__(**kwargs) in "
                f"__init__ before assigning {name}."
            )
        if isinstance(value, Block):
            self.register_child(value, name)
        elif isinstance(value, Parameter):
            if self._reg_params.get(name, value) is not value:
                raise AssertionError(
                    f"Overriding Parameter attribute {name} is not allowed. If you want to share parameters between "
                    "blocks, please set 'params' at Block construction instead."
                )
            self._reg_params[name] = value
            value._belongs_to(self)
        super().__setattr__(name, value)
        self._changed()

    def _changed(self) -> None:
        """Graphs that were recorded may be out of date. What a block does to itself while it is being recorded is no
        such change: replaying does not do it again.
        """
        if state.tracing is None:
            self.__dict__["_version"] = self.__dict__.get("_version", 0) + 1
            changes.count += 1

    # Names and structure

    @property
    def prefix(self) -> str:
        """What the names of its parameters begin with."""
        return self._prefix

    @property
    def name(self) -> str:
        """The prefix without the underscore at its end."""
        return self._name

    @property
    def params(self) -> ParameterDict:
        """The block's own parameters, without those of its children (see ``collect_params``)."""
        return self._params

    def name_scope(self) -> BlockScope:
        """``with self.name_scope():`` blocks made inside get names that begin with this block's prefix."""
        return self._scope

    def register_child(self, block: Block, name: str | None = None) -> None:
        """Add a child; assigning a block to an attribute does this. The name is its number by default."""
        self._children[str(len(self._children)) if name is None else name] = block
        self._changed()

    def apply(self, fn: Callable[[Block], Any]) -> Block:
        """Call ``fn`` on every block of the tree, children first, and return this one."""
        for child in self._children.values():
            child.apply(fn)
        fn(self)
        return self

    def collect_params(self, select: str | None = None) -> ParameterDict:
        """All parameters of the tree, own ones first; with ``select``, those whose name matches the pattern from its
        start.
        """
        self._warn_of_containers()
        found = ParameterDict(self._params.prefix)
        found._block = weakref.ref(self)
        pattern = re.compile(select or "")
        found.update({name: p for name, p in self._params.items() if pattern.match(name)})
        for child in self._children.values():
            found.update(child.collect_params(select))
        return found

    def _warn_of_containers(self) -> None:
        """Warn of lists and dicts with blocks that were not registered: their parameters would be forgotten."""
        children = {id(child) for child in self._children.values()}
        for name, value in self.__dict__.items():
            if not isinstance(value, (list, tuple, dict)) or value is self._children:
                continue
            if any(isinstance(item, Block) and id(item) not in children for item in items(value)):
                warnings.warn(
                    f'"{type(self).__name__}.{name}" is an unregistered container with Blocks. Note that Blocks inside '
                    "the list, tuple or dict will not be registered automatically. Make sure to register them using "
                    "register_child() or switching to nn.Sequential/nn.HybridSequential instead. ",
                    stacklevel=3,
                )

    def _collect_params_with_prefix(self, prefix: str = "") -> dict[str, Parameter]:
        """Parameters by their place in the tree: ``features.0.weight``."""
        start = prefix + "." if prefix else ""
        found = {start + name: p for name, p in self._reg_params.items()}
        for name, child in self._children.items():
            found.update(child._collect_params_with_prefix(start + name))
        return found

    # Parameters

    def initialize(
        self,
        init: initializer.Initializer | str = initializer.Uniform(),  # noqa: B008 - never changed
        ctx: Context | Sequence[Context] | None = None,
        verbose: bool = False,
        force_reinit: bool = False,
    ) -> None:
        """Give all parameters of the tree values: see ``ParameterDict.initialize``."""
        self.collect_params().initialize(init, ctx, verbose, force_reinit)

    def cast(self, dtype: Any) -> None:
        """Convert all parameters of the tree to another dtype."""
        for child in self._children.values():
            child.cast(dtype)
        for parameter in self._params.values():
            parameter.cast(dtype)

    def save_parameters(self, filename: str | os.PathLike[str], deduplicate: bool = False) -> None:
        """Save the values of all parameters under their places in the tree; the file appears whole or not at all.

        deduplicate: a shared parameter is written once, under the last of its places.
        """
        parameters = self._collect_params_with_prefix()
        if deduplicate:
            last = {id(p): name for name, p in parameters.items()}
            parameters = {name: p for name, p in parameters.items() if last[id(p)] == name}
        ndarray.save(filename, {name: p._reduce() for name, p in parameters.items()})

    def save(self, prefix: str) -> None:
        """Write the parameters to ``prefix-model.params``, and the tree of blocks, with the graphs of those that were
        recorded, to ``prefix-model.json``.
        """
        model.save(self, prefix)

    def load(self, prefix: str) -> None:
        """Load the parameters that ``save`` wrote, here or in MXNet, and hybridize the blocks that were recorded then.

        The names of blocks and parameters stay. Raises KeyError for another tree of blocks, and what
        ``load_parameters`` raises; nothing changes then.
        """
        model.load(self, prefix)

    def load_parameters(
        self,
        filename: str | os.PathLike[str],
        ctx: Context | Sequence[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
        cast_dtype: bool = False,
        dtype_source: str = "current",
    ) -> None:
        """Load what ``save_parameters``, ``collect_params().save`` or ``export`` wrote, here or in MXNet.

        ctx: where parameters without values go; the CPU by default. cast_dtype: accept another dtype, and convert to
        the parameter's ('current') or make the parameter of the file's ('saved').
        Nothing changes unless everything fits. Raises ParameterMismatch, an AssertionError and a ValueError, with all
        names that are missing, in excess, or of another shape or dtype; MXNetError when the file cannot be read.
        """
        saved, where = read_parameters(filename), f"file '{os.fspath(filename)}'"
        kinds: list[dict[str, Parameter]] = [self._collect_params_with_prefix()]
        if not saved.keys() <= kinds[0].keys():
            named = self.collect_params()
            kinds += [named._without(""), named._without(self._prefix)]
        saved, parameters = match_names(saved, where, *kinds)
        load_into(parameters, saved, where, ctx, allow_missing, ignore_extra, cast_dtype, dtype_source)

    def save_params(self, filename: str | os.PathLike[str]) -> None:
        """Deprecated: ``save_parameters``. Saves by names without this block's prefix."""
        warnings.warn("save_params is deprecated. Please use save_parameters.", stacklevel=2)
        self.collect_params().save(filename, strip_prefix=self._prefix)

    def load_params(
        self,
        filename: str | os.PathLike[str],
        ctx: Context | Sequence[Context] | None = None,
        allow_missing: bool = False,
        ignore_extra: bool = False,
    ) -> None:
        """Deprecated: ``load_parameters``."""
        warnings.warn("load_params is deprecated. Please use load_parameters.", stacklevel=2)
        self.load_parameters(filename, ctx, allow_missing, ignore_extra)

    # Computing

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        silent = state.tracing is not None  # hooks belong to calls with values
        if silent:
            state.tracing.met.append(self)
        if self._forward_pre_hooks and not silent:
            for hook in list(self._forward_pre_hooks.values()):
                hook(self, args)
        try:
            out = self._compute(args, kwargs)
        except OperatorError as error:
            if error.block is None:
                error.block = self._name
            raise
        if self._forward_hooks and not silent:
            for hook in list(self._forward_hooks.values()):
                hook(self, args, out)
        return out

    def _compute(self, args: tuple, kwargs: dict[str, Any]) -> Any:
        return self.forward(*args, **kwargs)

    def forward(self, *args: Any) -> Any:
        """What the block computes; subclasses define it."""
        raise NotImplementedError(f"{type(self).__name__} must define forward(self, *args).")

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Hybridize the HybridBlocks of the tree."""
        for child in self._children.values():
            child.hybridize(active, **kwargs)

    def register_forward_pre_hook(self, hook: Callable[[Block, tuple], Any]) -> HookHandle:
        """Call ``hook(block, inputs)`` before every forward; what it returns is ignored."""
        handle = HookHandle()
        handle.attach(self._forward_pre_hooks, hook)
        return handle

    def register_forward_hook(self, hook: Callable[[Block, tuple, Any], Any]) -> HookHandle:
        """Call ``hook(block, inputs, outputs)`` after every forward; what it returns is ignored."""
        handle = HookHandle()
        handle.attach(self._forward_hooks, hook)
        return handle

    def register_op_hook(self, callback: Callable[..., Any], monitor_all: bool = False) -> None:
        """Watch the operators of the hybridized blocks of the tree: see ``HybridBlock.register_op_hook``."""
        for child in self._children.values():
            child.register_op_hook(callback, monitor_all)

    def summary(self, *inputs: Any) -> None:
        """Print a table of the layers, their output shapes and numbers of parameters, for these inputs."""
        summarize(self, inputs)


def _indented(block: Block) -> str:
    return repr(block).replace("\n", "\n  ")
