"""The base class: what an initializer does with a parameter depends on the end of the parameter's name.

So ``Xavier()`` for a whole network fills weights by Xavier's rule and biases with zeros: `_BY_SUFFIX` is the table. A
parameter with an initializer of its own, in ``InitDesc.attrs["__init__"]``, is filled by that one whatever its name.
A new initializer defines ``_init_weight(name, arr)``, writes into ``arr``, and is decorated with ``@register``:

    @mx.init.register
    class Halves(mx.init.Initializer):
        def _init_weight(self, name, arr):
            arr[:] = 0.5
"""

from __future__ import annotations

import json
import logging
import math
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ndarray, random, registry
from ..ndarray import NDArray

# End of the name -> method. No name ends in two of them.
_BY_SUFFIX = {
    "weight": "_init_weight",
    "bias": "_init_bias",
    "gamma": "_init_gamma",
    "beta": "_init_beta",
    "min": "_init_zero",
    "max": "_init_one",
    "weight_quantize": "_init_quantized_weight",
    "bias_quantize": "_init_quantized_bias",
}

# The same for initializers that are called with a plain string, as programs older than Gluon do: the first that fits.
_BY_PLAIN_NAME = (
    (re.compile("upsampling"), "_init_bilinear"),
    (re.compile("stn_loc.*weight$"), "_init_zero"),
    (re.compile("stn_loc.*bias$"), "_init_loc_bias"),
    (re.compile(".*bias$"), "_init_bias"),
    (re.compile(".*gamma$"), "_init_gamma"),
    (re.compile(".*beta$"), "_init_beta"),
    (re.compile(".*weight$"), "_init_weight"),
    (re.compile(".*(moving_mean|moving_inv_var|moving_avg|min)$"), "_init_zero"),
    (re.compile(".*(moving_var|max)$"), "_init_one"),
)


class InitDesc(str):
    """A parameter's name, with its attributes and the initializer of the whole network.

    ``attrs["__init__"]``, where given, is the parameter's own initializer: an Initializer, a registered name, or what
    ``Initializer.dumps`` returned.
    """

    attrs: dict[str, Any]
    global_init: Initializer | None

    def __new__(cls, name: str, attrs: dict[str, Any] | None = None, global_init: Any = None) -> InitDesc:
        self = super().__new__(cls, name)
        self.attrs = attrs or {}
        self.global_init = global_init
        return self


