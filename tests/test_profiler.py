"""mx.profiler: operators under MXNet's names and as often as MXNet counts them, which ``tools/record_tools.py`` has
recorded for the work in ``tests/profiled.py``; the trace file; what users add; and that nothing stays when it is off.
"""

from __future__ import annotations

import contextlib
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

import mxnet as mx
from mxnet import gluon, nd, profiler
from mxnet.ndarray.cached import CachedGraph
from mxnet.ndarray.face import face
from mxnet.ops import registry
from mxnet.profiler.trace import read

from .profiled import WORK

GOLDEN = json.loads((Path(__file__).parent / "golden" / "tools.json").read_text(encoding="utf-8"))
# MXNet's name of a gradient -> ours; and what runs other operators, which MXNet does not count.
GRADIENTS = {"_backward_copy": "_backward_Flatten"}
LOOPS = {"_foreach"}


@pytest.fixture(autouse=True)
def profiling(tmp_path: Path) -> Iterator[Path]:
    """Statistics on, nothing collected yet; afterwards all is off again."""
    path = tmp_path / "profile.json"
    profiler.set_config(profile_all=True, aggregate_stats=True, filename=str(path))
    profiler.dumps(reset=True)
    yield path
    profiler.set_config(filename=str(path))
    with contextlib.suppress(mx.MXNetError):  # it did not run
        profiler.dump()  # or the end of this process would write a file
    profiler.set_state("stop")
    profiler.dumps(reset=True)
    profiler.set_config()
    assert registry.watchers() == ()


def operators() -> dict[str, int]:
    """What ran, and how often."""
    rows = json.loads(profiler.dumps(format="json"))["Time"].get("operator", {})
    return {name: row["Count"] for name, row in rows.items()}


def events(path: Path) -> list[dict[str, Any]]:
    return json.loads(path.read_text(encoding="utf-8"))["traceEvents"]


# Operators


@pytest.mark.parametrize("name", WORK)
def test_operators_and_gradients_are_counted_as_in_mxnet(name):
    run = WORK[name](mx)
    profiler.set_state("run")
    run()
    profiler.set_state("stop")
    found = {operator: count for operator, count in operators().items() if operator not in LOOPS}
    assert found == {GRADIENTS.get(operator, operator): n for operator, n in GOLDEN["profiles"][name].items()}


def test_results_are_the_same():
    net = gluon.nn.HybridSequential()
    net.add(gluon.nn.Conv2D(4, 3), gluon.nn.BatchNorm(), gluon.nn.Flatten(), gluon.nn.Dense(3))
    net.initialize()
    net.hybridize()
    x = nd.random.normal(shape=(2, 1, 8, 8))
    before = net(x)
    profiler.set_state("run")
    during = [net(x) for _ in range(3)]
    profiler.set_state("stop")
    for output in (*during, net(x)):
        torch.testing.assert_close(output._data, before._data)
    assert operators() == {"Convolution": 3, "BatchNorm": 3, "Flatten": 3, "FullyConnected": 3}


def test_nothing_stays_when_it_is_off(monkeypatch):
    net = gluon.nn.Dense(3, in_units=2)
    net.initialize()
    net.hybridize()
    x = nd.ones((1, 2))
    for _ in range(4):
        net(x)
    profiler.set_state("run")
    net(x)
    assert face("relu").__globals__["FN"] is not registry.get("relu").fn
    profiler.set_state("stop")
    for name in ("relu", "FullyConnected", "broadcast_add"):
        op = registry.get(name)
        assert op.function is op.fn
        assert face(name).__globals__.get("FN", op.fn) is op.fn
    for _ in range(4):
        net(x)

    def refuse(*args: Any) -> None:
        raise AssertionError("the long way")

    monkeypatch.setattr(CachedGraph, "run", refuse)
    assert net(x).shape == (1, 3)


def test_an_error_of_an_operator_is_the_same():
    x, y = nd.ones((2, 3)), nd.ones((4, 5))
    messages = []
    for state in ("stop", "run", "stop"):
        profiler.set_state(state)
        with pytest.raises(mx.MXNetError) as caught:
            nd.dot(x, y)
        messages.append(str(caught.value))
    assert messages[0] == messages[1] == messages[2]


def test_sparse_and_random_operators_and_those_of_users_are_seen():
    class Twice(mx.operator.CustomOp):
        def forward(self, is_train, req, in_data, out_data, aux):
            self.assign(out_data[0], req[0], in_data[0] * 2)

    @mx.operator.register("profiled_twice")
    class TwiceProp(mx.operator.CustomOpProp):
        def create_operator(self, ctx, shapes, dtypes):
            return Twice()

    csr = nd.array([[0, 1], [2, 0]]).tostype("csr")
    profiler.set_state("run")
    nd.sparse.dot(csr, nd.ones((2, 2)))
    nd.random.normal(shape=(2,))
    nd.random.uniform(0, 1, shape=(2,), ctx="cpu(0)")
    nd.Custom(nd.ones((2,)), op_type="profiled_twice")
    profiler.set_state("stop")
    assert operators() == {
        "dot": 1,
        "_ones": 2,
        "_random_normal": 1,
        "_random_uniform": 1,
        "Custom": 1,
        "_mul_scalar": 1,
    }


