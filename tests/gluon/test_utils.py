from __future__ import annotations

import hashlib
import pickle
from collections import OrderedDict

import numpy as np
import pytest

from mxnet import nd
from mxnet.gluon import utils
from tests.gluon.samples.check import check_scene


def test_splitting_and_clipping():
    check_scene("splitting_and_clipping")


def test_clip_keeps_dtypes():
    arrays = [nd.ones(4, dtype="float16"), nd.ones(4, dtype="float64")]
    assert utils.clip_global_norm(arrays, 1.0) == pytest.approx(8**0.5)
    assert [a.dtype for a in arrays] == [np.float16, np.float64]
    np.testing.assert_allclose(arrays[1].asnumpy(), 1 / 8**0.5, rtol=1e-6)


def test_check_sha1(tmp_path):
    path = tmp_path / "file"
    path.write_bytes(b"abc")
    digest = hashlib.sha1(b"abc").hexdigest()
    assert utils.check_sha1(str(path), digest)
    assert not utils.check_sha1(str(path), digest[:8])
    assert not utils.check_sha1(str(path), "0" * 40)


def test_download(tmp_path):
    source, target = tmp_path / "source.txt", tmp_path / "deep" / "target.txt"
    source.write_bytes(b"abc")
    url, digest = source.as_uri(), hashlib.sha1(b"abc").hexdigest()
    assert utils.download(url, str(target), sha1_hash=digest) == str(target)
    assert target.read_bytes() == b"abc"
    source.write_bytes(b"new")
    utils.download(url, str(target), sha1_hash=digest)  # the file is there and right: nothing is fetched
    assert target.read_bytes() == b"abc"
    with pytest.raises(RuntimeError, match="SHA-1"):
        utils.download(url, str(target), overwrite=True, sha1_hash=digest, retries=0)
    assert target.read_bytes() == b"abc"
    assert [p.name for p in target.parent.iterdir()] == ["target.txt"]
    utils.download(url, str(tmp_path / "deep"))
    assert (tmp_path / "deep" / "source.txt").read_bytes() == b"new"
    with pytest.raises(OSError, match="nothing"):
        utils.download((tmp_path / "nothing").as_uri(), str(target), overwrite=True, retries=1)


def test_handle_survives_pickling_with_its_hooks():
    handle, hooks = utils.HookHandle(), OrderedDict()
    handle.attach(hooks, len)
    hooks_again, again = pickle.loads(pickle.dumps((hooks, handle)))
    again.detach()
    assert (len(hooks_again), len(hooks)) == (0, 1)
