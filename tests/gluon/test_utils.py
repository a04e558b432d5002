from __future__ import annotations

import hashlib
import http.server
import pickle
import threading
from collections import OrderedDict

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.gluon import utils
from tests.gluon import training_scenes
from tests.gluon.samples import load
from tests.gluon.samples.check import check_scene


def test_splitting_and_clipping():
    check_scene("splitting_and_clipping")


def test_helpers():
    training_scenes.check(mx, training_scenes.SCENES["helpers"], load("training_scenes")["helpers"])


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


def test_download(tmp_path, monkeypatch, capsys):
    source, target = tmp_path / "source.txt", tmp_path / "deep" / "target.txt"
    source.write_bytes(b"abc")
    url, digest = source.as_uri(), hashlib.sha1(b"abc").hexdigest()
    assert utils.download(url, str(target), sha1_hash=digest) == str(target)
    assert capsys.readouterr().out == f"Downloading {target} from {url}...\n"
    assert target.read_bytes() == b"abc"
    source.write_bytes(b"new")
    utils.download(url, str(target), sha1_hash=digest)  # the file is there and right: nothing is fetched
    assert (target.read_bytes(), capsys.readouterr().out) == (b"abc", "")
    with pytest.raises(UserWarning, match="SHA-1"):
        utils.download(url, str(target), overwrite=True, sha1_hash=digest, retries=0)
    assert target.read_bytes() == b"abc"
    assert [p.name for p in target.parent.iterdir()] == ["target.txt"]
    utils.download(url, str(tmp_path / "deep"))
    assert (tmp_path / "deep" / "source.txt").read_bytes() == b"new"
    monkeypatch.chdir(tmp_path / "deep")
    assert utils.download(url, overwrite=True) == "source.txt"
    with pytest.raises(OSError, match=r"Cannot reach .*nothing.*put the file at .*target.txt"):
        utils.download((tmp_path / "nothing").as_uri(), str(target), overwrite=True, retries=1)
    with pytest.warns(UserWarning, match="verify_ssl=False"):
        utils.download(url, str(target), verify_ssl=False)


class Server(http.server.BaseHTTPRequestHandler):
    """Says 503 to the first two requests, and sends half of the file to the third."""

    asked = 0

    def do_GET(self) -> None:
        type(self).asked += 1
        if self.path == "/nothing":
            self.send_error(404)
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "1000000000000")
            self.end_headers()
            self.wfile.write(b"abc")
        elif self.asked < 3:
            self.send_error(503)
        else:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"ab" if self.asked == 3 else b"abc")

    def log_message(self, *args) -> None:
        pass


def test_download_tries_again(tmp_path):
    with http.server.HTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            base, target = f"http://127.0.0.1:{server.server_port}", str(tmp_path / "file")
            with pytest.raises(RuntimeError, match="404"):
                utils.download(base + "/nothing", target, retries=0)
            with pytest.raises(ConnectionError, match="3 bytes of 1000000000000 came"):  # no SHA-1 is needed to see it
                utils.download(base + "/short", target, retries=0)
            assert not list(tmp_path.iterdir())
            Server.asked = 0
            digest = hashlib.sha1(b"abc").hexdigest()
            with pytest.raises(UserWarning, match="came incomplete"):
                utils.download(base + "/file", target, sha1_hash=digest, retries=2)
            assert not list(tmp_path.iterdir())
            utils.download(base + "/file", target, sha1_hash=digest)
            assert Server.asked == 4
        finally:
            server.shutdown()
            thread.join()
    with pytest.raises(ConnectionError, match="Cannot reach"):
        utils.download(base + "/file", target, overwrite=True, retries=1)


def test_handle_survives_pickling_with_its_hooks():
    handle, hooks = utils.HookHandle(), OrderedDict()
    handle.attach(hooks, len)
    hooks_again, again = pickle.loads(pickle.dumps((hooks, handle)))
    again.detach()
    assert (len(hooks_again), len(hooks)) == (0, 1)