def test_all_threads_are_seen():
    profiler.set_state("run")
    thread = threading.Thread(target=lambda: nd.abs(nd.ones((2,))))
    thread.start()
    thread.join()
    stopper = threading.Thread(target=lambda: profiler.set_state("stop"))
    stopper.start()
    stopper.join()
    assert operators() == {"_ones": 1, "abs": 1}


def test_memory():
    profiler.set_config(profile_memory=True, aggregate_stats=True)
    profiler.set_state("run")
    x = nd.ones((1000, 100)) + 1
    with pytest.raises(mx.MXNetError, match="thread that started it"):
        in_thread(lambda: profiler.set_state("stop"))
    profiler.set_state("stop")
    row = json.loads(profiler.dumps(format="json"))["Memory"]["Device Storage"]["Memory: cpu/0"]
    assert row["Max"] >= x.size * 4 / 1000
    assert "Memory: cpu/0 " in profiler.dumps()
    assert operators() == {"_ones": 1, "_plus_scalar": 1}


def in_thread(function: Any) -> None:
    """Run it in another thread, and raise what it raises."""
    caught: list[BaseException] = []

    def run() -> None:
        try:
            function()
        except BaseException as error:
            caught.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    for error in caught:
        raise error


# The file


def test_the_trace(profiling):
    x = nd.ones((4, 4))
    x.attach_grad()
    task = profiler.Domain("mine").new_task("step")
    profiler.set_state("run")
    with mx.autograd.record(), task:
        y = nd.FullyConnected(x, x, num_hidden=4, no_bias=True)
    y.backward()
    profiler.dump()
    found = events(profiling)
    spans = {e["name"]: e for e in found if e.get("cat") == "operator"}
    assert set(spans) == {"FullyConnected", "_backward_FullyConnected"}
    forward, backward = spans["FullyConnected"], spans["_backward_FullyConnected"]
    assert forward["ph"] == "X"
    assert forward["ts"] + forward["dur"] <= backward["ts"]
    inside = [e["name"] for e in found if e.get("cat") == "cpu_op" and covers(forward, e)]
    assert "aten::mm" in inside
    begin, end = (e for e in found if e["name"] == "step")
    assert (begin["ph"], end["ph"]) == ("b", "e")
    assert begin["ts"] - 1000 <= forward["ts"] <= end["ts"] + 1000  # one clock, but for a millisecond
    assert min(e["ts"] for e in found) >= 0


def covers(outer: dict, inner: dict) -> bool:
    return outer["tid"] == inner["tid"] and outer["ts"] <= inner["ts"] < outer["ts"] + outer["dur"]


def test_dump_ends_the_file_or_goes_on(profiling):
    profiler.set_state("run")
    nd.ones((2,))
    profiler.dump(finished=False)
    first = sum(e.get("cat") == "operator" for e in events(profiling))
    nd.zeros((2,))
    profiler.dump()
    nd.abs(nd.ones((2,)))  # not seen any more
    assert first == 1
    assert [e["name"] for e in events(profiling) if e.get("cat") == "operator"] == ["_ones", "_zeros"]
    with pytest.raises(mx.MXNetError, match="hasn't been run"):
        profiler.dump()


def test_another_file_starts_empty(profiling, tmp_path):
    profiler.set_state("run")
    nd.ones((2,))
    profiler.set_state("stop")
    profiler.set_config(filename=str(tmp_path / "other.json"))
    profiler.set_state("run")
    nd.zeros((2,))
    profiler.dump()
    assert [e["name"] for e in events(tmp_path / "other.json") if e.get("cat") == "operator"] == ["_zeros"]


def test_continuous_dump_writes_at_every_pause(tmp_path):
    path = tmp_path / "all.json"
    profiler.set_config(filename=str(path), continuous_dump=True)
    profiler.set_state("run")
    nd.ones((2,))
    profiler.pause()
    assert [e["name"] for e in events(path) if e.get("cat") == "operator"] == ["_ones"]


def test_a_file_that_cannot_be_written(tmp_path):
    profiler.set_config(filename=str(tmp_path / "missing" / "profile.json"))
    profiler.set_state("run")
    with pytest.raises(FileNotFoundError):
        profiler.dump()


