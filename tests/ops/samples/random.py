"""Operators that draw random numbers: dtypes, shapes and errors. test_random.py asks whether the numbers are right."""

from __future__ import annotations

from typing import Any

from .core import Family, Input, arr, ints, lit

family = Family("random")
error = family.error


def add(operator: str, inputs: Input | list[Input], attrs: dict[str, Any], **checks: Any) -> None:
    family.add(operator, inputs, attrs, chance=True, **checks)


# distribution -> parameters in mx.nd.random; parameters of the operator
DISTRIBUTIONS = {
    "uniform": ({"low": -1.0, "high": 2.0}, {"low": -1.0, "high": 2.0}),
    "normal": ({"loc": 1.0, "scale": 2.0}, {"loc": 1.0, "scale": 2.0}),
    "gamma": ({"alpha": 2.0, "beta": 0.5}, {"alpha": 2.0, "beta": 0.5}),
    "exponential": ({"scale": 2.0}, {"lam": 0.5}),
    "poisson": ({"lam": 3.0}, {"lam": 3.0}),
    "negative_binomial": ({"k": 3, "p": 0.4}, {"k": 3, "p": 0.4}),
    "generalized_negative_binomial": ({"mu": 2.0, "alpha": 0.3}, {"mu": 2.0, "alpha": 0.3}),
}
WRONG = {
    "uniform": {"low": 2.0, "high": 1.0},
    "normal": {"loc": 0.0, "scale": -1.0},
    "gamma": {"alpha": -1.0, "beta": 1.0},
    "exponential": {"scale": -1.0},
    "poisson": {"lam": -1.0},
    "negative_binomial": {"k": -3, "p": 0.4},
    "generalized_negative_binomial": {"mu": -2.0, "alpha": 0.3},
}
for name, (friendly, raw) in DISTRIBUTIONS.items():
    face = f"random.{name}"
    add(face, [], {**friendly, "shape": (2, 3)}, pure=False)
    add(face, [], {**friendly, "shape": 4, "dtype": "float64"}, pure=False)
    add(face, [], friendly, pure=False, symbol=False)  # without a shape, a graph does not know it
    error(face, [], {**WRONG[name], "shape": 3})
    error(face, [], {**friendly, "shape": 3, "dtype": "int32"})
    error(face, [], {**friendly, next(iter(friendly)): "a"})
    for op in (f"_random_{name}", f"random_{name}"):
        add(op, [], {**raw, "shape": (2, 3)})
        add(op, [], {**raw, "shape": (2,), "dtype": "float16"})
        add(op, [], {"shape": (1, 2)})
    add(f"random.{name}_like", arr(2, 3), raw)
    add(f"random.{name}_like", arr(4, dtype="float64"), {})
    add(f"random.{name}_like", arr(1, 2), {})
    error(f"random.{name}_like", ints(2, 3))
    parameters = [lit([0.2, 0.5], "float32") for _ in raw]
    for op in (f"_sample_{name}", f"sample_{name}"):
        add(op, parameters, {})
        add(op, parameters, {"shape": (3,)})
        add(op, parameters, {"shape": (2, 1), "dtype": "float64"})
    add(face, parameters, {"shape": 2}, pure=False)
error("random.uniform", [lit([0.0, 1.0]), 2.0])

add("random.randint", [], {"low": -2, "high": 5, "shape": (2, 3)}, pure=False)
add("random.randint", [], {"low": 0, "high": 5}, pure=False, symbol=False)
add("random.randint", [], {"low": 0, "high": 5, "shape": 3, "dtype": "int64"}, pure=False)
for op in ("_random_randint", "random_randint"):
    add(op, [], {"low": 0, "high": 5, "shape": (3,)})
    add(op, [], {"low": -3, "high": 0, "shape": (2, 2), "dtype": "int64"})
    add(op, [], {"low": 0, "high": 1, "shape": (1,)})
error("random.randint", [], {"low": 0, "high": 5, "shape": 3, "dtype": "float32"})
error("random.randint", [], {"low": 0, "high": 5.5, "shape": 3})
error("random.randint", [], {"low": "a", "high": 5})
error("random.randint", [], {"high": 5, "low": 0, "dtype": "int8"})
error("random.randint", [lit([0.0]), lit([5.0])])
error("random.exponential", [], {"scale": [1.0]})
error("random.exponential", [], {"scale": 0})
error("random.normal", [lit([0.0, 1.0]), lit([1.0])])
error("random.uniform", [], {"shape": 2, "speed": 1})

for shape in (0, -1, (2, 0)):
    error("sample_normal", [arr(2), arr(2, low=0.1)], {"shape": shape})

P = lit([0.2, 0.5, 0.3])
ROWS = lit([[0.2, 0.8], [1.0, 0.0], [0.5, 0.5]])
for op in ("random.multinomial", "_sample_multinomial", "sample_multinomial"):
    # In mx.sym.random, multinomial has another default for get_prob.
    how = {"pure": not op.startswith("random."), "symbol": not op.startswith("random.")}
    add(op, P, {}, **how)
    add(op, P, {"shape": (2, 3)}, **how)
    add(op, ROWS, {"shape": 4}, **how)
    error(op, ROWS, {"shape": -1})
    add(op, ROWS, {"get_prob": True}, **how)
    add(op, ROWS, {"shape": 4, "get_prob": True, "dtype": "float32"}, **how)
    add(op, ROWS, {"dtype": "uint8"}, **how)
    add(op, ROWS, {"dtype": "float64", "shape": (1,)}, **how)
    add(op, P, {"shape": 0}, pure=how["pure"], symbol=False)
error("random.multinomial", P, {"dtype": "int64"})
error("random.multinomial", lit([1, 1], "int32"))
for op in ("random.shuffle", "shuffle", "_shuffle"):
    pure = {"pure": not op.startswith("random.")}
    add(op, arr(5), {}, **pure)
    add(op, ints(3, 2), {}, **pure)
    add(op, arr(1, 4, dtype="float64"), {}, **pure)
