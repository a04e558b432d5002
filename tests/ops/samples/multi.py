"""Operators on several weights at once, what LARS needs, and what mixed precision asks of several arrays."""

from __future__ import annotations

from typing import Any

from .core import Array, Family, arr, ints, lit

family = Family("multi")
add, error = family.add, family.error

SHAPES: dict[int, tuple[tuple[int, ...], ...]] = {1: ((3,),), 2: ((2, 3), (4,)), 3: ((2,), (1, 2), (3,))}
LRS, WDS, ETAS = (0.1, 0.02, 0.3), (0.01, 0.0, 0.1), (1.0, 0.5, 0.2)


def weights(count: int, names: str, dtype: str) -> list[Array]:
    """The inputs of ``count`` weights; names: w(eight), g(radient), m(omentum or mean), v(ariance), c(opy)."""
    state = "float32" if "c" in names else dtype
    inputs = []
    for shape in SHAPES[count]:
        for name in names:
            low = {"v": 0.1}.get(name, -2)
            inputs.append(arr(*shape, low=low, high=2, dtype=dtype if name in "wg" else state))
    return inputs


def written(count: int, names: str) -> dict[str, Any]:
    """MXNet wants ``out``; the states are all that come after weight and gradient."""
    places = range(count * len(names))
    return {
        "grad": (),
        "states": tuple(i for i in places if i % len(names) > 1),
        "into": tuple(i for i in places if i % len(names) == 0),
    }


def wrong(op: str, inputs: list[Array], attrs: dict[str, Any], count: str) -> None:
    """Errors that all these operators know; the inputs are those of two weights."""
    error(op, inputs, {**attrs, count: 1})
    error(op, inputs, {**attrs, count: 3})
    error(op, inputs[:-1], {**attrs, count: 2})
    error(op, [inputs[0], arr(7, dtype=inputs[0].dtype), *inputs[2:]], {**attrs, count: 2})
    error(op, [ints(3, 2)] * len(inputs), {**attrs, count: 2})
    for name in attrs:
        error(op, inputs, {**{k: v for k, v in attrs.items() if k != name}, count: 2})
        error(op, inputs, {**attrs, name: attrs[name][:1], count: 2})


# ---- SGD -------------------------------------------------------------------------------------------------------------

for name, parts in (("sgd", "wg"), ("sgd_mom", "wgm"), ("mp_sgd", "wgc"), ("mp_sgd_mom", "wgmc")):
    op, preloaded = f"multi_{name}_update", f"preloaded_multi_{name}_update"
    own = {"momentum": 0.9} if "m" in parts else {}
    usual = "float16" if "c" in parts else "float32"
    for count, dtype, attrs in (
        (1, usual, {}),
        (2, usual, {"rescale_grad": 0.5, **own}),
        (2, usual, {"clip_gradient": 0.3, **own}),
        (3, usual, {"rescale_grad": 2.0, "clip_gradient": 1.0, **own}),
        (2, "float16", own),
    ):
        rates = {"lrs": LRS[:count], "wds": WDS[:count]}
        inputs = weights(count, parts, dtype)
        add(op, inputs, {**rates, **attrs, "num_weights": count}, **written(count, parts))
        loaded = [*inputs, lit(list(LRS[:count])), lit(list(WDS[:count]))]
        add(preloaded, loaded, {**attrs, "num_weights": count}, **written(count, parts))
    if "c" not in parts:
        inputs, how = weights(2, parts, "float64"), written(2, parts)
        add(
            op,
            inputs,
            {"lrs": LRS[:2], "wds": WDS[:2], "num_weights": 2, **own},
            **how,
            rtol=3e-6,
            atol=1e-7,
            why="float32 lrs",
        )
    wrong(op, weights(2, parts, usual), {"lrs": LRS[:2], "wds": WDS[:2]}, "num_weights")
    loaded = [*weights(2, parts, usual), lit([0.1, 0.2]), lit([0.0, 0.1])]
    wrong(preloaded, loaded, {}, "num_weights")
    error(preloaded, [*loaded[:-1], lit([0.1])], {"num_weights": 2})
    error(op, weights(1, parts, usual), {"lrs": ("fast",), "wds": (0.0,), "num_weights": 1})


# ---- AdamW and LAMB --------------------------------------------------------------------------------------------------

for op, parts in (("_multi_adamw_update", "wgmv"), ("_multi_mp_adamw_update", "wgmvc")):
    usual = "float16" if "c" in parts else "float32"
    for count, scale, attrs in (
        (1, [1.0], {}),
        (2, [0.5], {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3}),
        (3, [2.0], {"clip_gradient": 0.3}),
        (2, [0.0], {}),
        (2, [float("nan")], {}),
        (1, [float("inf")], {}),
    ):
        rates = {"lrs": LRS[:count], "wds": WDS[:count], "etas": ETAS[:count]}
        inputs = [*weights(count, parts, usual), lit(scale)]
        add(op, inputs, {**rates, **attrs, "num_weights": count}, **written(count, parts))
    rates = {"lrs": LRS[:2], "wds": WDS[:2], "etas": ETAS[:2]}
    wrong(op, [*weights(2, parts, usual), lit([1.0])], rates, "num_weights")

