"""Is Apache MXNet installed in the same environment?

Both distributions fill a package called ``mxnet``, so installing one overwrites files of the other and what is left is
a mixture of the two. ``check`` runs first thing in ``import mxnet`` and turns that into an error that says what to do.
It only lists the folders of ``sys.path`` (importlib.metadata would cost many times more).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable

__all__ = ["check"]


def check(path: Iterable[str] | None = None) -> None:
    """Raise ImportError where Apache MXNet (``mxnet``, ``mxnet-cu112``, ``mxnet-mkl`` ...) is installed on ``path``.

    path: folders to look in, by default those of ``sys.path``.
    """
    found = list(_installed(sys.path if path is None else path))
    if not found:
        return
    places = "".join(f"\n    {project} {version} in {folder}" for project, version, folder in found)
    projects = " ".join(dict.fromkeys(project for project, _, _ in found))
    raise ImportError(
        "Regluon cannot share an environment with Apache MXNet: both install a package called 'mxnet', and each "
        f"overwrites files of the other. Found:{places}\n"
        "Uninstall both, then install Regluon again:\n"
        f"    python -m pip uninstall -y {projects} regluon\n"
        "    python -m pip install regluon"
    )


def _installed(path: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    """(project, version, folder) of every distribution on ``path`` that is named as MXNet and holds ``mxnet/``."""
    for folder in dict.fromkeys(path):
        try:
            names = os.listdir(folder or os.curdir)
        except OSError:  # a zip file, or a folder that is not there
            continue
        for name in names:
            if name.startswith("mxnet") and name.endswith((".dist-info", ".egg-info")):
                project, version = [*name.rsplit(".", 1)[0].split("-"), "(version unknown)"][:2]
                if _holds_mxnet(os.path.join(folder, name)):
                    yield project.replace("_", "-"), version, folder


def _holds_mxnet(info: str) -> bool:
    """Whether the distribution behind this metadata installs ``mxnet/``, which mxnet-model-server, say, does not."""
    for listing in ("RECORD", "top_level.txt"):
        try:
            with open(os.path.join(info, listing), encoding="utf-8", errors="replace") as lines:
                return any(line.strip() == "mxnet" or line.startswith("mxnet/") for line in lines)
        except OSError:
            continue
    return True  # nothing says otherwise: believe the name