def test_a_program_that_ends_leaves_the_file(tmp_path):
    path = tmp_path / "end.json"
    code = f"import mxnet as mx; mx.profiler.set_config(filename={str(path)!r})\n"
    code += "mx.profiler.set_state('run'); mx.nd.ones(3)"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    assert any(e["name"] == "_ones" for e in events(path))


def test_kernels_count_for_the_operator_that_launched_them():
    """On a GPU: a function returns before its kernels have run."""

    def span(kind: str, name: str, thread: int, ts: float, dur: float, launch: int = 0) -> dict[str, Any]:
        args = {"correlation": launch} if launch else {}
        return {"ph": "X", "cat": kind, "name": name, "pid": 1, "tid": thread, "ts": ts, "dur": dur, "args": args}

    trace = {
        "baseTimeNanoseconds": 5_000,
        "traceEvents": [
            span("cpu_op", "mxnet::outer", 1, 0.0, 100.0),
            span("cpu_op", "mxnet::inner", 1, 10.0, 20.0),
            span("cpu_op", "mxnet::slow", 1, 200.0, 7.0),
            span("cuda_runtime", "cudaLaunchKernel", 1, 12.0, 1.0, 3),
            span("cuda_runtime", "cudaLaunchKernel", 1, 50.0, 1.0, 4),
            span("kernel", "gemm", 7, 300.0, 500.0, 3),
            span("gpu_memcpy", "copy", 7, 900.0, 40.0, 4),
            span("kernel", "lost", 7, 950.0, 1.0, 9),
        ],
    }
    found = read(trace)
    assert found.operators == [("outer", 0.54), ("inner", 0.5), ("slow", 0.007)]
    assert [e["ts"] for e in found.events if e["name"] in ("outer", "gemm")] == [5_000, 305_000]


# Statistics


def test_the_table_looks_like_mxnets():
    profiler.set_state("run")
    nd.ones((2, 2))
    profiler.set_state("stop")
    lines = profiler.dumps().split("\n")
    assert lines[:7] == GOLDEN["table"]
    name, count, *times = lines[7].split()
    assert (name, count) == ("_ones", "1")
    assert len(times) == 4
    assert len(lines[7]) == len(lines[6])
    assert lines[8:] == ["", ""]
    profiler.dumps(reset=True)
    assert profiler.dumps().split("\n") == [*GOLDEN["table"][:3], ""]


