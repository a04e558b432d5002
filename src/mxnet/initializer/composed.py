"""What chooses between initializers: by the parameter's name, or by what a file holds."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Sequence

from ..ndarray import NDArray, load


class Mixed:
    """Several initializers, chosen by the first regular expression that matches the start of the parameter's name."""

    def __init__(self, patterns: Sequence[str], initializers: Sequence[Callable[..., None]]) -> None:
        if len(patterns) != len(initializers):
            raise AssertionError(f"Mixed: {len(patterns)} patterns, but {len(initializers)} initializers.")
        self.map = [(re.compile(pattern), init) for pattern, init in zip(patterns, initializers, strict=True)]

    def __call__(self, name: str, arr: NDArray) -> None:
        for pattern, init in self.map:
            if pattern.match(name):
                init(name, arr)
                return
        raise ValueError(
            f"Parameter name {name} did not match any pattern. Consider adding a '.*' pattern at the end "
            f"with default Initializer. Patterns: {', '.join(pattern.pattern for pattern, _ in self.map)}."
        )


class Load:
    """Values from a saved or given dict of arrays; ``default_init`` fills what the dict lacks.

    param: a file that ``nd.save`` wrote, or a dict of NDArrays; "arg:" and "aux:" before names are dropped. verbose:
    log where each parameter's values came from. AssertionError for a wrong shape, and for a name that the dict lacks
    where there is no default_init.
    """

    def __init__(
        self,
        param: str | dict[str, NDArray],
        default_init: Callable[..., None] | None = None,
        verbose: bool = False,
    ) -> None:
        arrays = load(param) if isinstance(param, str) else param
        if not isinstance(arrays, dict):
            raise AssertionError(f"Load needs a dict of arrays by name, {param!r} gives a {type(arrays).__name__}.")
        self.param = {name[4:] if name.startswith(("arg:", "aux:")) else name: a for name, a in arrays.items()}
        self.default_init = default_init
        self.verbose = verbose

    def __call__(self, name: str, arr: NDArray) -> None:
        value = self.param.get(name)
        if value is not None:
            if arr.shape != value.shape:
                raise AssertionError(
                    f"Parameter {name} cannot be initialized from loading. "
                    f"Shape mismatch, target {arr.shape} vs loaded {value.shape}"
                )
            arr[:] = value
        elif self.default_init is not None:
            self.default_init(name, arr)
        else:
            raise AssertionError(
                f"Cannot Initialize {name}. Not found in loaded param and no default Initializer is provided."
            )
        if self.verbose:
            logging.info("Initialized %s by %s", name, "default" if value is None else "loading")
