"""From a float32 graph, model or block to one in mixed precision."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ... import dtypes, symbol
from ...base import MXNetError
from ...context import Context
from ...gluon import HybridBlock, SymbolBlock
from ...graph.precision import declare, reduce
from ...ndarray import NDArray
from ...ops.precision import Policy
from ...symbol import Symbol
from . import lists

__all__ = ["convert_bucketing_module", "convert_hybrid_block", "convert_model", "convert_symbol"]

Conditions = Iterable[tuple[str, str, Sequence[str]]]


def convert_symbol(
    sym: Symbol,
    target_dtype: Any = "bfloat16",
    target_dtype_ops: list[str] | None = None,
    fp32_ops: list[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: list[str] | None = None,
    data_names: Sequence[str] | None = None,
    cast_optional_params: bool = False,
) -> Symbol:
    """The graph with casts: operators compute in the low precision or in float32 as their precision says.

    Parameters
    ----------
    sym : Symbol
    target_dtype : 'bfloat16' or 'float16'
    target_dtype_ops, fp32_ops, conditional_fp32_ops : list, optional
        As for ``amp.init``.
    excluded_sym_names : list of str, optional
        Nodes that compute in float32.
    data_names : list of str, optional
        The inputs; all other variables are parameters, and are marked with the dtype that they are to have.
    cast_optional_params : bool
        Parameters that are used in the low precision alone are to be given in it, instead of being cast.

    Raises AssertionError for arguments that are no such lists, MXNetError for names that the graph does not have.
    """
    _check(isinstance(sym, Symbol), "First argument to convert_symbol should be Symbol", sym)
    policy = _policy(target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops)
    excluded = [] if excluded_sym_names is None else excluded_sym_names
    _check_names("excluded_sym_names", excluded)
    variables = sym.list_inputs()
    unknown = [name for name in data_names or () if name not in variables]
    if unknown:
        raise MXNetError(f"data_names: the graph has no variable {unknown[0]!r}. Its variables are {variables}.")
    parameters = set() if data_names is None else set(variables).difference(data_names)
    heads = reduce(sym._heads, policy, excluded, parameters if cast_optional_params else ())
    if data_names is not None:
        declare(heads, set(data_names))
    return Symbol(heads)


def convert_model(
    sym: Symbol,
    arg_params: Mapping[str, NDArray],
    aux_params: Mapping[str, NDArray],
    target_dtype: Any = "bfloat16",
    target_dtype_ops: list[str] | None = None,
    fp32_ops: list[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: list[str] | None = None,
    cast_optional_params: bool = False,
) -> tuple[Symbol, dict[str, NDArray], dict[str, NDArray]]:
    """The graph of a checkpoint as ``convert_symbol`` makes it, and its parameters in the dtypes that it wants."""
    _check(isinstance(sym, Symbol), "First argument to convert_model should be Symbol", sym)
    for place, params in (("Second", arg_params), ("Third", aux_params)):
        _check(
            isinstance(params, Mapping),
            f"{place} argument to convert_model should be a dict of name to ndarray",
            params,
        )
    data = [name for name in sym.list_inputs() if name not in arg_params and name not in aux_params]
    converted = convert_symbol(
        sym, target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names, data,
        cast_optional_params,
    )  # fmt: skip
    wanted = _declared(converted)
    arg_params, aux_params = (
        {name: array.astype(wanted.get(name, array.dtype), copy=False) for name, array in params.items()}
        for params in (arg_params, aux_params)
    )
    return converted, arg_params, aux_params


def convert_hybrid_block(
    block: HybridBlock,
    target_dtype: Any = "bfloat16",
    target_dtype_ops: list[str] | None = None,
    fp32_ops: list[str] | None = None,
    conditional_fp32_ops: Conditions | None = None,
    excluded_sym_names: list[str] | None = None,
    ctx: Context | Sequence[Context] | None = None,
    cast_optional_params: bool = False,
) -> SymbolBlock:
    """The graph of a block's last call as ``convert_symbol`` makes it, as a block with copies of the parameters.

    ctx: where these are to be; where the block's are, when not given. Raises RuntimeError before the block was
    hybridized and called, AssertionError for what is no HybridBlock.
    """
    _check(isinstance(block, HybridBlock), "block input should be a HybridBlock", block)
    recording = block._latest_graph("convert_hybrid_block")
    data = [node.name for node in recording.inputs]
    converted = convert_symbol(
        recording.graph, target_dtype, target_dtype_ops, fp32_ops, conditional_fp32_ops, excluded_sym_names, data,
        cast_optional_params,
    )  # fmt: skip
    made = SymbolBlock(converted, [symbol.var(name) for name in data])
    wanted, owners = _declared(converted), {node.name: owner for owner, node in recording.parameters}
    for name, parameter in made.collect_params().items():
        owner = owners[name]
        values = owner if isinstance(owner, NDArray) else owner._reduce()
        parameter.shape, parameter.dtype = values.shape, wanted[name]
        parameter.initialize(ctx=ctx or (values.ctx if owner is values else owner.list_ctx()))
        parameter.set_data(values.astype(wanted[name]))
    return made


def convert_bucketing_module(bucketing_mod: Any, *args: Any, **kwargs: Any) -> Any:
    """MXNetError: there is no BucketingModule here."""
    raise MXNetError(
        "convert_bucketing_module: mx.mod.BucketingModule is not part of this version. Convert the symbols that its "
        "sym_gen makes with amp.convert_symbol."
    )


def low_precision(dtype: Any) -> str | None:
    """The name of a low precision, however it is written; None for what is none."""
    try:
        name = dtypes.resolve(dtype).name
    except TypeError:
        return None
    return name if name in ("float16", "bfloat16") else None


def _declared(sym: Symbol) -> dict[str, str]:
    """The dtypes of a converted graph's parameters."""
    codes = {node.name: node.extra.get("__dtype__") for node in sym._nodes() if node.op is None}
    return {name: dtypes.by_code[int(code)].name for name, code in codes.items() if code}


