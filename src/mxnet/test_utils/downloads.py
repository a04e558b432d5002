"""Data sets and models of MXNet's examples, fetched into the current directory, and an iterator that stands still.

MXNet's own servers are gone in part: where one does not answer, the error says which file is missing, and a file that
is in its place already is used.
"""

from __future__ import annotations

import bz2
import gzip
import os
import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from .._files import atomic_write
from ..base import MXNetError
from ..gluon import utils

__all__ = [
    "DummyIter",
    "download",
    "download_model",
    "get_bz2_data",
    "get_cifar10",
    "get_im2rec_path",
    "get_mnist",
    "get_mnist_iterator",
    "get_mnist_pkl",
    "get_mnist_ubyte",
    "get_zip_data",
]

_DATA = "http://data.mxnet.io/"
_MNIST = {
    "train-labels-idx1-ubyte": "2a80914081dc54586dbdf242f9805a6b8d2a15fc",
    "train-images-idx3-ubyte": "6c95f4b05d2bf285e1bfb0e7960c31bd3b3f8a7d",
    "t10k-labels-idx1-ubyte": "763e7fa3757d93b0cdec073cef058b2004252c17",
    "t10k-images-idx3-ubyte": "c3a25af1f52dad7f726cce8cacb138654b760d48",
}
# Name of a model -> its directory, and the start of its files' names.
_MODELS = {
    **{f"imagenet1k-resnet-{n}": (f"imagenet/resnet/{n}-layers", f"resnet-{n}") for n in (18, 34, 50, 101, 152)},
    **{f"imagenet1k-resnext-{n}": (f"imagenet/resnext/{n}-layers", f"resnext-{n}") for n in (50, 101)},
    "imagenet11k-resnet-152": ("imagenet-11k/resnet-152", "resnet-152"),
    **{f"imagenet11k-place365ch-resnet-{n}": ("imagenet-11k-place365-ch", f"resnet-{n}") for n in (50, 152)},
}


def download(
    url: str, fname: str | None = None, dirname: str | None = None, overwrite: bool = False, retries: int = 5
) -> str:
    """Fetch a file and return its path; one that is there is kept, unless ``overwrite``.

    fname: its name, by default the URL's last part; dirname: where to. ``retries``: attempts. Raises ConnectionError
    where the server cannot be reached, AssertionError where it has no such file, or for negative ``retries``.
    """
    if retries < 0:
        raise AssertionError(f"Number of retries should be at least 0, got {retries}")
    name = fname or url.split("/")[-1]
    path = os.path.join(dirname, name) if dirname else name
    try:
        return utils.download(url, path or None, overwrite=overwrite, retries=max(retries - 1, 0))
    except RuntimeError as error:
        if isinstance(error, MXNetError):
            raise
        raise AssertionError(f"failed to open {url}: {error}") from None


def get_bz2_data(data_dir: str, data_name: str, url: str, data_origin_name: str) -> None:
    """Fetch a bzip2 file as ``data_dir/data_origin_name``, and unpack it as ``data_dir/data_name``, which stays when it
    is there; only that one is kept.
    """
    target = Path(data_dir, data_name)
    if target.exists():
        return
    packed = download(url, fname=data_origin_name, dirname=data_dir)
    with bz2.open(packed) as source:
        _unpack(source, target)
    os.remove(packed)


def get_zip_data(data_dir: str, url: str, data_origin_name: str) -> None:
    """Fetch a zip file as ``data_dir/data_origin_name``, unless it is there, and unpack it into ``data_dir``.

    It gets its name when everything is unpacked, so that what was interrupted is done again.
    """
    packed = Path(data_dir, data_origin_name)
    if not packed.exists():
        part = download(url, fname=f"{data_origin_name}.part", dirname=data_dir, overwrite=True)
        with zipfile.ZipFile(part) as archive:
            archive.extractall(data_dir)
        os.replace(part, packed)


def _unpack(source: Any, target: Path) -> None:
    """Write what a compressed file holds; ``target`` appears when it is complete."""
    with atomic_write(target) as file:
        shutil.copyfileobj(source, file)


def _mnist_file(name: str, folder: str) -> Path:
    """A packed file of MNIST, from the store that ``MXNET_GLUON_REPO`` names."""
    path = Path(folder, name + ".gz")
    store = os.environ.get("MXNET_GLUON_REPO") or "https://apache-mxnet.s3-accelerate.dualstack.amazonaws.com/"
    url = f"{store.rstrip('/')}/gluon/dataset/mnist/{path.name}"
    return Path(utils.download(url, os.fspath(path), sha1_hash=_MNIST[name]))


