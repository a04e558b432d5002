"""Edges and wrong calls of operators whose families have none: see test_registry.py, which wants them for all."""

from __future__ import annotations

from .core import Family, arr, ints, lit

family = Family("more")
add, error = family.add, family.error

add("SoftmaxActivation", arr(1, 3))
error("SoftmaxActivation", arr(2, 3), {"mode": "spatial"})
error("SoftmaxActivation", ints(2, 3))

# A single channel, in prediction.
for op, attrs, checks in (
    ("contrib.SyncBatchNorm", {"key": "one"}, {"deduced": (1, 2, 3, 4)}),
    ("contrib.BatchNormWithReLU", {}, {"deduced": (1, 2, 3, 4), "golden_gradient": False}),  # not reproducible there
    ("BatchNorm_v1", {}, {}),
):
    one, some = arr(1, low=0.5, high=2), arr(1, low=-0.5, high=0.5)
    loose = {"rtol": 5e-5, "atol": 5e-6, "why": "float32 variance: MXNet sums squares in another order"}
    add(op, [arr(3, 1, 2, 1), one, some, some, one], attrs, states=(3, 4), heads=1, **loose, **checks)
share = {"low": 0.1, "high": 0.9}
add("IdentityAttachKLSparseReg", [arr(3, 1, **share), arr(1, **share)], states=(1,), true_gradient=False)

# The parameters of a distribution have one shape.
for op in ("uniform", "normal", "gamma", "negative_binomial", "generalized_negative_binomial"):
    error(f"_sample_{op}", [lit([0.5, 0.5]), lit([0.5, 0.5, 0.5])])
    error(f"_sample_{op}", lit([0.5, 0.5]))
for op in ("exponential", "poisson"):
    error(f"_sample_{op}", lit([0.5, 0.5]), {"shape": "wide"})
    error(f"_sample_{op}", lit([0.5, 0.5]), {"dtype": "int32"})
error("_sample_multinomial", lit([[0.5, 0.5]]), {"shape": "wide"})
error("_sample_multinomial", lit([[0.5, 0.5]]), {"dtype": "int8"})

error("contrib.index_array", arr(2, 3), {"axes": "rows"})
error("contrib.gradientmultiplier", arr(2, 3), {"scalar": "two"})
pooled = [arr(1, 8, 4, 4), lit([[0.0, 0.0, 0.0, 2.0, 2.0]])]
error("contrib.PSROIPooling", pooled, {"spatial_scale": 1.0, "pooled_size": 2})
error("contrib.PSROIPooling", [arr(1, 8, 4, 4)], {"spatial_scale": 1.0, "pooled_size": 2, "output_dim": 2})
