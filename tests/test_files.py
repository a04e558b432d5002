"""mxnet._files: a file that is being replaced is seen old and whole, or new and whole."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys

import pytest

from mxnet import _files
from mxnet._files import atomic_write

posix = pytest.mark.skipif(os.name != "posix", reason="POSIX permissions, links and devices")


@pytest.fixture
def old(tmp_path):
    path = tmp_path / "net.params"
    path.write_bytes(b"old")
    return path


def test_new_file(tmp_path):
    with atomic_write(tmp_path / "a") as file:
        file.write(b"new")
    assert (tmp_path / "a").read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["a"]


def test_relative_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with atomic_write("a") as file:
        file.write(b"new")
    assert os.listdir(tmp_path) == ["a"]


def test_old_file_is_whole_until_the_new_one_is(old):
    with atomic_write(old) as file:
        file.write(b"new")
        file.flush()
        assert old.read_bytes() == b"old"
    assert old.read_bytes() == b"new"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_error_leaves_the_old_file_and_nothing_else(old, error):
    def fail():
        with atomic_write(old) as file:
            file.write(b"half of the n")
            raise error("disk on fire")

    with pytest.raises(error, match="disk on fire"):
        fail()
    assert old.read_bytes() == b"old"
    assert os.listdir(old.parent) == ["net.params"]


@posix
def test_killed_process_leaves_the_old_file(old):
    script = (  # the module alone: it needs nothing of the package, whose import takes seconds
        "import os, runpy, signal, sys\n"
        "with runpy.run_path(sys.argv[1])['atomic_write'](sys.argv[2]) as file:\n"
        "    file.write(b'half'); file.flush(); os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script, _files.__file__, str(old)])
    assert done.returncode == -signal.SIGKILL
    assert old.read_bytes() == b"old"


# Saves over and over in a child process, kills it at a random moment, and looks at what is there; 50 times.
KILLS = """
import os, random, signal, sys, time
import mxnet as mx
from mxnet import nd

folder = sys.argv[1]
random.seed(7)
seen, strays = set(), 0
for round in range(50):
    path = os.path.join(folder, ("net.params", "net.safetensors")[round % 2])
    ready, go = os.pipe()
    child = os.fork()
    if not child:
        count = round * 1000
        while True:
            count += 1
            nd.save(path, {"w": nd.full((200, 500), count), "last": nd.full(1, count)})
            os.write(go, b"x")
    os.read(ready, 1)
    time.sleep(random.uniform(0, 0.01))
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    os.close(ready), os.close(go)
    arrays = nd.load(path)
    number = arrays["last"].asscalar()
    assert number > round * 1000 and (arrays["w"].asnumpy() == number).all(), number
    seen.add(number)
    others = [name for name in os.listdir(folder) if not name.startswith("net.")]
    assert len(others) <= 1 and all(name.startswith(".mxnet-") for name in others), others
    strays += len(others)
    for name in others:
        os.unlink(os.path.join(folder, name))
assert len(seen) == 50
print(strays)
"""


@posix
def test_killed_at_random_moments(tmp_path):
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}  # nothing forks well with threads
    arguments = [sys.executable, "-c", KILLS, str(tmp_path)]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 0  # kills that hit a file in the making


@posix
@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_new_file_follows_the_umask(tmp_path, mask):
    before = os.umask(mask)
    try:
        with atomic_write(tmp_path / "a"):
            pass
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o666 & ~mask


@posix
def test_old_file_keeps_its_permissions(old):
    old.chmod(0o640)
    with atomic_write(old) as file:
        (temporary,) = (p for p in old.parent.iterdir() if p != old)
        assert stat.S_IMODE(temporary.stat().st_mode) == 0o640
        file.write(b"new")
    assert stat.S_IMODE(old.stat().st_mode) == 0o640


@posix
@pytest.mark.skipif(hasattr(os, "geteuid") and os.geteuid() == 0, reason="root may write to read-only files")
def test_read_only_file_is_refused(old):
    old.chmod(0o444)
    with pytest.raises(PermissionError, match=r"net\.params"), atomic_write(old):
        pass
    assert old.read_bytes() == b"old"


@posix
def test_symbolic_link_is_followed(old, tmp_path):
    folder = tmp_path / "links"
    folder.mkdir()
    (folder / "latest").symlink_to(old)
    with atomic_write(folder / "latest") as file:
        file.write(b"new")
    assert (folder / "latest").is_symlink()
    assert os.listdir(folder) == ["latest"]
    assert old.read_bytes() == b"new"


@posix
def test_pipe_is_written_to_not_replaced(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)  # or opening it for writing would wait
    try:
        with atomic_write(pipe) as file:
            file.write(b"gone")
        assert os.read(reader, 10) == b"gone"
    finally:
        os.close(reader)
    assert stat.S_ISFIFO(os.stat(pipe).st_mode)


@pytest.mark.parametrize("name", ["", "nowhere/a", "nowhere/"])
def test_no_such_place(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError) as caught, atomic_write(name):
        pass
    assert caught.value.filename == name
    assert os.listdir(tmp_path) == []


def test_directory(tmp_path):
    with pytest.raises((IsADirectoryError, PermissionError)) as caught, atomic_write(tmp_path):
        pass
    assert caught.value.filename == str(tmp_path)
