"""Helpers around networks: batches split over contexts, gradient clipping, hooks, files."""

from __future__ import annotations

import hashlib
import os
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from .. import ndarray
from .._files import atomic_write
from ..context import Context
from ..ndarray import NDArray

__all__ = [
    "HookHandle",
    "check_sha1",
    "clip_global_norm",
    "download",
    "replace_file",
    "shape_is_known",
    "split_and_load",
    "split_data",
]


def split_data(data: NDArray, num_slice: int, batch_axis: int = 0, even_split: bool = True) -> list[NDArray]:
    """Cut an array along its batch axis into ``num_slice`` parts.

    With ``even_split`` false, the first parts get one more when sizes do not divide. ValueError when they must and do
    not.
    """
    size = data.shape[batch_axis]
    if even_split and size % num_slice:
        raise ValueError(
            f"data with shape {data.shape} cannot be evenly split into {num_slice} slices along axis {batch_axis}. Use "
            f"a batch size that's multiple of {num_slice} or set even_split=False to allow uneven partitioning of data."
        )
    short, longer = divmod(size, num_slice)
    ends = np.cumsum([0] + [short + 1] * longer + [short] * (num_slice - longer)).tolist()
    if batch_axis == 0:
        return [data[begin:end] for begin, end in pairwise(ends)]
    return [ndarray.slice_axis(data, axis=batch_axis, begin=begin, end=end) for begin, end in pairwise(ends)]


def split_and_load(
    data: Any, ctx_list: Sequence[Context], batch_axis: int = 0, even_split: bool = True
) -> list[NDArray]:
    """Cut a batch into one part for each context, and put it there. Raises as ``split_data`` does."""
    if not isinstance(data, NDArray):
        data = ndarray.array(data, ctx=ctx_list[0])
    if len(ctx_list) == 1:
        return [data.as_in_context(ctx_list[0])]
    parts = split_data(data, len(ctx_list), batch_axis, even_split)
    return [part.as_in_context(ctx) for part, ctx in zip(parts, ctx_list, strict=True)]


def clip_global_norm(arrays: Sequence[NDArray], max_norm: float, check_isfinite: bool = True) -> float | NDArray:
    """Scale arrays in place so that the 2-norm of all of them together is at most ``max_norm``; returns the norm
    before.

    The norm is a number with ``check_isfinite``, which warns of nan and inf, and an array of shape (1,) without, which
    spares a GPU from waiting.
    """
    if not arrays:
        raise AssertionError("clip_global_norm needs at least one array.")
    ctx = arrays[0].ctx
    squares = [(a.astype("float32") ** 2).sum().reshape((1,)).as_in_context(ctx) for a in arrays]
    total = ndarray.add_n(*squares).sqrt()
    if check_isfinite and not np.isfinite(total.asscalar()):
        warnings.warn("nan or inf is detected. Clipping results will be undefined.", UserWarning, stacklevel=2)
    scale = ndarray.minimum(max_norm / (total + 1e-8), 1.0)
    for array in arrays:
        array *= scale.astype(array.dtype).as_in_context(array.ctx)
    return total.asscalar() if check_isfinite else total


class HookHandle:
    """What registering a hook returns: ``detach()`` removes the hook; as a ``with`` block, at its end."""

    def __init__(self) -> None:
        self._hooks: weakref.ref[OrderedDict[int, Callable]] | None = None
        self._id: int | None = None

    def attach(self, hooks_dict: OrderedDict[int, Callable], hook: Callable) -> None:
        """Put a hook into a dictionary. AssertionError when this handle has one already."""
        if self._hooks is not None:
            raise AssertionError("The same handle cannot be attached twice.")
        self._id = id(hook)
        hooks_dict[self._id] = hook
        self._hooks = weakref.ref(hooks_dict)

    def detach(self) -> None:
        """Remove the hook, if it is still there."""
        hooks = self._hooks() if self._hooks is not None else None
        if hooks is not None and self._id is not None:
            hooks.pop(self._id, None)

    def __getstate__(self) -> tuple[OrderedDict[int, Callable] | None, int | None]:
        return self._hooks() if self._hooks is not None else None, self._id

    def __setstate__(self, state: tuple[OrderedDict[int, Callable] | None, int | None]) -> None:
        hooks, self._id = state
        self._hooks = None if hooks is None else weakref.ref(hooks)

    def __enter__(self) -> HookHandle:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.detach()


