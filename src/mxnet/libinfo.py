"""``mx.libinfo``: where the library lies. It is Python; what computes is torch."""

from __future__ import annotations

import importlib.util
from pathlib import Path

__all__ = ["find_conf_path", "find_include_path", "find_lib_path"]

__version__ = "1.9.1"  # the version of MXNet whose interface this is


def find_lib_path(prefix: str = "libmxnet") -> list[str]:
    """The libraries that compute: those of torch. MXNet's own, and others by their prefix, do not exist.

    Raises RuntimeError where there is none of that name.
    """
    if prefix == "libmxnet":
        prefix = "libtorch"
    folder = _torch() / "lib"
    names = {f"{stem}{end}" for stem in (prefix, prefix.removeprefix("lib")) for end in (".so", ".dylib", ".dll")}
    found = sorted(str(path) for path in folder.glob("*") if path.name in names)
    if not found:
        raise RuntimeError(f"Cannot find the library {prefix!r}. List of candidates:\n{folder}/{prefix}.so")
    return found


def find_include_path() -> str:
    """The folder of torch's C++ headers, for extensions. Raises RuntimeError where torch came without them."""
    folder = _torch() / "include"
    if not folder.is_dir():
        raise RuntimeError(f"Cannot find the C++ headers of torch. List of candidates:\n{folder}")
    return f"{folder}/"


def find_conf_path(prefix: str = "tvmop") -> list[str]:
    """Files of TVM's operators: there are none, which raises RuntimeError, as in a MXNet built without them."""
    raise RuntimeError(f"Cannot find the file {prefix}.conf: TVM's operators do not exist here.")


def _torch() -> Path:
    spec = importlib.util.find_spec("torch")
    assert spec is not None
    assert spec.origin is not None
    return Path(spec.origin).parent
