"""Densities of distributions at samples, and their logarithms."""

from __future__ import annotations

from .core import Array, Family, arr, ints, lit, whole

family = Family("density")
add, error = family.add, family.error

POSITIVE = {"low": 0.3, "high": 2.5}
# MXNet's digamma, and its constant in the normal density, are float32 in any dtype.
SINGLE = {"rtol": 1e-6, "why": "parts of MXNet's formula are float32"}


def parameter(shape: tuple[int, ...], low: float, high: float, dtype: str) -> Array:
    return arr(*shape, low=low, high=high, dtype=dtype)


# distribution -> range of the sample (None: whole numbers), ranges of the parameters
DISTRIBUTIONS = {
    "uniform": ((0.2, 0.9), (-1.0, 0.1), (1.0, 3.0)),
    "normal": ((-2.0, 2.0), (-1.0, 1.0), (0.5, 2.0)),
    "exponential": ((0.2, 3.0), (0.3, 2.0)),
    "gamma": ((0.2, 3.0), (0.5, 3.0), (0.5, 2.0)),
    "poisson": (None, (0.3, 4.0)),
    "negative_binomial": (None, (0.5, 4.0), (0.2, 0.8)),
    "generalized_negative_binomial": (None, (0.5, 4.0), (0.2, 2.0)),
}

for name, (support, *ranges) in DISTRIBUTIONS.items():
    count = len(ranges)

    def call(shape: tuple, batch: tuple, dtype: str = "float32", support=support, ranges=ranges) -> list[Array]:
        sample = (
            whole(*shape, dtype=dtype) if support is None else arr(*shape, low=support[0], high=support[1], dtype=dtype)
        )
        return [sample, *(parameter(batch, low, high, dtype) for low, high in ranges)]

    # A sample of whole numbers has no gradient; MXNet's is zero, which finite differences cannot confirm.
    grad = {} if support else {"grad": tuple(range(1, count + 1))}
    double = SINGLE if name in ("normal", "gamma") else {}
    single = {}
    if name == "generalized_negative_binomial":
        single = {"rtol": 3e-5, "why": "differences of digamma functions, in float32"}
    for op in (f"_random_pdf_{name}", f"random_pdf_{name}"):
        for attrs in ({}, {"is_log": True}):
            add(op, call((2, 3), (2,)), attrs, **grad, **single)
            add(op, call((2, 3), (2, 3)), attrs, **grad, **single)  # one draw for each parameter
            add(op, call((2, 1, 2, 2), (2, 1)), attrs, **grad, **single)
            add(op, call((2, 2), (2,), "float64"), attrs, **grad, **double)
        add(op, call((1, 3), (1,), "float16"), {"is_log": False}, **grad)
    if support is None:
        add(op, call((3, 2), (3,)), {}, grad=(0, 1), true_gradient=False)
    error(op, call((2, 3), (3,)))
    error(op, call((3,), (3, 1)))
    error(op, [ints(2, 3, low=1), *[ints(2, low=1) for _ in ranges]])
    error(op, [arr(2, 3, dtype="float64", **POSITIVE), *[arr(2, **POSITIVE) for _ in ranges]])
    error(op, call((2, 3), (2,)), {"is_log": "maybe"})
    error(op, call((2, 3), (2,))[:-1])

SIMPLEX = lit([[0.2, 0.3, 0.5], [0.6, 0.2, 0.2]])
for op in ("_random_pdf_dirichlet", "random_pdf_dirichlet"):
    for attrs in ({}, {"is_log": True}):
        add(op, [SIMPLEX, arr(3, **POSITIVE)], attrs)
        add(op, [SIMPLEX, arr(2, 3, **POSITIVE)], attrs)
        add(op, [lit([0.2, 0.8]), arr(2, **POSITIVE)], attrs)
        add(op, [lit([[[0.2, 0.8], [0.4, 0.6]], [[0.5, 0.5], [0.9, 0.1]]]), arr(2, 2, **POSITIVE)], attrs)
        add(op, [lit([[0.2, 0.8]], "float64"), arr(2, dtype="float64", **POSITIVE)], attrs, **SINGLE)
error(op, [SIMPLEX, arr(2, **POSITIVE)])
error(op, [SIMPLEX, arr(1, 3, **POSITIVE)])
error(op, [ints(2, 3), ints(3)])
error(op, [SIMPLEX, arr(3, dtype="float64", **POSITIVE)])
