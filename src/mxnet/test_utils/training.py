"""Two ways of doing one thing: optimizers against each other, blocks hybridized and not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import autograd, random
from .. import ndarray as nd
from ..gluon import Block, HybridBlock
from ..ndarray import NDArray
from ..optimizer import Optimizer
from .comparing import assert_almost_equal, compare_ndarray_tuple
from .process import default_context
from .sparse import rand_ndarray

__all__ = ["check_gluon_hybridize_consistency", "compare_optimizer"]


def compare_optimizer(
    opt1: Optimizer,
    opt2: Optimizer,
    shape: Any,
    dtype: Any,
    w_stype: str = "default",
    g_stype: str = "default",
    rtol: float = 1e-4,
    atol: float = 1e-5,
    compare_states: bool = True,
    ntensors: int = 1,
) -> None:
    """One update by each optimizer, of the same random weights with the same gradients; raises AssertionError where
    states or weights differ.

    The first one gets dense arrays, and all of them at once; the second one arrays of the storage types ``w_stype`` and
    ``g_stype``, one after the other. shape: that of the weight, or a list of shapes for ``ntensors`` > 1.
    """
    shapes = list(shape) if ntensors > 1 else [shape]
    if len(shapes) != ntensors or not all(isinstance(each, (tuple, list)) for each in shapes):
        raise AssertionError(f"ntensors={ntensors} needs a list of so many shapes, got {shape}")
    weights2, grads2 = [_random(s, w_stype, dtype) for s in shapes], [_random(s, g_stype, dtype) for s in shapes]
    weights1, grads1 = ([a.copy().tostype("default") for a in arrays] for arrays in (weights2, grads2))
    states1 = [opt1.create_state_multi_precision(i, weight) for i, weight in enumerate(weights1)]
    states2 = [opt2.create_state_multi_precision(i, weight) for i, weight in enumerate(weights2)]
    if compare_states:
        compare_ndarray_tuple(tuple(states1), tuple(states2))
    if ntensors > 1:
        opt1.update_multi_precision(list(range(ntensors)), weights1, grads1, states1)
    else:
        opt1.update_multi_precision(0, weights1[0], grads1[0], states1[0])
    for i, arrays in enumerate(zip(weights2, grads2, states2, strict=True)):
        opt2.update_multi_precision(i, *arrays)
    if compare_states:
        compare_ndarray_tuple(tuple(states1), tuple(states2), rtol=rtol, atol=atol)
    compare_ndarray_tuple(tuple(weights1), tuple(weights2), rtol=rtol, atol=atol)


def _random(shape: Sequence[int], stype: str, dtype: Any) -> Any:
    if stype == "default":
        return random.uniform(shape=tuple(shape), ctx=default_context(), dtype=dtype)
    if stype in ("row_sparse", "csr"):
        return rand_ndarray(shape, stype, density=1, dtype=dtype)
    raise ValueError(f"type not supported yet: {stype!r}; expected 'default', 'row_sparse' or 'csr'")


def check_gluon_hybridize_consistency(
    net_builder: Callable[..., HybridBlock],
    data_l: Sequence[NDArray],
    numpy_func: Callable[..., np.ndarray] | None = None,
    test_grad: bool = True,
    rtol: float = 1e-4,
    atol: float = 1e-4,
) -> None:
    """Build a block twice, with the same parameters, and compare it imperative and hybridized: outputs, and with
    ``test_grad`` gradients of inputs and parameters. Raises AssertionError where they differ.

    net_builder: takes ``prefix`` and returns the block. numpy_func: computes the output from NumPy arrays, to be
    compared with as well.
    """
    data = [array.copy() for array in data_l]
    imperative, hybrid = (net_builder(prefix="net_") for _ in range(2))
    imperative.initialize()
    imperative(*data)  # shapes of parameters follow
    hybrid.initialize()
    hybrid(*data)
    _copy_parameters(imperative, hybrid)
    hybrid.hybridize()

    if numpy_func is not None:
        expected = numpy_func(*(array.asnumpy() for array in data))
        for net in (imperative, hybrid):
            assert_almost_equal(net(*data).asnumpy(), expected, rtol=rtol, atol=atol, names=("GLUON", "NUMPY"))
    if not test_grad:
        with autograd.predict_mode():
            found = [{"output": net(*data).asnumpy()} for net in (imperative, hybrid)]
    else:
        heads: list[NDArray] = []
        found = [_gradients(net, data, heads) for net in (imperative, hybrid)]
    for name, value in found[0].items():
        assert_almost_equal(found[1][name], value, rtol, atol, names=(f"HYBRID_{name}", f"IMPERATIVE_{name}"))


def _copy_parameters(source: Block, target: Block) -> None:
    ours = target._collect_params_with_prefix()
    for name, parameter in source._collect_params_with_prefix().items():
        ours[name].set_data(parameter.data())


def _gradients(net: Block, data: Sequence[NDArray], heads: list[NDArray]) -> dict[str, np.ndarray]:
    """The output and all gradients, as NumPy's. The first call chooses the gradient of the output."""
    inputs = [array.copy() for array in data]
    for array in inputs:
        array.attach_grad()
    with autograd.record():
        output = net(*inputs)
    if not heads:
        heads.append(nd.array(np.random.normal(size=output.shape), ctx=output.ctx, dtype=output.dtype))
    output.backward(heads[0])
    found = {"output": output.asnumpy()}
    found.update((f"input{i}_grad", array.grad.asnumpy()) for i, array in enumerate(inputs) if array.grad is not None)
    found.update(
        (f"{name}_grad", parameter.grad().asnumpy())
        for name, parameter in net._collect_params_with_prefix().items()
        if parameter.grad_req != "null"
    )
    return found
