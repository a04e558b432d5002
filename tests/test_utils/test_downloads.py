"""Data sets and models are fetched once, from file:// URLs here; what cannot be had is told."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import test_utils
from mxnet.test_utils import downloads


@pytest.fixture
def server(tmp_path, monkeypatch) -> Path:
    """A directory that URLs point into; the current directory is another one."""
    folder, here = tmp_path / "server", tmp_path / "here"
    folder.mkdir()
    here.mkdir()
    monkeypatch.chdir(here)
    return folder


def test_download(server):
    (server / "a.txt").write_text("one")
    url = (server / "a.txt").as_uri()
    assert test_utils.download(url) == "a.txt"
    assert test_utils.download(url, fname="b.txt", dirname="d") == "d/b.txt"
    (server / "a.txt").write_text("two")
    test_utils.download(url)
    assert (Path("a.txt").read_text(), Path("d/b.txt").read_text()) == ("one", "one")
    test_utils.download(url, overwrite=True)
    assert Path("a.txt").read_text() == "two"


def test_what_cannot_be_downloaded(server, monkeypatch):
    with pytest.raises(ConnectionError, match=r"nothing\.txt"):
        test_utils.download((server / "nothing.txt").as_uri(), retries=0)
    with pytest.raises(AssertionError, match="at least 0"):
        test_utils.download("http://localhost/x", retries=-1)
    attempts = []

    def refuse(url, path, overwrite, retries):
        attempts.append(retries)
        raise RuntimeError("404")

    monkeypatch.setattr(downloads.utils, "download", refuse)
    with pytest.raises(AssertionError, match="failed to open"):
        test_utils.download("http://localhost/x")
    assert attempts == [4]
    assert list(Path().iterdir()) == []


def test_packed_files(server):
    (server / "data.bz2").write_bytes(bz2.compress(b"text"))
    for _ in range(2):
        test_utils.get_bz2_data("data", "text", (server / "data.bz2").as_uri(), "text.bz2")
    assert [p.name for p in Path("data").iterdir()] == ["text"]
    assert Path("data/text").read_bytes() == b"text"
    with zipfile.ZipFile(server / "z.zip", "w") as archive:
        archive.writestr("inside/file", "zipped")
    test_utils.get_zip_data("zipped", (server / "z.zip").as_uri(), "z.zip")
    assert Path("zipped/inside/file").read_text() == "zipped"
    assert sorted(p.name for p in Path("zipped").iterdir()) == ["inside", "z.zip"]


def test_what_was_not_unpacked_is_fetched_again(server):
    url = (server / "z.zip").as_uri()
    for _ in range(2):  # the second call, too, has nothing to give
        (server / "z.zip").write_bytes(b"<html>")
        with pytest.raises(zipfile.BadZipFile):
            test_utils.get_zip_data("zipped", url, "z.zip")
    with zipfile.ZipFile(server / "z.zip", "w") as archive:
        archive.writestr("file", "zipped")
    test_utils.get_zip_data("zipped", url, "z.zip")
    assert Path("zipped/file").read_text() == "zipped"
    (server / "text.bz2").write_bytes(bz2.compress(bytes(range(256)) * 999)[:-9])
    with pytest.raises(EOFError):
        test_utils.get_bz2_data("data", "text", (server / "text.bz2").as_uri(), "text.bz2")
    assert [p.name for p in Path("data").iterdir()] == ["text.bz2"]


def test_mnist(server, monkeypatch):
    store = server / "gluon" / "dataset" / "mnist"
    store.mkdir(parents=True)
    pixels = np.arange(3 * 28 * 28, dtype="u4").astype("u1").reshape(3, 28, 28)
    labels = np.array([5, 0, 9], "u1")
    sums = {}
    for name in downloads._MNIST:
        array = labels if "labels" in name else pixels
        header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
        (store / f"{name}.gz").write_bytes(gzip.compress(header + array.tobytes()))
        sums[name] = hashlib.sha1((store / f"{name}.gz").read_bytes()).hexdigest()
    monkeypatch.setenv("MXNET_GLUON_REPO", server.as_uri())
    with pytest.raises(UserWarning, match="SHA-1"):
        test_utils.get_mnist()
    monkeypatch.setattr(downloads, "_MNIST", sums)
    data = test_utils.get_mnist()
    assert {k: (v.shape, v.dtype.name) for k, v in data.items()} == {
        "train_data": ((3, 1, 28, 28), "float32"),
        "train_label": ((3,), "int8"),
        "test_data": ((3, 1, 28, 28), "float32"),
        "test_label": ((3,), "int8"),
    }
    np.testing.assert_array_equal(data["train_data"][:, 0], pixels.astype("f") / 255)
    assert data["test_label"].tolist() == [5, 0, 9]
    test_utils.get_mnist_ubyte()
    assert Path("data/train-labels-idx1-ubyte").read_bytes()[8:] == labels.tobytes()
    assert sorted(p.name for p in Path("data").iterdir() if not p.suffix) == sorted(sums)


def test_other_data_sets(monkeypatch, server):
    asked = []

    def download(url, fname=None, dirname=None):
        asked.append(url)
        Path(dirname).mkdir(exist_ok=True)
        path = Path(dirname, url.rsplit("/", 1)[-1])
        if path.suffix == ".zip":
            with zipfile.ZipFile(path, "w") as archive:
                for name in ("train.rec", "test.rec", "train.lst", "test.lst"):
                    archive.writestr(f"cifar/{name}", name)
        else:
            path.write_bytes(b"pickle")
        return str(path)

    monkeypatch.setattr(downloads, "download", download)
    for _ in range(2):
        test_utils.get_cifar10()
        test_utils.get_mnist_pkl()
    assert asked == ["http://data.mxnet.io/mxnet/data/cifar10.zip", "http://deeplearning.net/data/mnist/mnist.pkl.gz"]
    assert Path("data/cifar/test.rec").read_text() == "test.rec"


def test_models(server, monkeypatch):
    for name in ("s.json", "p.params"):
        (server / name).write_text(name)
    urls = {"symbol": (server / "s.json").as_uri(), "params": (server / "p.params").as_uri()}
    assert test_utils.download_model("net", "models", {"net": urls}) == ("models/net", 0)
    assert Path("models/net-symbol.json").read_text() == "s.json"
    assert Path("models/net-0000.params").read_text() == "p.params"
    assert test_utils.download_model("other", meta_info={"net": urls}) == test_utils.download_model("?") == (None, 0)
    with pytest.raises(AssertionError, match="parameter file url"):
        test_utils.download_model("net", meta_info={"net": {"symbol": urls["symbol"]}})
    asked = []
    monkeypatch.setattr(downloads, "download", lambda url, path: asked.append((url, path)))
    test_utils.download_model("imagenet1k-inception-bn")
    test_utils.download_model("imagenet11k-place365ch-resnet-50", "m")
    models = "http://data.mxnet.io/models/"
    assert asked == [
        (models + "imagenet/inception-bn/Inception-BN-symbol.json", "./imagenet1k-inception-bn-symbol.json"),
        (models + "imagenet/inception-bn/Inception-BN-0126.params", "./imagenet1k-inception-bn-0000.params"),
        (models + "imagenet-11k-place365-ch/resnet-50-symbol.json", "m/imagenet11k-place365ch-resnet-50-symbol.json"),
        (models + "imagenet-11k-place365-ch/resnet-50-0000.params", "m/imagenet11k-place365ch-resnet-50-0000.params"),
    ]


def test_what_waits_for_mx_io():
    with pytest.raises(mx.MXNetError, match=r"mx\.io, which is not there yet"):
        test_utils.get_mnist_iterator(32, (784,))


def test_im2rec(tmp_path):
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "im2rec.py").touch()
    with test_utils.environment("MXNET_HOME", str(tmp_path)):
        assert test_utils.get_im2rec_path() == str(tmp_path / "tools" / "im2rec.py")
    with test_utils.environment("ELSEWHERE", None), pytest.raises(OSError, match="ELSEWHERE is None"):
        test_utils.get_im2rec_path("ELSEWHERE")


def test_dummy_iterator():
    class Batches:
        batch_size, provide_data, provide_label = 2, [("data", (2, 3))], [("label", (2,))]

        def __init__(self):
            self.count = 0

        def __next__(self):
            self.count += 1
            return self.count

    dummy = test_utils.DummyIter(Batches())
    assert [next(dummy), dummy.next(), *(batch for batch, _ in zip(dummy, range(2), strict=False))] == [1] * 4
    assert (dummy.batch_size, dummy.provide_data) == (2, [("data", (2, 3))])
    dummy.reset()
    assert dummy.real_iter.count == 1
