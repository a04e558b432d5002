"""What test_utils does to the process, and that it puts it back."""

from __future__ import annotations

import json
import os
import sys
import threading
from pathlib import Path

import pytest

import mxnet as mx
from mxnet import test_utils


def test_environment(monkeypatch):
    monkeypatch.setenv("REGLUON_A", "old")
    with test_utils.environment("REGLUON_A", "new"):
        assert os.environ["REGLUON_A"] == "new"
        with test_utils.environment({"REGLUON_A": None, "REGLUON_B": "b"}):
            assert "REGLUON_A" not in os.environ
            assert os.environ["REGLUON_B"] == "b"
        assert os.environ["REGLUON_A"] == "new"
    assert os.environ["REGLUON_A"] == "old"
    assert "REGLUON_B" not in os.environ
    with pytest.raises(ZeroDivisionError), test_utils.environment("REGLUON_A", "new"):
        raise ZeroDivisionError
    assert os.environ["REGLUON_A"] == "old"


@pytest.mark.parametrize("arguments", [(), ("A",), (1,), ("A", "1", "B"), (["A", "1"],)])
def test_environment_of_other_arguments(arguments):
    with pytest.raises(AssertionError, match="Expecting one dict arg or two args"):
        test_utils.environment(*arguments)


def test_default_context():
    with mx.cpu(1):
        assert test_utils.default_context() == mx.cpu(1)
        test_utils.set_default_context(mx.cpu(3))
        assert test_utils.default_context() == mx.current_context() == mx.nd.ones(1).ctx == mx.cpu(3)
        seen = []
        thread = threading.Thread(target=lambda: seen.append(test_utils.default_context()))
        thread.start()
        thread.join()
        assert seen == [mx.cpu(0)]
    assert test_utils.default_context() == mx.cpu(0)
    assert list(test_utils.list_gpus()) == list(range(mx.context.num_gpus()))


@pytest.mark.parametrize(("value", "expected"), [("1", True), ("0", False), ("true", False), (None, False)])
def test_delivery(value, expected):
    with test_utils.environment("CD_JOB", value):
        assert test_utils.is_cd_run() is expected


def test_discarded_stderr(capfd):
    with test_utils.discard_stderr():
        sys.stderr.write("python\n")
        os.write(2, b"C\n")
    os.write(2, b"seen\n")
    assert capfd.readouterr().err == "seen\n"


def test_retry():
    calls: list[int] = []

    def flaky(passes_at: int, error: type[Exception] = AssertionError):
        calls.clear()

        @test_utils.retry(3)
        def test_something() -> str:
            calls.append(1)
            if len(calls) < passes_at:
                raise error(f"call {len(calls)}")
            return "done"

        return test_something

    assert flaky(3)() == "done"
    assert len(calls) == 3
    with pytest.raises(AssertionError, match="call 3"):
        flaky(4)()
    with pytest.raises(ValueError, match="call 1"):
        flaky(2, ValueError)()
    assert flaky(1).__name__ == "test_something"
    with pytest.raises(TypeError):
        test_utils.retry(1.5)


def test_star_import_gives_functions_only():
    namespace: dict[str, object] = {}
    exec("from mxnet.test_utils import *", namespace)
    del namespace["__builtins__"]
    inventory = json.loads((Path(__file__).parents[1] / "golden" / "api_names.json").read_text(encoding="utf-8"))
    assert namespace.keys() == inventory["mxnet.test_utils"].keys() - {"*"}
    assert all(callable(value) for value in namespace.values())