def _policy(target: Any, low: Any, float32: Any, conditional: Any) -> Policy:
    """The policy that the arguments describe. AssertionError where they describe none."""
    name = low_precision(target)
    if name is None:
        raise AssertionError(f"Only target_dtype float16 and bfloat16 are supported currently, but got {target!r}")
    for argument, given in (("target_dtype_ops", low), ("fp32_ops", float32)):
        if given is not None:
            _check_names(argument, given)
    if conditional is not None:
        right = isinstance(conditional, (list, tuple)) and all(
            isinstance(row, (list, tuple)) and len(row) == 3 and isinstance(row[0], str) and isinstance(row[1], str)
            and isinstance(row[2], (list, tuple)) for row in conditional
        )  # fmt: skip
        _check(right, "conditional_fp32_ops should be a list of (str, str, list of str)", conditional)
    named = {
        "target_dtype_ops": set(low or ()),
        "fp32_ops": set(float32 or ()),
        "conditional_fp32_ops": {row[0] for row in conditional or ()},
    }
    known = {*lists.of("low"), *lists.of("float32"), *lists.of("widest"), *lists.of(None)}
    known.update(row[0] for row in lists.conditional())
    arguments = list(named)
    for i, one in enumerate(arguments):
        unknown = sorted(named[one] - known)
        _check(not unknown, f"{one}: there is no such operator; the list_* functions of amp list all", unknown)
        for other in arguments[i + 1 :]:
            both = sorted(named[one] & named[other])
            _check(not both, f"Ops cannot be in two or more lists. Common ops in {one} and {other}", both)
    return Policy(name, low, float32, conditional)


def _check_names(argument: str, given: Any) -> None:
    right = isinstance(given, (list, tuple)) and all(isinstance(name, str) for name in given)
    _check(right, f"{argument} should be a list of strs", given)


def _check(right: bool, message: str, given: Any) -> None:
    if not right:
        raise AssertionError(f"{message}, but got {given!r:.200}")