def shape_is_known(shape: Sequence[int] | None) -> bool:
    """Whether every size of a shape is known, that is, positive."""
    return bool(shape) and all(size > 0 for size in shape)


def check_sha1(filename: str | os.PathLike[str], sha1_hash: str) -> bool:
    """Whether a file's SHA-1, in hexadecimal, is the expected one."""
    digest = hashlib.sha1()
    with open(filename, "rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest() == sha1_hash


def download(
    url: str,
    path: str | None = None,
    overwrite: bool = False,
    sha1_hash: str | None = None,
    retries: int = 5,
    verify_ssl: bool = True,
) -> str:
    """Fetch a file and return its path; a file that is there, and has the SHA-1, is not fetched again.

    path: where to, a file or a directory; the current directory and the URL's last part when not given. The file
    appears whole or not at all. Each of ``retries + 1`` attempts may fail; then the last one raises ConnectionError
    where the server cannot be reached, RuntimeError where it has no such file, and UserWarning, as MXNet does, for a
    wrong SHA-1.
    """
    import ssl  # late: urllib and ssl cost every import of mxnet more than a download happens

    if retries < 0:
        raise AssertionError(f"Number of retries should be at least 0, got {retries}")
    target = "" if path is None else os.path.expanduser(path)
    if path is None or os.path.isdir(target):
        name = url.split("/")[-1]
        if not name:
            raise AssertionError(f"Can't construct file-name from this URL: {url!r}. Please set the `path` option.")
        target = os.path.join(target, name)
    if not verify_ssl:
        warnings.warn(
            "Unverified HTTPS request is being made (verify_ssl=False). Adding certificate verification is strongly "
            "advised.",
            stacklevel=2,
        )
    if os.path.exists(target) and not overwrite and (not sha1_hash or check_sha1(target, sha1_hash)):
        return target
    os.makedirs(os.path.dirname(os.path.abspath(target)), exist_ok=True)
    secure = ssl.create_default_context() if verify_ssl else ssl._create_unverified_context()
    print(f"Downloading {target} from {url}...")  # noqa: T201 - as MXNet does
    for left in range(retries, -1, -1):
        try:
            _fetch(url, target, sha1_hash, secure)
            break
        except (ConnectionError, RuntimeError, UserWarning):
            if not left:
                raise
    return target


def _fetch(url: str, target: str, sha1_hash: str | None, secure: Any) -> None:
    """One attempt to download a file."""
    import shutil
    from http.client import HTTPException
    from urllib.error import HTTPError, URLError
    from urllib.request import urlopen

    try:
        with atomic_write(target) as file, urlopen(url, context=secure, timeout=60) as response:
            shutil.copyfileobj(response, file)
            file.flush()
            length = response.headers.get("Content-Length")
            if length is not None and length.strip() != str(file.tell()):
                raise ConnectionError(f"{file.tell()} bytes of {length} came")
            if sha1_hash and not check_sha1(file.name, sha1_hash):
                raise UserWarning(
                    f"What was downloaded from {url} has another SHA-1 than {sha1_hash}: the file has changed there, "
                    "or came incomplete. Nothing was kept."
                )
    except HTTPError as error:
        raise RuntimeError(f"Failed downloading url {url}: {error}.") from None
    except (URLError, HTTPException, TimeoutError, ConnectionError) as error:
        raise ConnectionError(
            f"Cannot reach {url}: {getattr(error, 'reason', error)}. Without a network, put the file at {target!r} by "
            "hand."
        ) from None


def replace_file(src: str, dst: str) -> None:
    """Move a file over another one, at once."""
    os.replace(src, dst)
