"""``Block.summary``: a table of layers, output shapes and numbers of parameters, gathered by hooks during one
forward.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...ndarray import NDArray

if TYPE_CHECKING:
    from ..parameter import Parameter
    from .base import Block

__all__ = ["summarize"]

_WIDTH = 80


def summarize(block: Block, inputs: tuple) -> None:
    """Print the table. Raises AssertionError when a block is hybridized, and what a forward raises."""
    rows: list[tuple[str, str, int]] = []
    met: list[Parameter] = []  # in order, with repetitions

    def add_row(layer: Block, _: tuple, outputs: Any) -> None:
        own = list(layer.params.values())
        met.extend(own)
        rows.append((f"{type(layer).__name__}-{len(rows) + 1}", _shape(outputs), sum(map(_size, own))))

    handles = []

    def watch(layer: Block) -> None:
        if getattr(layer, "_active", False):
            raise AssertionError(f'"{layer.name}" must not be hybridized to print summary.')
        if not layer._is_container:
            handles.append(layer.register_forward_hook(add_row))

    try:
        block.apply(watch)
        block(*inputs)
    finally:
        for handle in handles:
            handle.detach()
    total = sum(map(_size, met))
    fixed = sum(_size(p) for p in met if p.grad_req == "null")
    unique = sum(_size(p) for p in {id(p): p for p in met}.values())
    lines = [
        "-" * _WIDTH,
        _line("Layer (type)", "Output Shape", "Param #"),
        "=" * _WIDTH,
        _line("Input", _shape(inputs), 0),
        *(_line(*row) for row in rows),
        "=" * _WIDTH,
        "Parameters in forward computation graph, duplicate included",
        f"   Total params: {total}",
        f"   Trainable params: {total - fixed}",
        f"   Non-trainable params: {fixed}",
        f"Shared params in forward computation graph: {total - unique}",
        f"Unique parameters in model: {unique}",
        "-" * _WIDTH,
    ]
    print("\n".join(lines))  # noqa: T201 - printing is what it is for


def _line(layer: str, shape: str, count: int | str) -> str:
    return f"{layer:>20}  {shape:>42} {count:>15}"


def _size(parameter: Parameter) -> int:
    return parameter.data(parameter.list_ctx()[0]).size


def _shape(value: Any, top: bool = True) -> str:
    """Shapes in the place of arrays in nested lists, without the outermost brackets."""
    if isinstance(value, NDArray):
        return str(value.shape)
    if not isinstance(value, (list, tuple)):
        return str(value)
    items = ", ".join(_shape(item, top=False) for item in value)
    return items if top else f"[{items}]"