for op, parts in (("_multi_lamb_update", "wgmv"), ("_multi_mp_lamb_update", "wgmvc")):
    usual = "float16" if "c" in parts else "float32"
    for count, attrs in (
        (1, {}),
        (2, {"beta1": 0.8, "beta2": 0.9, "epsilon": 1e-3, "rescale_grad": 0.5}),
        (3, {"clip_gradient": 0.3, "lower_bound": 0.5, "upper_bound": 1.5}),
        (2, {"bias_correction": False}),
        (2, {"lower_bound": 10.0}),
        (2, {"upper_bound": 0.1}),
    ):
        rates = {"learning_rates": LRS[:count], "wds": WDS[:count], "step_count": (1, 5, 3)[:count]}
        how = written(count, parts)
        if "c" in parts:
            how |= {"rtol": 1e-3, "atol": 1e-4, "why": "MXNet squares half-precision weights in float16"}
        add(op, weights(count, parts, usual), {**rates, **attrs, "num_tensors": count}, **how)
    rates = {"learning_rates": LRS[:2], "wds": WDS[:2], "step_count": (1, 2)}
    wrong(op, weights(2, parts, usual), rates, "num_tensors")
    error(op, weights(2, parts, usual), {**rates, "step_count": (1.5, 2), "num_tensors": 2})


# ---- LARS ------------------------------------------------------------------------------------------------------------

add("multi_sum_sq", [arr(2, 3), arr(4)], {"num_arrays": 2}, grad=())
add("multi_sum_sq", [arr(1)], {"num_arrays": 1}, grad=())
add(
    "multi_sum_sq", [arr(3, dtype="float16"), arr(2, 2, dtype="float16")], {"num_arrays": 2},
    grad=(), rtol=1e-3, why="MXNet squares in float16",
)  # fmt: skip
add("multi_sum_sq", [arr(3, dtype="float64"), arr(1, dtype="float64")], {"num_arrays": 2}, grad=())
error("multi_sum_sq", [arr(2), arr(3)])
error("multi_sum_sq", [arr(2), arr(3)], {"num_arrays": 1})
error("multi_sum_sq", [arr(2), arr(3)], {"num_arrays": 3})
error("multi_sum_sq", [arr(2), arr(3, dtype="float64")], {"num_arrays": 2})
error("multi_sum_sq", [ints(2)], {"num_arrays": 1})

NORMS = [lit([0.1, 0.2, 0.3, 0.4]), lit([4.0, 0.0, 9.0, 0.25]), lit([1.0, 1.0, 0.0, 16.0]), lit([0.1, 0.1, 0.1, 0.0])]
for attrs in ({"eta": 0.5, "eps": 1e-3}, {"eta": 0.001, "eps": 1e-8, "rescale_grad": 0.25}):
    add("multi_lars", NORMS, attrs, grad=(), deduced=(1, 2, 3))
    add("multi_lars", [arr(2, 2, low=0.1, high=1)] * 4, attrs, grad=())
error("multi_lars", NORMS)
error("multi_lars", NORMS, {"eta": 0.5})
error("multi_lars", NORMS, {"eps": 0.5})
error("multi_lars", [*NORMS[:3], lit([0.1, 0.2])], {"eta": 0.5, "eps": 1e-3})
error("multi_lars", [arr(2, dtype="float64")] * 4, {"eta": 0.5, "eps": 1e-3})
error("multi_lars", NORMS[:3], {"eta": 0.5, "eps": 1e-3})


# ---- mixed precision -------------------------------------------------------------------------------------------------

INF, NAN = float("inf"), float("nan")
for values in ([1.0, -2.0], [1.0, INF], [-INF, 0.0], [NAN, 1.0]):
    for dtype in ("float16", "float32", "float64"):
        add("all_finite", lit(values, dtype), {}, grad=())
    add("multi_all_finite", [arr(2, 2), lit(values)], {"num_arrays": 2}, grad=())
add("all_finite", arr(2, 3), {"init_output": True}, grad=())
add("multi_all_finite", [arr(3)], {}, grad=())
add("multi_all_finite", [arr(3), arr(1), arr(2)], {"num_arrays": 3, "init_output": True}, grad=())
error("all_finite", ints(3))
error("multi_all_finite", [arr(3), arr(2)])
error("multi_all_finite", [arr(3), arr(2)], {"num_arrays": 3})
error("multi_all_finite", [ints(3)], {"num_arrays": 1})

# Different dtypes: MXNet's CPU kernels fail on them unless MKLDNN is switched off; see test_multi.py.
add("amp_multicast", [arr(2, 3), arr(4)], {"num_outputs": 2})
add("amp_multicast", [arr(2)], {"num_outputs": 1})
add("amp_multicast", [arr(2), ints(3)], {"num_outputs": 2}, heads=1, grad=(0,))
add("amp_multicast", [ints(2), ints(3)], {"num_outputs": 2, "cast_narrow": True})
error("amp_multicast", [arr(2), arr(3)])
error("amp_multicast", [arr(2), arr(3)], {"num_outputs": 1})
error("amp_multicast", [arr(2), arr(3)], {"num_outputs": 3})
