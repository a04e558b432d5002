"""Writing files so that no reader, and no crash, ever sees half of one."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Iterator
from typing import BinaryIO

__all__ = ["atomic_write"]


@contextlib.contextmanager
def atomic_write(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Open ``path`` for writing bytes; the new content takes its place whole when the block ends, or not at all.

    The bytes go to a temporary file beside ``path``, reach the disk, and are then renamed over it; the folder's entry
    reaches the disk, too, where the system can do that. An exception in the block, a full disk or a killed process
    leave an older file as it was; only a killed process leaves the temporary file (``.mxnet-*.tmp``) behind. A new
    file's permissions follow the umask, an older file keeps its own, symbolic links are followed. What cannot be
    replaced (a pipe, a device) is written to directly.

    Raises OSError, naming ``path``, as ``open(path, "wb")`` would.
    """
    path = os.fspath(path)
    try:
        old_mode = os.stat(path).st_mode
    except FileNotFoundError:
        old_mode = None
    if old_mode is not None and not stat.S_ISREG(old_mode):
        with open(path, "wb") as file:  # says IsADirectoryError where it is one
            yield file
        return
    if not os.path.basename(path):
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), path)
    if old_mode is not None and not os.access(path, os.W_OK):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), path)

    target = os.path.realpath(path)
    temporary = os.path.join(os.path.dirname(target), f".mxnet-{secrets.token_hex(8)}.tmp")
    try:
        with _create(temporary, path) as file:
            if old_mode is not None:
                os.chmod(temporary, stat.S_IMODE(old_mode))  # before the first byte: the old file may be private
            yield file
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
        _sync_folder(os.path.dirname(target))
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise


def _create(temporary: str, path: str) -> BinaryIO:
    try:
        return open(temporary, "xb")
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from None


def _sync_folder(path: str) -> None:
    """Make a rename in the folder last through a power failure; not every system lets folders be opened for that."""
    with contextlib.suppress(OSError):
        folder = os.open(path, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
