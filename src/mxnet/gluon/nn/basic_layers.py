"""Containers, the fully connected layer, and other layers without a spatial structure; also all that is in
`norm_layers`.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from typing import Any

from ... import initializer, ndarray, symbol
from ...base import MXNetError, numeric_types
from ..block import Block, HybridBlock
from ..parameter import ParameterDict
from . import norm_layers
from .activations import optional
from .norm_layers import *  # noqa: F403
from .space import check_counts

__all__ = [
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "HybridLambda",
    "HybridSequential",
    "Lambda",
    "Sequential",
]
__all__ += norm_layers.__all__

_Init = initializer.Initializer | str | None


class _Stacked(Block):
    """What Sequential and HybridSequential share: blocks one after the other, as in a list."""

    _is_container = True

    def add(self, *blocks: Block) -> None:
        """Add blocks at the end."""
        for block in blocks:
            self.register_child(block)

    def __repr__(self) -> str:
        return self._describe(self._children)

    def __getitem__(self, key: int | slice) -> Any:
        """A block, or a container of the same kind with some of them. IndexError beyond the end."""
        blocks = list(self._children.values())[key]
        if not isinstance(blocks, list):
            return blocks
        part = self._part()
        part.add(*blocks)
        return part

    def _part(self) -> Any:
        """An empty container of the same kind."""
        return type(self)(prefix=self._prefix)

    def __len__(self) -> int:
        return len(self._children)

    def __iter__(self) -> Iterator[Block]:
        return iter(self._children.values())


class Sequential(_Stacked):
    """Blocks that run one after the other::

    net = nn.Sequential()
    net.add(nn.Dense(256, activation="relu"), nn.Dense(10))
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)

    def forward(self, x: Any) -> Any:
        for block in self._children.values():
            x = block(x)
        return x

    def hybridize(self, active: bool = True, **kwargs: Any) -> None:
        """Hybridize the HybridBlocks inside. UserWarning when all are, because HybridSequential would suit better."""
        if self._children and all(isinstance(block, HybridBlock) for block in self._children.values()):
            warnings.warn(
                f"All children of this Sequential layer '{self.prefix}' are HybridBlocks. Consider using "
                "HybridSequential for the best performance.",
                stacklevel=2,
            )
        super().hybridize(active, **kwargs)


class HybridSequential(_Stacked, HybridBlock):
    """HybridBlocks that run one after the other, as one graph when hybridized. ValueError when another block is
    added.
    """

    def __init__(self, prefix: str | None = None, params: ParameterDict | None = None) -> None:
        super().__init__(prefix, params)

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        for block in self._children.values():
            x = block(x)
        return x