def get_mnist() -> dict[str, np.ndarray]:
    """MNIST as NumPy arrays: 'train_data' and 'test_data' of shape (N, 1, 28, 28), float32 from 0 to 1, 'train_label'
    and 'test_label' of shape (N,), int8. The packed files go to the current directory.
    """
    arrays = {}
    for key, start in (("train", "train"), ("test", "t10k")):
        with gzip.open(_mnist_file(f"{start}-images-idx3-ubyte", ".")) as file:
            pixels = np.frombuffer(file.read(), np.uint8, offset=16)
        with gzip.open(_mnist_file(f"{start}-labels-idx1-ubyte", ".")) as file:
            labels = np.frombuffer(file.read(), np.int8, offset=8)
        arrays[f"{key}_data"] = pixels.reshape(-1, 1, 28, 28).astype("float32") / 255
        arrays[f"{key}_label"] = labels.copy()
    return arrays


def get_mnist_ubyte() -> None:
    """MNIST's four files, unpacked, in ``data``."""
    for name in _MNIST:
        target = Path("data", name)
        if not target.exists():
            with gzip.open(_mnist_file(name, "data")) as source:
                _unpack(source, target)


def get_mnist_pkl() -> None:
    """MNIST as one pickle, ``data/mnist.pkl.gz``."""
    if not os.path.exists("data/mnist.pkl.gz"):
        download("http://deeplearning.net/data/mnist/mnist.pkl.gz", dirname="data")


def get_cifar10() -> None:
    """CIFAR-10 as RecordIO files, ``data/cifar/train.rec`` and ``data/cifar/test.rec``, with their lists."""
    if not all(Path("data/cifar", name).exists() for name in ("train.rec", "test.rec", "train.lst", "test.lst")):
        packed = download(_DATA + "mxnet/data/cifar10.zip", dirname="data")
        with zipfile.ZipFile(packed) as archive:
            archive.extractall("data")


def get_mnist_iterator(batch_size: int, input_shape: Any, num_parts: int = 1, part_index: int = 0) -> Any:
    """Iterators over MNIST for training and validation: an MXNetError in this version."""
    raise MXNetError(
        "get_mnist_iterator returns iterators of mx.io, which is not there yet: take get_mnist() and "
        "gluon.data.DataLoader."
    )


def download_model(
    model_name: str, dst_dir: str = "./", meta_info: Mapping[str, Mapping[str, str]] | None = None
) -> tuple[str | None, int]:
    """Fetch a network as ``dst_dir/model_name-symbol.json`` and ``-0000.params``; returns what ``load_checkpoint``
    takes: (prefix, 0), and (None, 0) for an unknown name.

    meta_info: for each name the URLs 'symbol' and 'params', by default those of MXNet's early ImageNet networks.
    """
    table = _model_urls() if meta_info is None else meta_info
    if model_name not in table:
        return None, 0
    urls = table[model_name]
    for key, what in (("symbol", "symbol"), ("params", "parameter")):
        if key not in urls:
            raise AssertionError(f"missing {what} file url of {model_name!r}")
    prefix = os.path.join(dst_dir, model_name)
    download(urls["symbol"], f"{prefix}-symbol.json")
    download(urls["params"], f"{prefix}-0000.params")
    return prefix, 0


def _model_urls() -> dict[str, dict[str, str]]:
    table = {name: (f"{folder}/{start}", "0000") for name, (folder, start) in _MODELS.items()}
    table["imagenet1k-inception-bn"] = ("imagenet/inception-bn/Inception-BN", "0126")
    return {
        name: {"symbol": f"{_DATA}models/{start}-symbol.json", "params": f"{_DATA}models/{start}-{epoch}.params"}
        for name, (start, epoch) in table.items()
    }


def get_im2rec_path(home_env: str = "MXNET_HOME") -> str:
    """The path of MXNet's program ``im2rec.py``, below the directory that an environment variable names.

    Raises OSError where it is not there.
    """
    home = os.environ.get(home_env)
    if home and os.path.exists(path := os.path.join(home, "tools", "im2rec.py")):
        return path
    raise OSError(f"Could not find path to tools/im2rec.py: {home_env} is {home!r}")


class DummyIter:
    """An iterator over batches that returns the first one of another, again and again: for measuring speed.

    Has that one's ``batch_size``, ``provide_data`` and ``provide_label``.
    """

    def __init__(self, real_iter: Any) -> None:
        self.provide_data, self.provide_label = real_iter.provide_data, real_iter.provide_label
        self.batch_size = real_iter.batch_size
        self.real_iter = real_iter
        self.the_batch = next(real_iter)

    def __iter__(self) -> DummyIter:
        return self

    def __next__(self) -> Any:
        return self.the_batch

    def next(self) -> Any:
        """The batch."""
        return self.the_batch

    def reset(self) -> None:
        """Nothing to do."""
