"""Devices: ``cpu(0)`` and ``cpu(1)`` are different devices logically, ``gpu(i)`` is CUDA device i."""

from __future__ import annotations

import operator
import re
import threading
import warnings
from functools import lru_cache
from typing import ClassVar

import torch

from .base import MXNetError

__all__ = ["Context", "cpu", "cpu_pinned", "current_context", "gpu", "gpu_memory_info", "num_gpus"]


class _ContextType(type):
    @property
    def default_ctx(cls) -> Context:
        """MXNet's old name for ``current_context()``."""
        warnings.warn("Context.default_ctx is deprecated: call mx.current_context().", DeprecationWarning, stacklevel=2)
        return current_context()


class Context(metaclass=_ContextType):
    """A device that arrays live on; as a ``with`` block, the default device inside it.

    Parameters
    ----------
    device_type : str or Context
        'cpu', 'gpu', 'cpu_pinned' or 'cpu_shared'.
    device_id : int
        Number of the device among those of its type. CPU devices of any number exist: they share memory and cores
        and differ only logically, which lets code for several devices run on one CPU.
    """

    devtype2str: ClassVar[dict[int, str]] = {1: "cpu", 2: "gpu", 3: "cpu_pinned", 5: "cpu_shared"}
    devstr2type: ClassVar[dict[str, int]] = {"cpu": 1, "gpu": 2, "cpu_pinned": 3, "cpu_shared": 5}
    _default_ctx: ClassVar[threading.local] = threading.local()
    _interned: ClassVar[dict[tuple[str, int], Context]] = {}

    __slots__ = ("__weakref__", "_torch", "device_id", "device_typeid")

    def __init__(self, device_type: str | Context, device_id: int = 0) -> None:
        if isinstance(device_type, Context):
            device_type, device_id = device_type.device_type, device_type.device_id
        if device_type not in self.devstr2type:
            raise KeyError(f"there is no device type {device_type!r}; expected one of {', '.join(self.devstr2type)}")
        self.device_typeid = self.devstr2type[device_type]
        self.device_id = operator.index(device_id)
        self._torch: torch.device | None = None

    @property
    def device_type(self) -> str:
        return self.devtype2str[self.device_typeid]

    @property
    def torch_device(self) -> torch.device:
        """The torch device that holds this context's arrays. Raises MXNetError for a GPU that is not there."""
        if self._torch is None:
            if self.device_typeid == 2:
                check_gpu(self)
                self._torch = torch.device("cuda", self.device_id)
            else:
                self._torch = torch.device("cpu")
        return self._torch

    def canonical(self) -> Context:
        """The one object that stands for this device, so that arrays can compare contexts with ``is``."""
        return self._interned.setdefault((self.device_type, self.device_id), self)

    def empty_cache(self) -> None:
        """Give memory that is cached but unused back to the device."""
        if self.device_typeid == 2:
            check_gpu(self)
            torch.cuda.empty_cache()

    def __eq__(self, other: object) -> bool:
        return self is other or (
            isinstance(other, Context)
            and self.device_typeid == other.device_typeid
            and self.device_id == other.device_id
        )

    def __hash__(self) -> int:
        return hash((self.device_typeid, self.device_id))

    def __repr__(self) -> str:
        return f"{self.device_type}({self.device_id})"

    def __reduce__(self) -> tuple:
        return Context, (self.device_type, self.device_id)

    def __enter__(self) -> Context:
        local = self._default_ctx
        local.outer = (getattr(local, "value", None), getattr(local, "outer", None))  # a linked stack of the thread
        local.value = self.canonical()
        return self

    def __exit__(self, *exc_info: object) -> None:
        local = self._default_ctx
        local.value, local.outer = local.outer


def check_gpu(ctx: Context) -> None:
    """Raise MXNetError unless the CUDA device behind ``ctx`` exists."""
    found = num_gpus()
    if ctx.device_id < found:
        return
    reason = f"this machine has {found} CUDA device{'s' * (found != 1)}" if found else "no CUDA device was found"
    if not torch.backends.cuda.is_built():
        reason += f" (torch {torch.__version__} is a build without CUDA)"
    raise MXNetError(f"GPU support: {ctx} asked for, but {reason}. Use mx.cpu(), or install a CUDA build of torch.")


def cpu(device_id: int = 0) -> Context:
    """The CPU, as logical device ``device_id``."""
    return Context("cpu", device_id).canonical()


def cpu_pinned(device_id: int = 0) -> Context:
    """CPU memory that a GPU can copy from directly."""
    return Context("cpu_pinned", device_id).canonical()


def gpu(device_id: int = 0) -> Context:
    """CUDA device ``device_id``. Naming a device that is not there is no error; putting an array on it is."""
    return Context("gpu", device_id).canonical()


def num_gpus() -> int:
    """How many CUDA devices this process sees."""
    return torch.cuda.device_count()


def gpu_memory_info(device_id: int = 0) -> tuple[int, int]:
    """(free, total) memory of a CUDA device in bytes. Raises MXNetError where there is none."""
    check_gpu(gpu(device_id))
    return torch.cuda.mem_get_info(device_id)


def compute_capability(ctx: Context) -> int:
    """Ten times the compute capability of a CUDA device, 90 for 9.0. Raises MXNetError where there is none."""
    check_gpu(ctx)
    major, minor = torch.cuda.get_device_capability(ctx.device_id)
    return 10 * major + minor


def current_context() -> Context:
    """The innermost ``with ctx:`` of this thread, ``cpu(0)`` outside of any."""
    return getattr(Context._default_ctx, "value", None) or _CPU0


_CPU0 = cpu(0)


def restored(device_type: int, device_id: int) -> Context:
    """Where an array from a file goes: back to its GPU if this machine has it, else to ``cpu(0)``."""
    on_gpu = Context.devtype2str.get(device_type) == "gpu" and device_id < num_gpus()
    return gpu(device_id) if on_gpu else _CPU0


@lru_cache
def _named(text: str) -> Context | None:
    match = re.fullmatch(r"(\w+)(?:\((\d+)\))?", text)
    kind, number = match.groups("0") if match else ("", "0")
    return Context(kind, int(number)).canonical() if kind in Context.devstr2type else None


def resolve(ctx: Context | str | None) -> Context:
    """The canonical context for what users pass as ``ctx``: a Context, its printed form ('gpu(1)'), or None (current).

    Raises MXNetError for anything else.
    """
    if ctx is None:
        return current_context()
    if isinstance(ctx, Context):
        return ctx.canonical()
    if isinstance(ctx, str) and (named := _named(ctx)):
        return named
    raise MXNetError(f"ctx must be a Context such as mx.cpu() or mx.gpu(0), but got {ctx!r}.")
