"""Mixed precision: switching it on, scaling losses, listing operators. What is converted is in ``convert.py``."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from ... import autograd
from ... import optimizer as optimizers
from ...dtypes import bfloat16 as bfloat16
from ...gluon.trainer import Trainer
from ...ops import precision
from . import lists
from .convert import convert_bucketing_module as convert_bucketing_module
from .convert import convert_hybrid_block, convert_model, convert_symbol, low_precision
from .loss_scaler import LossScaler

__all__ = [
    "convert_hybrid_block", "convert_model", "convert_symbol", "init", "init_trainer", "list_conditional_fp32_ops",
    "list_fp32_ops", "list_loss_output_functions", "list_lp16_fp32_ops", "list_lp16_ops", "list_lp16_use_fp32_params",
    "list_widest_type_cast", "scale_loss", "unscale",
]  # fmt: skip


class _State:
    """Of this process: the arguments of ``init``, and the scaler that losses with a gradient of their own look at."""

    arguments: tuple | None = None
    scaler = LossScaler()
    taken = False  # the first trainer gets that scaler, others have their own


def init(
    target_dtype: Any = "bfloat16",
    target_precision_ops: Iterable[str] | None = None,
    conditional_fp32_ops: Iterable[tuple[str, str, Sequence[str]]] | None = None,
    fp32_ops: Iterable[str] | None = None,
) -> None:
    """From now on, operators convert their inputs as their precision says, in arrays and in graphs.

    Parameters
    ----------
    target_dtype : 'bfloat16' or 'float16'
        The low precision.
    target_precision_ops, fp32_ops : list of str, optional
        Operators that compute in it, and in float32, in place of those that ``list_lp16_ops`` and ``list_fp32_ops``
        have.
    conditional_fp32_ops : list of (str, str, list of str), optional
        (operator, attribute, values): float32 for these values; in place of ``list_conditional_fp32_ops``.

    It cannot be undone, and a second call changes nothing. Raises AssertionError for another dtype, AttributeError for
    an operator that does not exist.
    """
    name = low_precision(target_dtype)
    if name is None:
        raise AssertionError(
            f"AMP currently supports only float16 or bfloat16 as a target_dtype, but got {target_dtype!r}"
        )
    arguments = (name, target_precision_ops, fp32_ops, conditional_fp32_ops)
    if _State.arguments is not None:
        if arguments != _State.arguments:
            warnings.warn("AMP is on already; the arguments of this amp.init() have no effect.", stacklevel=2)
        return
    policy = precision.Policy(*arguments)
    policy.loss_scale = lambda: _State.scaler.loss_scale
    logging.info("Using AMP")
    _State.arguments = arguments
    precision.switch(policy)


def _off() -> None:
    """Undo ``init``."""
    _State.arguments, _State.scaler, _State.taken = None, LossScaler(), False
    precision.switch(None)


@contextmanager
def _on(*args: Any, **kwargs: Any) -> Iterator[None]:
    """``init`` for a while; for tests."""
    init(*args, **kwargs)
    try:
        yield
    finally:
        _off()


def init_trainer(optimizer_or_trainer: Trainer) -> None:
    """Give a trainer a loss scaler: its ``step`` leaves out updates whose gradients are not finite.

    Raises AssertionError before ``init``, TypeError for what is no Trainer.
    """
    if _State.arguments is None:
        raise AssertionError("AMP not initialized, did you forget to call amp.init()?")
    trainer = _trainer(optimizer_or_trainer)
    trainer._amp_loss_scaler = LossScaler() if _State.taken else _State.scaler
    trainer._amp_original_scale = trainer._scale
    _State.taken = True


@contextmanager
def scale_loss(loss: Any, optimizer_or_trainer: Trainer) -> Iterator[Any]:
    """The loss, or a list of the losses, times the trainer's scale, by which its next update divides the gradients.

    Raises AttributeError before ``init_trainer``, TypeError for what is no Trainer.
    """
    trainer = _trainer(optimizer_or_trainer)
    scale = _scaler(trainer).loss_scale
    trainer._scale = trainer._amp_original_scale / scale
    yield [one * scale for one in loss] if isinstance(loss, (list, tuple)) else loss * scale


def unscale(optimizer_or_trainer: Trainer) -> None:
    """Divide the gradients by the loss scale now, to look at them or to clip them before the update.

    The optimizer's ``rescale_grad`` is multiplied in now, too; what is left to the update is the batch size.
    Raises AttributeError before ``init_trainer``, TypeError for what is no Trainer.
    """
    trainer = _trainer(optimizer_or_trainer)
    _scaler(trainer)
    with autograd.pause():
        for parameter in trainer._params:
            for gradient in parameter.list_grad() if parameter.grad_req != "null" else ():
                gradient[:] = gradient * trainer._scale
    trainer._scale = 1.0


def _trainer(given: Any) -> Trainer:
    if isinstance(given, Trainer):
        return given
    if isinstance(given, optimizers.Optimizer):
        raise TypeError("AMP is currently only compatible with Gluon Trainer")
    raise TypeError(f"optimizer_or_trainer should be a Gluon Trainer or an optimizer, instead is {type(given)}")


def _scaler(trainer: Trainer) -> LossScaler:
    if getattr(trainer, "_amp_loss_scaler", None) is None:
        raise AttributeError("this Trainer has no loss scaler; call amp.init_trainer(trainer) first")
    return trainer._amp_loss_scaler


def _target(dtype: Any) -> str:
    name = low_precision(dtype)
    if name is None:
        raise AssertionError(f"not supported type: {dtype!r} is neither 'bfloat16' nor 'float16'")
    return name


def list_lp16_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in the low precision."""
    _target(target_dtype)
    return lists.of("low")


def list_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in float32."""
    _target(target_dtype)
    return lists.of("float32")


def list_lp16_fp32_ops(target_dtype: Any) -> list[str]:
    """Operators that compute in whatever arrives."""
    _target(target_dtype)
    return lists.of(None)


def list_conditional_fp32_ops(target_dtype: Any) -> list[tuple[str, str, list[str]]]:
    """Operators that compute in float32 where an attribute has one of some values: (operator, attribute, values)."""
    _target(target_dtype)
    return lists.conditional()


def list_widest_type_cast(target_dtype: Any) -> list[str]:
    """Operators that compute in the widest dtype of their inputs."""
    _target(target_dtype)
    return lists.of("widest")


def list_loss_output_functions(target_dtype: Any) -> list[str]:
    """Outputs that make their own gradient, which they multiply by the loss scale."""
    _target(target_dtype)
    return lists.losses()


def list_lp16_use_fp32_params(target_dtype: Any) -> dict[str, list[str]] | None:
    """Operators whose parameters stay float32 beside data in bfloat16: the names of their inputs. None for float16."""
    return lists.keep_float32_inputs() if _target(target_dtype) == "bfloat16" else None
