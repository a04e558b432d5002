"""Control flow in graphs: ``_foreach``, ``_while_loop`` and ``_cond`` run graphs of their own, their bodies.

A body is a function ``run(*inputs, *surroundings)`` that returns its outputs, then new values of the auxiliary states
among its inputs. ``Wiring`` says which input of the operator feeds which input of a body; MXNet keeps it in attributes
(``in_data_locs`` ...), which count the body's variables in the order of its nodes. ``graph/bodies.py`` checks it,
``graph/lower.py`` makes the functions. Users call ``contrib.foreach``, ``contrib.while_loop`` and ``contrib.cond``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import torch

from .attributes import Shape
from .own_gradient import OwnGradient
from .registry import operator

__all__ = ["Wiring", "changed"]


class Wiring(NamedTuple):
    """How the bodies of one operator are fed."""

    sources: tuple[tuple[int, ...], ...]  # of each body: the operator's input behind each of the body's
    outputs: tuple[int, ...]  # of each body: how many outputs it has
    sliced: tuple[int, ...] = ()  # inputs of the operator of which a body gets one slice a step
    carried: tuple[int, ...] = ()  # inputs of the operator that each step replaces: the states of the loop


# For each body of a node: the function, and which of its inputs it returns new values of.
Held = tuple[tuple[Callable[..., tuple], tuple[int, ...]], ...]


def changed(wiring: Wiring, held: Held) -> list[int]:
    """Inputs of the operator that its bodies update; it returns their new values after its outputs."""
    inside = {sources[i] for sources, (_, places) in zip(wiring.sources, held, strict=True) for i in places}
    return sorted(inside - {*wiring.sliced, *wiring.carried})


class _Body:
    """One body, called with all of the operator's inputs as they are at this step."""

    def __init__(self, wiring: Wiring, held: Held, index: int, surroundings: tuple) -> None:
        run, self.changed = held[index]
        self.run = getattr(run, "forward", run)  # of a module, without torch's hooks around it
        self.sources, self.outputs = wiring.sources[index], wiring.outputs[index]
        self.surroundings = surroundings

    def __call__(self, values: list[torch.Tensor]) -> Sequence[torch.Tensor]:
        """The outputs; new auxiliary states go back into ``values``."""
        results = self.run(*[values[i] for i in self.sources], *self.surroundings)
        for place, new in zip(self.changed, results[self.outputs :], strict=True):
            if new is not None:
                values[self.sources[place]] = new
        return results[: self.outputs]

    def shapes(self, values: list[torch.Tensor]) -> Sequence[torch.Tensor]:
        """The outputs on the meta device: shapes and dtypes of a step that is not made."""
        meta = torch.device("meta")
        results = self.run(*[values[i].to(meta) for i in self.sources], False, False, None, meta, None)
        return results[: self.outputs]


def _bodies(wiring: Wiring, held: Held, *surroundings: Any) -> list[_Body]:
    if not held:
        raise ValueError("this operator runs a graph, which only a symbol holds; use contrib.foreach and its like")
    return [_Body(wiring, held, i, surroundings) for i in range(len(held))]


def _finish(
    wiring: Wiring,
    held: Held,
    inputs: Sequence[Any],
    values: Sequence[Any],
    outputs: Sequence[Any],
    used: Iterable[int],
) -> Any:
    """What the operator returns. Inputs that were not ``used`` get gradients of zero, as in MXNet."""
    outputs = list(outputs)
    unused = [x for i, x in enumerate(inputs) if i not in used and x.requires_grad]
    if unused and torch.is_grad_enabled():
        for i, output in enumerate(outputs):
            if output is not None and output.is_floating_point():
                outputs[i] = _Independent.apply(output, *unused)
                break
    news = [None if values[i] is inputs[i] else values[i] for i in changed(wiring, held)]
    return (*outputs, *news) if len(outputs) + len(news) != 1 else outputs[0]