class Initializer:
    """Base class. Keyword arguments are what ``dumps`` writes and ``==`` compares.

    Calling it with ``(InitDesc, NDArray)`` fills the array in place. ValueError when the name says nothing about how.
    """

    def __init__(self, **kwargs: Any) -> None:
        self._kwargs = kwargs
        self._verbose = False
        self._print_func: Callable[[NDArray], object] | None = None

    def set_verbosity(
        self, verbose: bool = False, print_func: Callable[[NDArray], object] | None = None
    ) -> Initializer:
        """Log every array that is filled, as ``print_func(arr)`` sees it: its root mean square by default."""
        self._verbose = verbose
        self._print_func = print_func or _root_mean_square
        return self

    def _verbose_print(self, desc: str, init: object, arr: NDArray) -> None:
        if self._verbose and self._print_func:
            logging.info("Initialized %s as %s: %s", desc, init, self._print_func(arr))

    def dumps(self) -> str:
        """JSON that ``create`` turns into an equal initializer: ``'["uniform", {"scale": 0.07}]'``."""
        return json.dumps([type(self).__name__.lower(), self._kwargs])

    def __call__(self, desc: str, arr: NDArray) -> None:
        if not isinstance(desc, InitDesc):
            self._legacy_init(desc, arr)
            return
        if desc.global_init is None:
            desc.global_init = self
        own = desc.attrs.get("__init__")
        if own:
            create(own)._init_weight(desc, arr)
            self._verbose_print(desc, own, arr)
            return
        for suffix, method in _BY_SUFFIX.items():
            if desc.endswith(suffix):
                getattr(self, method)(desc, arr)
                self._verbose_print(desc, suffix, arr)
                return
        self._init_default(desc, arr)

    def _legacy_init(self, name: str, arr: NDArray) -> None:
        warnings.warn(
            "Calling initializer with init(str, NDArray) has been deprecated. "
            "Please use init(mx.init.InitDesc(...), NDArray) instead.",
            DeprecationWarning,
            stacklevel=3,
        )
        if not isinstance(name, str):
            raise TypeError(f"name must be string, got {type(name).__name__}.")
        if not isinstance(arr, NDArray):
            raise TypeError(f"arr must be NDArray, got {type(arr).__name__}.")
        for pattern, method in _BY_PLAIN_NAME:
            if pattern.match(name):
                getattr(self, method)(name, arr)
                return
        self._init_default(name, arr)

    def _init_weight(self, name: str, arr: NDArray) -> None:
        raise NotImplementedError(f"{type(self).__name__} must override _init_weight(name, arr).")

    def _init_zero(self, _: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_one(self, _: str, arr: NDArray) -> None:
        arr[:] = 1.0

    # Methods of their own, not _init_zero and _init_one under more names: subclasses override them one by one.
    def _init_bias(self, _: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_beta(self, _: str, arr: NDArray) -> None:
        arr[:] = 0.0

    def _init_gamma(self, _: str, arr: NDArray) -> None:
        arr[:] = 1.0

    def _init_quantized_bias(self, _: str, arr: NDArray) -> None:
        arr[:] = 0

    def _init_quantized_weight(self, _: str, arr: NDArray) -> None:
        arr[:] = random.randint(-127, 127, shape=arr.shape, ctx=arr.context).astype(arr.dtype)

    def _init_bilinear(self, _: str, arr: NDArray) -> None:
        """arr: (out, in, height, width), the weights of an upsampling convolution: bilinear interpolation in each."""
        if arr.ndim != 4:
            raise ValueError(
                f"A bilinear kernel has 4 axes (out, in, height, width), this array's shape is {arr.shape}."
            )
        factor = math.ceil(arr.shape[3] / 2.0)
        centre = (2 * factor - 1 - factor % 2) / (2.0 * factor)
        column, row = (1 - np.abs(np.arange(n) / factor - centre) for n in arr.shape[2:])
        arr[:] = np.broadcast_to(np.outer(column, row).astype("float32"), arr.shape)

    def _init_loc_bias(self, _: str, arr: NDArray) -> None:
        """arr: (6,), the bias of a spatial transformer's last layer: the identity as an affine transformation."""
        if arr.shape[0] != 6:
            raise AssertionError(f"The bias of an affine localization network has 6 elements, got shape {arr.shape}.")
        arr[:] = np.array([1.0, 0.0, 0.0, 0.0, 1.0, 0.0], dtype="float32")

    def _init_default(self, name: str, _: NDArray) -> None:
        name = str(name)
        raise ValueError(
            f"Unknown initialization pattern for {name}: {type(self).__name__} goes by the end of the name, which is "
            f"none of {', '.join(_BY_SUFFIX)}. Give this parameter an initializer of its own, as in "
            f"Parameter({name!r}, init=mx.init.Normal()) or mx.sym.Variable({name!r}, init=mx.init.Normal())."
        )

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Initializer) and type(self) is type(other) and self._kwargs == other._kwargs


_register = registry.get_register_func(Initializer, "initializer")
alias = registry.get_alias_func(Initializer, "initializer")
create = registry.get_create_func(Initializer, "initializer")


def register(klass: registry.Class) -> registry.Class:
    """Decorator: let ``create``, and ``init="..."`` of a Parameter, know this initializer by its class name."""
    return _register(klass)


def _root_mean_square(arr: NDArray) -> str:
    norm: Any = ndarray.norm(arr)
    return str((norm / math.sqrt(arr.size)).asscalar())
