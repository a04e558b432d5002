"""``mx.model``: checkpoints, a network's graph and its parameters in two files beside each other."""

from __future__ import annotations

import logging
import os
from collections import namedtuple
from collections.abc import Collection, Mapping

from . import ndarray, symbol
from .context import cpu
from .gluon.parameter.load import read_parameters
from .ndarray import NDArray
from .ndarray.utils import checkpoint_names
from .symbol import Symbol

__all__ = ["BatchEndParam", "load_checkpoint", "load_params", "save_checkpoint"]

# What callbacks get after each batch. The class's name is MXNet's.
BatchEndParam = namedtuple("BatchEndParams", ["epoch", "nbatch", "eval_metric", "locals"])


def save_checkpoint(
    prefix: str | os.PathLike[str],
    epoch: int,
    symbol: Symbol | None,
    arg_params: Mapping[str, NDArray],
    aux_params: Mapping[str, NDArray],
    remove_amp_cast: bool = True,
) -> None:
    """Save ``prefix-symbol.json``, unless ``symbol`` is None, and the parameters in ``prefix-EPOCH.params``.

    EPOCH has four digits. A prefix that ends in ``.safetensors`` makes a parameter file of that format and ending.
    Each file appears whole or not at all.
    """
    graph, file = checkpoint_names(prefix, epoch)
    values = {f"arg:{name}": value.as_in_context(cpu()) for name, value in arg_params.items()}
    values |= {f"aux:{name}": value.as_in_context(cpu()) for name, value in aux_params.items()}
    if symbol is not None:
        symbol.save(graph, remove_amp_cast=remove_amp_cast)
    ndarray.save(file, values)
    logging.info('Saved checkpoint to "%s"', file)


def load_params(prefix: str | os.PathLike[str], epoch: int) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """The parameters and the auxiliary states, by name, that ``save_checkpoint`` or ``export`` saved.

    Names without ``arg:`` or ``aux:``, as other ways of saving write them, count as parameters. Where there is no
    ``prefix-EPOCH.params``, ``prefix-EPOCH.safetensors`` is read. MXNetError when there is neither, or it is damaged.
    """
    return _sorted(*_read(prefix, epoch), aux=())


def load_checkpoint(
    prefix: str | os.PathLike[str], epoch: int
) -> tuple[Symbol, dict[str, NDArray], dict[str, NDArray]]:
    """The graph, the parameters and the auxiliary states of a checkpoint.

    Names without ``arg:`` or ``aux:`` are sorted as the graph says.
    """
    graph = symbol.load(checkpoint_names(prefix, epoch)[0])
    return graph, *_sorted(*_read(prefix, epoch), aux=graph.list_auxiliary_states())


def _read(prefix: str | os.PathLike[str], epoch: int) -> tuple[str, dict[str, NDArray]]:
    _, file = checkpoint_names(prefix, epoch)
    if not os.path.exists(file):
        _, other = checkpoint_names(f"{os.fspath(prefix)}.safetensors", epoch)
        file = other if os.path.exists(other) else file
    return file, read_parameters(file)


def _sorted(
    file: str, saved: Mapping[str, NDArray], aux: Collection[str]
) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    if not saved:
        logging.warning("Params file '%s' is empty", file)
    arg_params, aux_params = {}, {}
    for name, value in saved.items():
        kind, _, rest = name.partition(":")
        if kind in ("arg", "aux") and rest:
            (arg_params if kind == "arg" else aux_params)[rest] = value
        else:
            (aux_params if name in aux else arg_params)[name] = value
    return arg_params, aux_params
