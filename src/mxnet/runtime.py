"""``mx.runtime``: what this installation can do."""

from __future__ import annotations

import importlib.util
import platform
from collections import OrderedDict
from collections.abc import Callable

import torch

__all__ = ["Feature", "Features", "feature_list"]


class Feature:
    """Something that an installation has or lacks; prints as its name with a tick or a cross."""

    __slots__ = ("_enabled", "_name")

    def __init__(self, name: str, enabled: bool) -> None:
        self._name, self._enabled = name, enabled

    @property
    def name(self) -> str:
        return self._name

    @property
    def enabled(self) -> bool:
        return self._enabled

    def __repr__(self) -> str:
        return f"{'✔' if self._enabled else '✖'} {self._name}"


def _is_x86() -> bool:
    return platform.machine().lower() in ("x86_64", "amd64", "i686", "i386")


def _has_avx2() -> bool:
    """Whether torch uses AVX2 on this processor; it is the first step above the oldest x86-64 that torch has."""
    return torch.backends.cpu.get_cpu_capability().startswith("AVX")


def _built_with(word: str) -> Callable[[], bool]:
    return lambda: word in torch.__config__.show().lower()


def _nccl() -> bool:
    return torch.distributed.is_available() and torch.distributed.is_nccl_available()


def _never() -> bool:
    return False


def _always() -> bool:
    return True


# In MXNet's order. What belongs to MXNet's own engine, or to libraries that torch does not use, is never there.
_FEATURES: dict[str, Callable[[], bool]] = {
    "CUDA": torch.cuda.is_available,
    "CUDNN": torch.backends.cudnn.is_available,
    "NCCL": _nccl,
    "CUDA_RTC": _never,
    "TENSORRT": _never,
    "CPU_SSE": _is_x86,
    "CPU_SSE2": _is_x86,
    "CPU_SSE3": _is_x86,
    "CPU_SSE4_1": _has_avx2,
    "CPU_SSE4_2": _has_avx2,
    "CPU_SSE4A": _never,
    "CPU_AVX": _has_avx2,
    "CPU_AVX2": _has_avx2,
    "OPENMP": torch.backends.openmp.is_available,
    "SSE": _never,
    "F16C": _has_avx2,
    "JEMALLOC": _never,
    "BLAS_OPEN": _built_with("blas_info=open"),
    "BLAS_ATLAS": _never,
    "BLAS_MKL": torch.backends.mkl.is_available,
    "BLAS_APPLE": _built_with("blas_info=accelerate"),
    "LAPACK": lambda: torch._C.has_lapack,
    "MKLDNN": torch.backends.mkldnn.is_available,
    "OPENCV": lambda: importlib.util.find_spec("cv2") is not None,
    "CAFFE": _never,
    "PROFILER": _always,
    "DIST_KVSTORE": torch.distributed.is_available,
    "CXX14": _never,
    "INT64_TENSOR_SIZE": _always,
    "SIGNAL_HANDLER": _never,
    "DEBUG": lambda: bool(torch.version.debug),
    "TVM_OP": _never,
}


def feature_list() -> list[Feature]:
    """All features that MXNet names, in its order."""
    return [Feature(name, bool(test())) for name, test in _FEATURES.items()]


class Features(OrderedDict[str, Feature]):
    """The features by name; one object for the process."""

    instance: Features | None = None

    def __new__(cls) -> Features:
        if cls.instance is None:
            cls.instance = super().__new__(cls)
            OrderedDict.__init__(cls.instance, [(feature.name, feature) for feature in feature_list()])
        return cls.instance

    def __init__(self) -> None:
        pass  # filled once, by __new__

    def __repr__(self) -> str:
        return str(list(self.values()))

    def is_enabled(self, feature_name: str) -> bool:
        """Whether a feature is there; names in any case. Raises RuntimeError for an unknown name."""
        name = feature_name.upper()
        if name not in self:
            raise RuntimeError(f"Feature '{name}' is unknown, known features are: {list(self)}")
        return self[name].enabled