@pytest.mark.parametrize("sort_by", ["total", "avg", "min", "max", "count"])
@pytest.mark.parametrize("ascending", [False, True])
def test_the_table_is_sorted(sort_by, ascending):
    profiler.set_state("run")
    for size in (1000, 10):
        x = nd.ones((size, 100))
        for _ in range(size // 10 % 7 + 1):
            x = nd.sin(x) + nd.exp(x)
    profiler.set_state("stop")
    rows = json.loads(profiler.dumps(format="json", sort_by=sort_by, ascending=ascending))["Time"]["operator"].values()
    values = [row[sort_by.capitalize()] for row in rows]
    assert values == sorted(values, reverse=not ascending)
    for row in rows:
        assert row["Min"] <= row["Avg"] <= row["Max"] <= row["Total"]
        assert row["Avg"] == pytest.approx(row["Total"] / row["Count"])


def test_json_names_its_units():
    found = json.loads(profiler.dumps(format="json"))
    assert found == {"Time": {}, "Memory": {}, "Unit": {"Time": "ms", "Memory": "kB"}}


def test_there_is_nothing_to_show_without_aggregate_stats():
    profiler.set_config()
    profiler.set_state("run")
    nd.ones((2,))
    assert profiler.dumps() == ""


# States


def test_pause_and_resume():
    profiler.resume()  # nothing runs
    nd.ones((2,))
    profiler.set_state("run")
    profiler.set_state("run")
    nd.zeros((2,))
    profiler.pause()
    profiler.pause()
    nd.ones((2,))
    profiler.resume()
    nd.abs(nd.zeros((2,)))
    profiler.pause()
    profiler.set_state("stop")
    profiler.resume()
    nd.ones((2,))
    assert operators() == {"_zeros": 2, "abs": 1}
    profiler.pause()
    profiler.set_state("run")  # ends the pause
    nd.ones((2,))
    assert operators() == {"_zeros": 2, "abs": 1, "_ones": 1}


def test_torchs_own_profiler_comes_first():
    own = torch.autograd.profiler.profile()
    with own:
        with pytest.raises(mx.MXNetError, match="a profiler of torch's is running"):
            profiler.set_state("run")
        nd.ones((2,)) + 1
    assert any(e.name == "aten::add" for e in own.function_events)


@pytest.mark.parametrize(
    ("call", "kind", "message"),
    [
        (lambda: profiler.set_config(foo=1), mx.MXNetError, "unknown argument 'foo'; there are filename"),
        (lambda: profiler.set_config(profile_all="x"), mx.MXNetError, "must be True or False, but is 'x'"),
        (lambda: profiler.set_config(dump_period="x"), mx.MXNetError, "must be a number, but is 'x'"),
        (lambda: profiler.set_config(profile_process="foo"), mx.MXNetError, "but is 'foo'"),
        (lambda: profiler.set_config(profile_process="server"), mx.MXNetError, "no server processes"),
        (lambda: profiler.set_state("bad"), KeyError, "bad"),
        (lambda: profiler.set_state("run", "nope"), KeyError, "nope"),
        (lambda: profiler.set_state("run", "server"), mx.MXNetError, "no server processes"),
        (lambda: profiler.pause("nope"), KeyError, "nope"),
        (lambda: profiler.dumps(format="xml"), AssertionError, "format: xml"),
        (lambda: profiler.dumps(sort_by="name"), AssertionError, "sort_by: name"),
        (lambda: profiler.Task(None, "t"), mx.MXNetError, "'t' needs a profiler.Domain, but got None"),
        (lambda: profiler.Counter("d", "c"), mx.MXNetError, "needs a profiler.Domain, but got 'd'"),
        (lambda: profiler.Domain(3), TypeError, "must be a str, but is 3"),
        (lambda: profiler.Domain("d").new_counter("c", "x"), ValueError, "x"),
        (lambda: profiler.Domain("d").new_marker("m").mark("xx"), mx.MXNetError, "scope must be one of .* 'xx'"),
    ],
)
def test_wrong_calls(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


def test_words_for_configurations():
    profiler.set_config(profile_all="True", aggregate_stats="1", dump_period="0.5", continuous_dump=0)
    assert profiler.dumps().startswith("\nProfile Statistics:")


def test_old_names(tmp_path):
    path = tmp_path / "old.json"
    with pytest.warns(DeprecationWarning, match="set_config"):
        profiler.profiler_set_config("all", str(path))
    with pytest.warns(DeprecationWarning, match="set_state"):
        profiler.profiler_set_state("run")
    nd.ones((2,))
    with pytest.warns(DeprecationWarning, match="dump"):
        profiler.dump_profile()
    assert any(e["name"] == "_ones" for e in events(path))
    with pytest.warns(DeprecationWarning, match="set_config"), pytest.raises(mx.MXNetError, match="profile_foo"):
        profiler.profiler_set_config("foo")


# What users add


def test_tasks_frames_events_counters_and_markers(profiling):
    domain = profiler.Domain("mine")
    task, frame, event = domain.new_task("task"), domain.new_frame("frame"), profiler.Event("event")
    counter, marker = domain.new_counter("counter", 5), domain.new_marker("marker")
    assert [str(each) for each in (domain, task, frame, event, counter)] == "mine task frame event counter".split()
    task.start()  # before the profiler runs; what counts is the end
    profiler.set_state("run")
    task.stop()
    task.stop()  # nothing began
    for lasting in (frame, event):
        with lasting:
            pass
    counter += 3
    counter -= 1
    counter.increment(2)
    counter.decrement()
    counter.set_value(17)
    assert isinstance(counter, profiler.Counter)
    marker.mark()
    marker.mark("thread")
    task.start()
    profiler.dump()
    task.stop()  # too late
    found = json.loads(profiler.dumps(format="json"))
    times = {category: {name: row["Count"] for name, row in rows.items()} for category, rows in found["Time"].items()}
    assert times == {"mine": {"task": 1}, "mine,frame": {"frame": 1}, "event": {"event": 1}}
    assert found["Counter"]["mine,counter"]["counter"] == {"Count": 5, "Min": 7, "Max": 17, "Avg": 9.8}
    values = [e["args"]["counter"] for e in events(profiling) if e["ph"] == "C"]
    assert values == [8, 7, 9, 8, 17]
    assert [e["s"] for e in events(profiling) if e["name"] == "marker"] == ["p", "t"]
    assert [e["name"] for e in events(profiling) if e["ph"] == "b"] == ["task", "frame", "event"]
    table = profiler.dumps()
    assert "mine,counter\n" in table
    assert [line.split() for line in table.split("\n") if line.startswith("counter ")] == [
        ["counter", "5", "17.0000", "7.0000", "17.0000", "9.8000"]
    ]


def test_a_counter_counts_while_nothing_is_profiled():
    counter = profiler.Domain("mine").new_counter("counter")
    counter += 4
    profiler.set_state("run")
    counter += 1
    profiler.set_state("stop")
    assert json.loads(profiler.dumps(format="json"))["Counter"]["mine,counter"]["counter"]["Max"] == 5