class Dense(HybridBlock):
    r"""Fully connected layer: :math:`y = \phi(x W^\top + b)`.

    x: (N, ..., in_units) · W: (units, in_units) · b: (units,) · y: (N, units), or (N, ..., units) with
    ``flatten=False``.

    Parameters
    ----------
    units : int
        Width of the output.
    activation : str, optional
        :math:`\phi`, as for `Activation`; none by default.
    use_bias : bool
        Whether there is a b.
    flatten : bool
        Whether all axes of x but the first are made one.
    dtype : str or numpy dtype
        Of W and b; x must have it.
    weight_initializer, bias_initializer : Initializer or str, optional
        Own initializers; None for that of ``initialize()``.
    in_units : int
        Width of the input; 0 for that of the first batch.
    """

    def __init__(
        self,
        units: int,
        activation: str | None = None,
        use_bias: bool = True,
        flatten: bool = True,
        dtype: Any = "float32",
        weight_initializer: _Init = None,
        bias_initializer: _Init = "zeros",
        in_units: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_counts(self, units=units, in_units=in_units)
        self._units, self._in_units, self._flatten = units, in_units, flatten
        with self.name_scope():
            self.weight = self.params.get(
                "weight", shape=(units, in_units), dtype=dtype, init=weight_initializer, allow_deferred_init=True
            )
            self.bias = (
                self.params.get("bias", shape=(units,), dtype=dtype, init=bias_initializer, allow_deferred_init=True)
                if use_bias
                else None
            )
            self.act = optional(activation)

    def __repr__(self) -> str:
        units, in_units = self.weight.shape
        return f"{type(self).__name__}({in_units or None} -> {units}, {self.act or 'linear'})"

    def hybrid_forward(self, F: Any, x: Any, weight: Any, bias: Any = None) -> Any:
        y = F.FullyConnected(
            x, weight, bias, num_hidden=self._units, no_bias=bias is None, flatten=self._flatten, name="fwd"
        )
        return y if self.act is None else self.act(y)


class Dropout(HybridBlock):
    """In training, sets elements to 0 with probability ``rate`` and scales the others by 1 / (1 - rate); else y = x.

    (Srivastava et al., 2014, Journal of Machine Learning Research 15.)

    Parameters
    ----------
    rate : float
        Between 0 and 1.
    axes : tuple of int
        Axes along which all elements are dropped or kept together; None for none.
    """

    def __init__(self, rate: float, axes: tuple[int, ...] | None = (), **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if not isinstance(rate, numeric_types):
            raise TypeError(f"{type(self).__name__} {self.name}: rate must be a number, but is {rate!r}.")
        if not 0 <= rate <= 1:
            raise MXNetError(f"{type(self).__name__} {self.name}: rate is a probability, but is {rate!r}.")
        self._rate, self._axes = rate, () if axes is None else axes

    def __repr__(self) -> str:
        return f"{type(self).__name__}(p = {self._rate}, axes={self._axes})"

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        if self._rate == 0:
            return F.identity(x)
        return F.Dropout(x, p=self._rate, axes=self._axes, name="fwd", cudnn_off=False)


class Embedding(HybridBlock):
    """A table of vectors that indices look up: y = W[x].

    x: any shape, of indices in [0, input_dim) · W: (input_dim, output_dim) · y: x's shape + (output_dim,).

    Parameters
    ----------
    input_dim, output_dim : int
        Number of vectors and their size.
    dtype : str or numpy dtype
        Of W and y.
    weight_initializer : Initializer or str, optional
        Own initializer; None for that of ``initialize()``.
    sparse_grad : bool
        Whether the gradient of W is a row-sparse array of the rows in x.
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        dtype: Any = "float32",
        weight_initializer: _Init = None,
        sparse_grad: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        check_counts(self, input_dim=input_dim, output_dim=output_dim)
        self._kwargs = dict(input_dim=input_dim, output_dim=output_dim, dtype=dtype, sparse_grad=sparse_grad)
        with self.name_scope():
            self.weight = self.params.get(
                "weight",
                shape=(input_dim, output_dim),
                init=weight_initializer,
                dtype=dtype,
                allow_deferred_init=True,
                grad_stype="row_sparse" if sparse_grad else "default",
            )

    def __repr__(self) -> str:
        return "{}({input_dim} -> {output_dim}, {dtype})".format(type(self).__name__, **self._kwargs)

    def hybrid_forward(self, F: Any, x: Any, weight: Any) -> Any:
        return F.Embedding(x, weight, name="fwd", **self._kwargs)


class Flatten(HybridBlock):
    """All axes but the first made one: (N, a, b, ...) becomes (N, a * b * ...)."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def __repr__(self) -> str:
        return type(self).__name__

    def hybrid_forward(self, F: Any, x: Any) -> Any:
        return F.Flatten(x)


class Lambda(Block):
    """A function as a block.

    Parameters
    ----------
    function : str or callable
        A function of arrays, or the name of one in mx.nd. AssertionError for an unknown name, ValueError for neither.
    """

    def __init__(self, function: str | Callable, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            if not hasattr(ndarray, function):
                raise AssertionError(f"Function name {function} is not found in ndarray.")
            self._func_impl = getattr(ndarray, function)
        else:
            self._func_impl = _callable(function)
        self._func_name = _name(function)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"

    def forward(self, *args: Any) -> Any:
        return self._func_impl(*args)


class HybridLambda(HybridBlock):
    """A function as a HybridBlock.

    Parameters
    ----------
    function : str or callable
        A function of ``F`` (mx.nd or mx.sym) and arrays, or the name of one in both. AssertionError for an unknown
        name, ValueError for neither.
    """

    def __init__(self, function: str | Callable, prefix: str | None = None) -> None:
        super().__init__(prefix=prefix)
        if isinstance(function, str):
            if not (hasattr(ndarray, function) and hasattr(symbol, function)):
                raise AssertionError(f"Function name {function} is not found in symbol/ndarray.")
            self._func = lambda F, *args: getattr(F, function)(*args)
        else:
            self._func = _callable(function)
        self._func_name = _name(function)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self._func_name})"

    def hybrid_forward(self, F: Any, x: Any, *args: Any) -> Any:
        return self._func(F, x, *args)


def _callable(function: Any) -> Callable:
    if not callable(function):
        raise ValueError(f"Unrecognized function in lambda: {function} of type {type(function)}")
    return function


def _name(function: str | Callable) -> str:
    return function if isinstance(function, str) else getattr(function, "__name__", type(function).__name__)
