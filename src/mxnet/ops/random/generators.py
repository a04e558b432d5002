"""Random number generators: one per context, ours alone, so that torch's global generators stay the user's."""

from __future__ import annotations

import threading

import torch

from ...context import Context

__all__ = ["generator", "get_state", "seed", "set_state"]

_lock = threading.Lock()
_generators: dict[Context, torch.Generator] = {}
_base_seed = 0  # MXNet starts every process from the same seed


def _seed_of(base: int, ctx: Context) -> int:
    """Different streams on different devices, for the same base seed."""
    return (base + 0x9E3779B97F4A7C15 * (16 * ctx.device_id + ctx.device_typeid - 1)) % 2**63


def generator(ctx: Context) -> torch.Generator:
    """The generator of a context."""
    found = _generators.get(ctx)
    if found is None:
        with _lock:
            found = _generators.get(ctx)
            if found is None:  # no other thread was first
                found = torch.Generator(ctx.torch_device)
                found.manual_seed(_seed_of(_base_seed, ctx))
                _generators[ctx] = found
    return found


def seed(value: int, ctx: Context | None = None) -> None:
    """Restart the random numbers of one context, or of all of them (also those that are not in use yet)."""
    global _base_seed
    with _lock:
        if ctx is None:
            _base_seed = value
            for each, found in _generators.items():
                found.manual_seed(_seed_of(value, each))
            return
        if ctx not in _generators:
            _generators[ctx] = torch.Generator(ctx.torch_device)
        _generators[ctx].manual_seed(value % 2**63)


def get_state() -> dict[Context, bytes]:
    """Where the random numbers of every context in use are, for ``set_state``."""
    with _lock:
        return {ctx: found.get_state().numpy().tobytes() for ctx, found in _generators.items()}


def set_state(states: dict[Context, bytes]) -> None:
    """Continue with the random numbers at which ``get_state`` was called. Raises RuntimeError for other bytes."""
    for ctx, state in states.items():
        generator(ctx).set_state(torch.frombuffer(bytearray(state), dtype=torch.uint8))