class _Independent(OwnGradient):
    """A tensor as it is, with gradients of zero for others that it does not depend on."""

    @staticmethod
    def forward(ctx: Any, output: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
        ctx.others = [(x.shape, x.dtype, x.device) for x in others]
        return output.view_as(output)

    @staticmethod
    def backward(ctx: Any, grad: torch.Tensor) -> tuple:  # type: ignore[override]
        return grad, *(torch.zeros(s, dtype=t, device=d) for s, t, d in ctx.others)


def _truth(condition: torch.Tensor) -> bool:
    if condition.numel() != 1:
        raise ValueError(f"the condition must be one number, but has shape {tuple(condition.shape)}")
    return condition.device.type == "meta" or condition.item() != 0


def _same(one: torch.Tensor, other: torch.Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


# ---- foreach ---------------------------------------------------------------------------------------------------------


def _wire_foreach(
    *, num_outputs: int, num_out_data: int, in_state_locs: Shape, in_data_locs: Shape, remain_locs: Shape, **_: Any
) -> Wiring:
    locs = (*in_data_locs, *in_state_locs, *remain_locs)
    if sorted(locs) != list(range(len(locs))):
        raise ValueError(
            f"in_data_locs={in_data_locs}, in_state_locs={in_state_locs}, remain_locs={remain_locs} must name each of "
            "the body's inputs once"
        )
    if not in_data_locs:
        raise ValueError("there is no data to loop over (in_data_locs is empty)")
    if num_out_data < 0 or num_outputs != num_out_data + len(in_state_locs):
        raise ValueError(
            f"num_outputs={num_outputs} must be num_out_data={num_out_data} and the {len(in_state_locs)} states"
        )
    data, states = len(in_data_locs), len(in_state_locs)
    sources = tuple(locs.index(i) for i in range(len(locs)))
    return Wiring((sources,), (num_outputs,), tuple(range(data)), tuple(range(data, data + states)))


@operator("_foreach", bodies=("fn",), wiring=_wire_foreach, outputs=lambda num_outputs, **_: num_outputs, mixed=True)
def foreach(
    *data: torch.Tensor,
    num_args: int,
    num_outputs: int,
    num_out_data: int,
    in_state_locs: Shape,
    in_data_locs: Shape,
    remain_locs: Shape,
    _train: bool,
    _recording: bool,
    _rng: torch.Generator,
    _device: torch.device,
    _ctx: Any,
    _held: Held = (),
) -> Any:
    """Run a graph for each slice of the data along axis 0: a recurrent network.

    data: the arrays to slice, all of one length T, then the states, then what else the graph reads · returns the
    graph's outputs of all steps, stacked along a new axis 0 of length T, then the states after the last step.
    """
    wiring = _wire_foreach(
        num_outputs=num_outputs, num_out_data=num_out_data, in_state_locs=in_state_locs, in_data_locs=in_data_locs,
        remain_locs=remain_locs,
    )  # fmt: skip
    (body,) = _bodies(wiring, _held, _train, _recording, _rng, _device, _ctx)
    sliced = [data[i] for i in wiring.sliced]
    lengths = {x.shape[0] if x.dim() else 0 for x in sliced}
    if len(lengths) != 1 or 0 in lengths:
        shapes = ", ".join(str(tuple(x.shape)) for x in sliced)
        raise ValueError(
            f"the data to loop over must have one length along axis 0, at least 1, but has shapes {shapes}"
        )
    meta = _device.type == "meta"  # then one step tells everything
    slices = [[x.new_empty(x.shape[1:])] if meta else x.unbind(0) for x in sliced]
    values, steps = list(data), []
    for step in zip(*slices, strict=True):
        values[: len(sliced)] = step
        outputs = body(values)
        steps.append(outputs[:num_out_data])
        for i, new in zip(wiring.carried, outputs[num_out_data:], strict=True):
            if not _same(new, values[i]):
                raise ValueError(
                    f"a state must keep its shape and dtype, but {tuple(values[i].shape)} {values[i].dtype} became "
                    f"{tuple(new.shape)} {new.dtype}"
                )
            values[i] = new
    columns = zip(*steps, strict=True)
    if meta:
        stacked = [x.new_empty((*lengths, *x.shape)) for (x,) in columns]
    else:
        stacked = [torch.stack(column) for column in columns]
    values[: len(sliced)] = sliced
    outputs = [*stacked, *(values[i] for i in wiring.carried)]
    return _finish(wiring, _held, data, values, outputs, range(len(data)))


# ---- while_loop ------------------------------------------------------------------------------------------------------


def _wire_while_loop(
    *,
    num_outputs: int,
    num_out_data: int,
    max_iterations: int,
    cond_input_locs: Shape,
    func_input_locs: Shape,
    func_var_locs: Shape,
    **_: Any,
) -> Wiring:
    if not set(func_var_locs) <= set(range(len(func_input_locs))) or len({*func_var_locs}) != len(func_var_locs):
        raise ValueError(f"func_var_locs={func_var_locs} must name some of the {len(func_input_locs)} inputs of func")
    if num_out_data < 0 or num_outputs != num_out_data + len(func_var_locs):
        raise ValueError(
            f"num_outputs={num_outputs} must be num_out_data={num_out_data} and the {len(func_var_locs)} loop variables"
        )
    if max_iterations < 1:
        raise ValueError(f"max_iterations must be at least 1, but is {max_iterations}")
    carried = tuple(func_input_locs[i] for i in func_var_locs)
    return Wiring((cond_input_locs, func_input_locs), (1, num_outputs), carried=carried)


@operator(
    "_while_loop", bodies=("cond", "func"), wiring=_wire_while_loop, outputs=lambda num_outputs, **_: num_outputs,
    mixed=True,
)  # fmt: skip
def while_loop(
    *data: torch.Tensor,
    num_args: int,
    num_outputs: int,
    num_out_data: int,
    max_iterations: int,
    cond_input_locs: Shape,
    func_input_locs: Shape,
    func_var_locs: Shape,
    _train: bool,
    _recording: bool,
    _rng: torch.Generator,
    _device: torch.device,
    _ctx: Any,
    _held: Held = (),
) -> Any:
    """Run a graph as long as another one, the condition, is not 0, and at most ``max_iterations`` times.

    data: the loop variables and what else the graphs read · returns the outputs of all steps, stacked along a new axis
    0 of length ``max_iterations`` (0 where no step was made), then the loop variables after the last step, which may
    have other shapes than before.
    """
    wiring = _wire_while_loop(
        num_outputs=num_outputs, num_out_data=num_out_data, max_iterations=max_iterations,
        cond_input_locs=cond_input_locs, func_input_locs=func_input_locs, func_var_locs=func_var_locs,
    )  # fmt: skip
    condition, func = _bodies(wiring, _held, _train, _recording, _rng, _device, _ctx)
    values, steps = list(data), []
    if _device.type == "meta":
        _truth(condition(values)[0])
        outputs = func(values)
        stacked = [x.new_empty((max_iterations, *x.shape)) for x in outputs[:num_out_data]]
        last = zip(wiring.carried, outputs[num_out_data:], strict=True)
        outputs = [*stacked, *(x if _same(x, data[i]) else None for i, x in last)]
        return _finish(wiring, _held, data, data, outputs, range(len(data)))
    while len(steps) < max_iterations and _truth(condition(values)[0]):
        outputs = func(values)
        steps.append(outputs[:num_out_data])
        for i, new in zip(wiring.carried, outputs[num_out_data:], strict=True):
            values[i] = new
    missing = max_iterations - len(steps)
    if steps:
        stacked = [torch.stack(column) for column in zip(*steps, strict=True)]
        if missing:
            stacked = [torch.cat([x, x.new_zeros((missing, *x.shape[1:]))]) for x in stacked]
    else:
        shapes = func.shapes(values)[:num_out_data]
        stacked = [torch.zeros((missing, *x.shape), dtype=x.dtype, device=_device) for x in shapes]
    outputs = [*stacked, *(values[i] for i in wiring.carried)]
    return _finish(wiring, _held, data, values, outputs, func.sources if steps else ())


# ---- cond ------------------------------------------------------------------------------------------------------------


def _wire_cond(
    *, num_outputs: int, cond_input_locs: Shape, then_input_locs: Shape, else_input_locs: Shape, **_: Any
) -> Wiring:
    return Wiring((cond_input_locs, then_input_locs, else_input_locs), (1, num_outputs, num_outputs))


@operator(
    "_cond", dynamic=True, bodies=("cond", "then_branch", "else_branch"), wiring=_wire_cond,
    outputs=lambda num_outputs, **_: num_outputs, mixed=True,
)  # fmt: skip
def cond(
    *data: torch.Tensor,
    num_args: int,
    num_outputs: int,
    cond_input_locs: Shape,
    then_input_locs: Shape,
    else_input_locs: Shape,
    _train: bool,
    _recording: bool,
    _rng: torch.Generator,
    _device: torch.device,
    _ctx: Any,
    _held: Held = (),
) -> Any:
    """Run one of two graphs, the first where a third one, the condition, is not 0.

    data: what the graphs read · returns the outputs of the graph that ran.
    """
    wiring = _wire_cond(
        num_outputs=num_outputs, cond_input_locs=cond_input_locs, then_input_locs=then_input_locs,
        else_input_locs=else_input_locs,
    )  # fmt: skip
    condition, then_branch, else_branch = _bodies(wiring, _held, _train, _recording, _rng, _device, _ctx)
    values = list(data)
    chosen = then_branch if _truth(condition(values)[0]) else else_branch
    outputs = chosen(values)
    if _device.type == "meta":
        others = else_branch(values)
        outputs = [x if _same(x, y) else None for x, y in zip(outputs, others, strict=True)]
    return _finish(wiring, _held, data, values, outputs, chosen.sources)
