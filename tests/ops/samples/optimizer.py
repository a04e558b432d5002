"""Operators that make one step of an optimizer: new weights as the result, momenta and moments written in place."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

from .core import Array, Family, arr, ints, lit

family = Family("optimizer")
error = family.error


class Update(NamedTuple):
    """An operator: how many states follow weight and gradient, whether a float32 copy does; attributes."""

    states: int = 0
    master: bool = False
    own: Mapping[str, Any] = MappingProxyType({})
    written: tuple[int, ...] | None = None  # where not all after weight and gradient are
    clip: str = "clip_gradient"
    required: Mapping[str, Any] = MappingProxyType({"lr": 0.1})


FTML = {"lr": 0.1, "t": 2}
PHASE1, BIASED = {"t": 3, "wd": 0.02}, {"bias_correction": False}
UPDATES = {
    "sgd_update": Update(),
    "sgd_mom_update": Update(1, own={"momentum": 0.9}),
    "adam_update": Update(2, own={"beta1": 0.8, "beta2": 0.95, "epsilon": 1e-4}),
    "mp_sgd_update": Update(0, True),
    "mp_sgd_mom_update": Update(1, True, {"momentum": 0.9}),
    "nag_mom_update": Update(1, own={"momentum": 0.9}),
    "mp_nag_mom_update": Update(1, True, {"momentum": 0.9}),
    "signsgd_update": Update(),
    "signum_update": Update(1, own={"momentum": 0.9, "wd_lh": 0.05}),
    "rmsprop_update": Update(1, own={"gamma1": 0.8, "epsilon": 1e-4, "clip_weights": 0.9}),
    # n - g**2 must stay positive: gamma1 near 1
    "rmspropalex_update": Update(3, own={"gamma1": 0.99, "gamma2": 0.8, "epsilon": 0.1, "clip_weights": 0.9}),
    "ftml_update": Update(3, False, {"beta1": 0.5, "beta2": 0.9, "epsilon": 1e-3}, None, "clip_grad", FTML),
    "ftrl_update": Update(2, own={"lamda1": 0.3, "beta": 0.5}),
    "lamb_update_phase1": Update(2, own={"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, **BIASED}, required=PHASE1),
    "mp_lamb_update_phase1": Update(2, True, {"beta1": 0.8, **BIASED}, (2, 3), required=PHASE1),
}  # fmt: skip


def inputs_of(update: Update, shape: tuple[int, ...], dtype: str) -> list[Array]:
    low = "float32" if update.master else dtype  # of the states
    inputs = [arr(*shape, dtype=dtype), arr(*shape, dtype=dtype)]
    # rmspropalex wants the mean of squares to exceed the square of the mean, as it does in a training
    ranges = [(1, 2), (0.1, 0.5), (-1, 1)] if update.states == 3 else [(0.1, 1)] * update.states
    inputs += [arr(*shape, low=a, high=b, dtype=low) for a, b in ranges]
    return inputs + [arr(*shape, dtype="float32")] * update.master


for op, update in UPDATES.items():
    clip, required = update.clip, update.required
    written = update.written or tuple(range(2, 2 + update.states + update.master))
    dtype = "float16" if update.master else "float32"
    settings = [
        ({}, (3, 2)),
        ({"wd": 0.01, "rescale_grad": 0.5}, (3, 2)),
        ({"wd": 0.01, clip: 0.3}, (3, 2)),
        ({"rescale_grad": 2.0, clip: 1.0, **update.own}, (3, 2)),
        ({clip: 0.0, **update.own}, (4,)),
        (update.own, (1, 2, 3)),
    ]
    for attrs, shape in settings:
        inputs = inputs_of(update, shape, dtype)
        # MXNet's momentum takes the weight decay from the new weight here, not from the old one.
        kept = (3,) if op == "mp_nag_mom_update" and "wd" in attrs else written
        family.add(op, inputs, {**required, **attrs}, grad=(), states=kept)
    if not update.master:
        family.add(
            op, inputs_of(update, (2, 2), "float64"), {**required, "wd": 0.01, **update.own},
            grad=(), states=written, rtol=3e-6, atol=1e-7, why="MXNet's attributes are float32",
        )  # fmt: skip
        family.add(op, inputs_of(update, (2, 2), "float16"), {**required, **update.own}, grad=(), states=written)
        error(op, [ints(3, 2)] * (2 + update.states), required)
    else:
        if op != "mp_lamb_update_phase1":  # which wants float16
            family.add(op, inputs_of(update, (2,), "float32"), required, grad=(), states=written)
    inputs = inputs_of(update, (3, 2), dtype)
    error(op, inputs)
    error(op, [inputs[0], arr(2, 2, dtype=dtype), *inputs[2:]], required)
    error(op, [inputs[0], arr(1, 2, dtype=dtype), *inputs[2:]], required)  # which torch would broadcast
    error(op, inputs, {**required, "wd": "some"})
    error(op, inputs, {**required, "speed": 1})
    if len(inputs) > 2:
        error(op, inputs[:-1], required)
        error(op, [*inputs[:-1], arr(2, 2)], required)
        error(op, [*inputs[:-1], arr(2)], required)
        error(op, [inputs[0], ints(3, 2), *inputs[2:]], required)
for op in ("sgd_update", "sgd_mom_update", "adam_update", "mp_sgd_update", "mp_sgd_mom_update"):
    update = UPDATES[op]
    dtype, written = "float16" if update.master else "float32", tuple(range(2, 2 + update.states + update.master))
    family.add(op, inputs_of(update, (2,), dtype), {"lr": 0.1, "lazy_update": False}, grad=(), states=written)
error("sgd_update", [arr(2), ints(2)], {"lr": 0.1})
error("sgd_update", [arr(2), arr(2)], {"lr": "fast"})
family.add("lamb_update_phase1", [arr(2), arr(2), arr(2), arr(2, low=0.1)], {"t": 1, "wd": 0.0}, grad=(), states=(2, 3))
for op in ("lamb_update_phase1", "mp_lamb_update_phase1"):
    error(op, inputs_of(UPDATES[op], (2,), "float16" if UPDATES[op].master else "float32"), {"t": 1})
    error(op, inputs_of(UPDATES[op], (2,), "float16" if UPDATES[op].master else "float32"), {"wd": 0.1})


# ---- the second phase of LAMB ----------------------------------------------------------------------------------------

# MXNet forgets to write weight32: test_optimizer.py asks for its values.
for norms in ((2.0, 0.5), (0.0, 0.5), (2.0, 0.0)):
    ratio = [lit([n]) for n in norms]
    for attrs in ({}, {"lower_bound": 2.5, "upper_bound": 4.0}, {"upper_bound": 1.0}, {"lower_bound": 0.0}):
        family.add("lamb_update_phase2", [arr(3, 2), arr(3, 2), *ratio], {"lr": 0.1, **attrs}, grad=())
        family.add(
            "mp_lamb_update_phase2", [arr(3, 2, dtype="float16"), arr(3, 2), *ratio, arr(3, 2)], {"lr": 0.1, **attrs},
            grad=(),
        )  # fmt: skip
family.add("lamb_update_phase2", [arr(2, dtype="float16")] * 2 + [lit([2.0], "float16")] * 2, {"lr": 0.1}, grad=())
ONE = lit([1.0])
error("lamb_update_phase2", [arr(3, 2), arr(3, 2), ONE, ONE])
error("lamb_update_phase2", [arr(3, 2), arr(2, 2), ONE, ONE], {"lr": 0.1})
error("lamb_update_phase2", [arr(3, 2), arr(3, 2), arr(2), ONE], {"lr": 0.1})
error("lamb_update_phase2", [arr(3, 2), arr(3, 2), ONE], {"lr": 0.1})
error("mp_lamb_update_phase2", [arr(3, 2, dtype="float16"), arr(3, 2), ONE, ONE, arr(2, 2)], {"lr": 0.1})


# ---- AdamW -----------------------------------------------------------------------------------------------------------


def adamw(shape: tuple[int, ...], dtype: str, master: bool, scale: list[float]) -> list[Array]:
    low = "float32" if master else dtype
    inputs = [arr(*shape, dtype=dtype)] * 2 + [arr(*shape, dtype=low), arr(*shape, low=0.1, high=1, dtype=low)]
    return inputs + [arr(*shape)] * master + [lit(scale)]


for op, master, dtype in (("_adamw_update", False, "float32"), ("_mp_adamw_update", True, "float16")):
    how: dict[str, Any] = {"grad": (), "states": (2, 3, 4) if master else (2, 3), "into": (0,)}
    last = 5 if master else 4
    for attrs in ({}, {"wd": 0.1, "beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}, {"clip_gradient": 0.2, "wd": 0.01}):
        for scale in ([1.0], [0.5], [-2.0]):
            family.add(op, adamw((3, 2), dtype, master, scale), {"lr": 0.1, "eta": 0.5, **attrs}, **how)
    for scale in ([0.0], [float("inf")], [float("nan")]):  # nothing changes
        family.add(op, adamw((2,), dtype, master, scale), {"lr": 0.1, "eta": 0.5, "wd": 0.1}, **how)
    family.add(op, adamw((2,), dtype, master, [0.5, 3.0]), {"lr": 0.1, "eta": 1.0}, **how)
    family.add(op, adamw((2, 2), "float32", master, [2.0]), {"lr": 0.01, "eta": 1.0, "wd": 0.2}, **how)
    inputs = adamw((3, 2), dtype, master, [1.0])
    error(op, inputs, {"lr": 0.1})
    error(op, inputs, {"eta": 0.1})
    error(op, inputs[:-1], {"lr": 0.1, "eta": 1.0})
    error(op, [*inputs[:-1], lit([1.0], "float64")], {"lr": 0.1, "eta": 1.0})
    error(op, [inputs[0], arr(2, 2, dtype=dtype), *inputs[2:]], {"lr": 0.1, "eta": 1.0})
    if not master:  # MXNet reads what is not there
        error(op, [*inputs[:2], arr(2, 2), *inputs[3:]], {"lr": 0.1, "eta": 1.0})
family.add(
    "_adamw_update", adamw((2,), "float64", False, [1.0]), {"lr": 0.1, "eta": 1.0},
    grad=(), states=(2, 3), rtol=3e-6, why="MXNet's attributes are float32",
)  # fmt: skip
