"""Operators that make one step of an optimizer: new weights as the result, momenta and moments written in place."""

from __future__ import annotations

from .core import Family, arr, ints

family = Family("optimizer")
error = family.error

SETTINGS = (
    {"lr": 0.1},
    {"lr": 0.1, "wd": 0.01, "rescale_grad": 0.5},
    {"lr": 0.1, "wd": 0.01, "clip_gradient": 0.3},
    {"lr": 0.01, "rescale_grad": 2.0, "clip_gradient": 1.0},
)
# operator -> number of float32 states after weight and gradient; whether a float32 master copy of the weight follows
OPERATORS = {
    "sgd_update": (0, False),
    "sgd_mom_update": (1, False),
    "adam_update": (2, False),
    "mp_sgd_update": (0, True),
    "mp_sgd_mom_update": (1, True),
}
OWN = {"sgd_mom_update": {"momentum": 0.9}, "mp_sgd_mom_update": {"momentum": 0.9}, "adam_update": {"beta1": 0.8}}

for op, (states, master) in OPERATORS.items():
    dtype = "float16" if master else "float32"
    for settings in SETTINGS:
        inputs = [arr(3, 2, dtype=dtype), arr(3, 2, dtype=dtype)]
        inputs += [arr(3, 2, low=0.1, high=1) for _ in range(states)] + [arr(3, 2)] * master
        written = tuple(range(2, len(inputs)))
        family.add(op, inputs, {**settings, **OWN.get(op, {})}, grad=(), states=written)
    error(op, inputs)
    error(op, [inputs[0], arr(2, 2, dtype=dtype), *inputs[2:]], {"lr": 0.1})
    error(op, inputs, {"lr": "fast"})
family.add(
    "sgd_update", [arr(2, dtype="float64"), arr(2, dtype="float64")], {"lr": 0.1, "lazy_update": False},
    grad=(), rtol=1e-6, why="MXNet's lr is a float32",
)  # fmt: skip
error("sgd_update", [arr(2), ints(2)], {"lr": 0.1})
