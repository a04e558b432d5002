"""States of optimizers in files: those that MXNet pickled (tests/golden/states.json, by tools/record_states.py), ours,
and files that nobody should have written.
"""

from __future__ import annotations

import base64
import builtins
import json
import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd
from mxnet.optimizer import pickled, states

from . import state_cases as cases

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "states.json").read_text())
PICKLES = {case: base64.b64decode(answer["states"]) for case, answer in GOLDEN.items()}


def resumed(case, raw, folder, optimizer=None):
    """The parameters of a case in the middle, and a Trainer that knows nothing but the states' file."""
    found = cases.parameters(mx, case)
    for name, value in GOLDEN[case]["mid"].items():
        found[name].set_data(nd.array(value, dtype=found[name].dtype))
    path = folder / "trainer.states"
    path.write_bytes(raw)
    trainer = mx.gluon.Trainer(found, optimizer or cases.CASES[case][0])
    trainer.load_states(path)
    return found, trainer


def assert_at(found, expected, case):
    close = {"rtol": 2e-3} if "half" in case else {"rtol": 1e-5, "atol": 1e-6}
    for name, value in cases.values(found).items():
        np.testing.assert_allclose(value, expected[name], err_msg=name, **close)


# ---- going on --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("case", GOLDEN)
def test_goes_on_from_what_mxnet_pickled(case, tmp_path):
    found, trainer = resumed(case, PICKLES[case], tmp_path)
    assert trainer.learning_rate == pytest.approx(GOLDEN[case]["learning_rate"], rel=1e-12)
    cases.train(mx, found, trainer)
    assert_at(found, GOLDEN[case]["end"], case)


@pytest.mark.parametrize("case", GOLDEN)
def test_goes_on_from_our_own_file(case, tmp_path):
    first = cases.parameters(mx, case)
    trainer = cases.trainer(mx, case, first)
    cases.train(mx, first, trainer)
    assert_at(first, GOLDEN[case]["mid"], case)
    if cases.CASES[case][-1]:
        trainer.set_learning_rate(cases.CASES[case][-1])
    path = tmp_path / "ours"
    trainer.save_states(path)
    found, trainer = resumed(case, path.read_bytes(), tmp_path)
    cases.train(mx, found, trainer)
    assert_at(found, GOLDEN[case]["end"], case)


def described(value):
    """Attributes of an optimizer or a scheduler, with values of arrays."""
    if isinstance(value, nd.NDArray):
        return value.asnumpy().tolist()
    if isinstance(value, dict):
        return {key: described(part) for key, part in value.items() if key not in ("lr_scheduler", "param_dict")}
    return described(vars(value)) if hasattr(value, "__dict__") else value


@pytest.mark.parametrize("case", GOLDEN)
def test_both_files_say_the_same(case, tmp_path):
    found, trainer = resumed(case, PICKLES[case], tmp_path)
    ours = tmp_path / "ours"
    trainer.save_states(ours)
    again = resumed(case, ours.read_bytes(), tmp_path)[1]
    for one, two in zip(
        (trainer.optimizer, trainer.optimizer.lr_scheduler),
        (again.optimizer, again.optimizer.lr_scheduler),
        strict=True,
    ):
        assert type(one) is type(two)
        assert described(one) == described(two)
    assert trainer.optimizer.param_dict == dict(enumerate(found[k] for k in found))


def test_files_are_arrays_without_pickles(tmp_path):
    _, trainer = resumed("half adam", PICKLES["half adam"], tmp_path)
    trainer.save_states(str(tmp_path / "ours"))
    arrays = nd.load(str(tmp_path / "ours"))
    assert next(iter(arrays)) == "states"
    text = json.loads(arrays["states"].asnumpy().tobytes())
    assert text["optimizer"]["object"][0] == "Adam"
    assert len(arrays) == 1 + 3 * 3  # copy, mean, variance


def test_the_optimizer_is_replaced_as_in_mxnet(tmp_path):
    _, trainer = resumed("momentum", PICKLES["momentum"], tmp_path, optimizer="adam")
    assert isinstance(trainer.optimizer, mx.optimizer.SGD)
    assert (trainer.learning_rate, trainer.optimizer.momentum, trainer.optimizer.clip_gradient) == (0.03, 0.9, 0.4)
    assert all(updater.optimizer is trainer.optimizer for updater in trainer._updaters)
    trainer.set_learning_rate(0.5)
    assert trainer.learning_rate == 0.5


def test_updaters_exchange_bytes():
    def updater():
        return mx.optimizer.get_updater(mx.optimizer.SGD(learning_rate=1.0, momentum=0.5))

    one, two, three, weight = updater(), updater(), updater(), nd.ones(2)
    one(7, nd.ones(2), weight)
    two.set_states(one.get_states())
    three.optimizer.lr = 0.1
    three.set_states(one.get_states(dump_optimizer=True))
    assert three.optimizer.lr == 1.0
    assert three.optimizer.num_update == 1
    for other in (two, three):
        assert other.states[7].asnumpy().tolist() == [-1, -1]
        assert other.states[7] is not one.states[7]
    two.optimizer.lr = 2.0
    two.set_states(one.get_states())
    assert two.optimizer.lr == 2.0
    with pytest.raises(mx.MXNetError, match="9 bytes of states"):
        two.set_states(b"no states")


def test_states_without_their_optimizer_that_mxnet_pickled():
    """Updater.get_states() of MXNet: the dict alone."""
    raw = PICKLES["momentum"]
    only = raw[: raw.index(b"\x8c\x19mxnet.optimizer.optimizer")] + b"."
    updater = mx.optimizer.get_updater(mx.optimizer.SGD(momentum=0.1))
    updater.set_states(only)
    assert updater.optimizer.momentum == 0.1
    assert [state.shape for state in updater.states.values()] == list(cases.SHAPES.values())


def test_contexts_that_the_file_does_not_know_count_on(tmp_path):
    found = cases.parameters(mx, "two contexts")
    path = tmp_path / "states"
    path.write_bytes(PICKLES["adam"])
    trainer = mx.gluon.Trainer(found, "adam", update_on_kvstore=False)
    trainer.load_states(path)
    assert trainer.optimizer._all_index_update_counts == {0: {0: 3, 1: 3, 2: 3}, 1: {0: 3, 1: 3, 2: 3}}
    cases.train(mx, found, trainer)
    assert trainer._updaters[1].states[0][0].ctx == mx.cpu(1)
    for parameter in found.values():
        one, two = parameter.list_data()
        assert (one.asnumpy() == two.asnumpy()).all()


# ---- optimizers of users ---------------------------------------------------------------------------------------------


class Schedule(mx.lr_scheduler.LRScheduler):
    def __init__(self, curve=None):
        super().__init__(base_lr=0.5)
        self.curve, self.seen = curve, 0

    def __call__(self, num_update):
        self.seen = num_update
        return self.base_lr


class Own(mx.optimizer.Optimizer):
    def __init__(self, hook=None, **kwargs):
        super().__init__(**kwargs)
        self.hook, self.notes, self.table = hook, ("a", [1, 2.5, None, True]), {"x": nd.ones(2)}

    def create_state(self, index, weight):
        return {"steps": 0, "momentum": nd.zeros(weight.shape)}

    def update(self, index, weight, grad, state):
        self._update_count(index)
        state["steps"] += 1
        weight[:] -= self._get_lr(index) * grad


def test_optimizers_and_schedulers_of_users(tmp_path):
    def trainer(**kwargs):
        found = cases.parameters(mx, "sgd")
        return found, mx.gluon.Trainer(found, Own(hook=print, lr_scheduler=Schedule(abs), **kwargs))

    found, first = trainer()
    first.optimizer.notes, first.optimizer.table = ("b", [np.float32(2), "x"]), {"x": nd.array([7.0]), 3: None}
    cases.train(mx, found, first)
    first.save_states(tmp_path / "states")
    _, second = trainer(wd=0.3)
    second.load_states(tmp_path / "states")
    optimizer = second.optimizer
    assert (optimizer.notes, optimizer.wd, optimizer.num_update) == (("b", [2.0, "x"]), 0.0, cases.STEPS)
    assert (optimizer.hook, optimizer.lr_scheduler.curve) == (print, abs)  # no file can hold them
    assert optimizer.lr_scheduler.seen == cases.STEPS
    assert (optimizer.table["x"].asnumpy().tolist(), optimizer.table[3]) == ([7], None)
    assert second._updaters[0].states[1]["steps"] == cases.STEPS
    _, other = cases.parameters(mx, "sgd"), mx.gluon.Trainer(cases.parameters(mx, "sgd"), "sgd")
    with pytest.raises(mx.MXNetError, match="Cannot find optimizer Own"):
        other.load_states(tmp_path / "states")
    other = mx.gluon.Trainer(cases.parameters(mx, "sgd"), Own())
    with pytest.raises(mx.MXNetError, match="it used the scheduler 'Schedule'"):
        other.load_states(tmp_path / "states")


def test_states_that_no_file_can_hold(tmp_path):
    updater = mx.optimizer.get_updater(mx.optimizer.SGD())
    updater.states[0] = object()
    with pytest.raises(TypeError, match="cannot hold object objects"):
        updater.get_states()


# ---- files that do not fit -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "message"),
    [
        ("momentum", r"state 0 of Parameter 'net_b' must have shape \(4,\), but the file has shape \(4, 2\)"),
        ("sgd", "needs 0 arrays of states, but the file has 1"),
        ("adam", "needs 2 arrays of states, but the file has 1"),
        ("half sgd", "Parameter 'net_b' must have dtype float32, but the file has dtype float64"),
        ("index", r"states for parameter 3, but this Trainer has 3 parameters"),
    ],
)
def test_states_of_something_else_change_nothing(case, message, tmp_path):
    source = {"index": "momentum"}.get(case, case)
    _, trainer = resumed(source, PICKLES[source], tmp_path)
    (updater,) = trainer._updaters
    wrong = {"momentum": nd.ones((4, 2)), "sgd": nd.ones(4), "adam": (nd.ones(4), None), "index": nd.ones(4)}
    wrong["half sgd"] = (nd.ones(4), nd.ones(4, dtype="float64"))
    updater.states[3 if case == "index" else 1] = wrong[case]
    trainer.save_states(tmp_path / "wrong")
    target = mx.gluon.Trainer(cases.parameters(mx, source), "sgd", {"learning_rate": 0.7})
    before = target.optimizer
    with pytest.raises(mx.MXNetError, match=message):
        target.load_states(tmp_path / "wrong")
    assert target.optimizer is before
    assert target._updaters[0].states == {}


def test_files_that_are_not_there(tmp_path):
    trainer = mx.gluon.Trainer(cases.parameters(mx, "sgd"), "sgd")
    for call in (trainer.load_states, trainer.save_states):  # MXNet raises the same
        with pytest.raises(FileNotFoundError, match="nowhere"):
            call(str(tmp_path / "nowhere" / "states"))


@pytest.mark.parametrize(
    "content", [b"", b"hello, world", b"{}", [nd.ones(1)], {"w": nd.ones(1)}, {"states": nd.ones(1)}]
)
def test_files_of_something_else(content, tmp_path):
    path = tmp_path / "states"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        nd.save(path, content)
    with pytest.raises(mx.MXNetError, match="states'"):
        mx.gluon.Trainer(cases.parameters(mx, "sgd"), "sgd").load_states(path)


def written_states():
    """A file of ours, as the text in it and its bytes for any other text."""

    def raw(text):
        data = np.frombuffer(json.dumps(text).encode(), np.uint8)
        return states.binary.encode([states.to_record(nd.array(data, dtype="uint8"))], ["states"])

    optimizer = mx.optimizer.SGD(lr_scheduler=mx.lr_scheduler.FactorScheduler(2))
    arrays = nd.load_frombuffer(states.dumps({}, optimizer))
    return json.loads(arrays["states"].asnumpy().tobytes()), lambda text: b"".join(raw(text))


def test_damaged_descriptions():
    text, raw = written_states()
    assert states.loads(raw(text), "x", mx.optimizer.Adam()).optimizer.lr_scheduler.step == 2
    name, attributes = text["optimizer"]["object"]
    schedule = dict(attributes["dict"])["lr_scheduler"]["object"]

    def optimizer(pairs):
        return {**text, "optimizer": {"object": [name, {"dict": pairs}]}}

    def changed(key, value):
        return optimizer([[k, value if k == key else v] for k, v in attributes["dict"]])

    def scheduler(key, value):
        pairs = [[k, value if k == key else v] for k, v in schedule[1]["dict"]]
        return changed("lr_scheduler", {"object": [schedule[0], {"dict": pairs}]})

    damaged = [
        *(None, 3, "x", [], {}, {"states": {}}, {**text, "states": 3}, {**text, "states": {"array": 0}}),
        *({**text, "states": {"array": -1}}, {**text, "states": {"tuple": 3}}, {**text, "states": {"dict": [[[], 1]]}}),
        *({**text, "states": {"unknown": 1}}, {**text, "optimizer": 3}, {**text, "optimizer": {"object": ["SGD"]}}),
        *({**text, "optimizer": {"object": ["SGD", 3]}}, {**text, "optimizer": {"object": ["system", {"dict": []}]}}),
        *(changed("lr", "fast"), changed("lr_mult", 3), changed("num_update", [1]), changed("lr_scheduler", 3)),
        *(changed("_all_index_update_counts", {"dict": [[0, 3]]}), changed("lr_scheduler", {"object": ["os", []]})),
        *(scheduler("step", 0), scheduler("step", -1), scheduler("step", "x"), scheduler("factor", 2)),
        *(scheduler("count", "x"), scheduler("warmup_steps", 0.5)),
    ]  # fmt: skip
    for content in damaged:
        with pytest.raises(mx.MXNetError):
            states.loads(raw(content), "x", mx.optimizer.SGD())
    deep = json.dumps(text).replace('{"dict": []}', "[" * 5000 + "]" * 5000, 1)
    data = nd.array(np.frombuffer(deep.encode(), np.uint8), dtype="uint8")
    with pytest.raises(mx.MXNetError, match="no trainer states"):
        states.loads(b"".join(states.binary.encode([states.to_record(data)], ["states"])), "x", mx.optimizer.SGD())


# ---- pickles that MXNet never wrote ----------------------------------------------------------------------------------


def refused(raw, message):
    with pytest.raises(mx.MXNetError, match=message):
        states.loads(raw, "'some.states'", mx.optimizer.SGD())


@pytest.mark.parametrize("case", GOLDEN)
def test_truncated_anywhere(case):
    raw = PICKLES[case]
    for end in range(1, len(raw)):
        refused(raw[:end], r"'some\.states': .* at byte \d+: ")
    refused(raw + b"\0", f"STOP at byte {len(raw) - 1}: expected no more bytes")


def test_random_damage_is_an_error_or_other_states():
    random, raw, failures = np.random.RandomState(5), PICKLES["factor"], 0
    for _ in range(3000):
        damaged = bytearray(raw)
        for _ in range(random.randint(1, 4)):
            at = random.randint(1, len(raw) - 8)
            damaged[at : at + random.randint(1, 5)] = random.bytes(random.randint(0, 6))
        try:
            states.loads(bytes(damaged), "x", mx.optimizer.SGD())
        except mx.MXNetError:
            failures += 1
    assert failures > 1500


class Calls:
    """Pickles as a call of ``function``."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


HOSTILE = {
    "os.system": Calls(os.system, "touch {canary}"),
    "eval": Calls(eval, "open('{canary}', 'w')"),
    "exec": Calls(exec, "open('{canary}', 'w')"),
    "getattr": Calls(getattr, os, "system"),
    "import": Calls(__import__, "os"),
    "open": Calls(open, "{canary}", "w"),
    "numpy": Calls(np.fromfile, "{canary}"),
    "partial": Calls(pickle.loads, b"\x80\x04N."),
    "type": Calls(type, "x", (), {}),
}


@pytest.mark.parametrize("place", ["alone", "state", "optimizer", "argument", "attribute"])
@pytest.mark.parametrize("kind", [k for k in HOSTILE if k != "getattr"])
def test_calls_are_refused_and_not_made(kind, place, tmp_path):
    canary = tmp_path / "canary"
    function, arguments = HOSTILE[kind].call
    evil = Calls(function, *(a.replace("{canary}", str(canary)) if isinstance(a, str) else a for a in arguments))
    payload = {
        "alone": evil,
        "state": ({0: evil}, None),
        "optimizer": ({}, evil),
        "argument": ({0: Calls(bytearray, evil)}, None),
        "attribute": ({}, {"a": [(evil,)]}),
    }[place]
    for protocol in range(6):
        raw = pickle.dumps(payload, protocol)
        if protocol > 1:
            refused(
                raw, rf"at byte \d+: it names '\w+\.({function.__name__}|bytearray)'.*Nothing was run|no such opcode"
            )
        else:  # these do not begin as MXNet's do
            refused(raw, "Cannot load arrays from 'some.states'")
    assert not canary.exists()


def op(*parts):
    return b"\x80\x04" + b"".join(parts) + b"."


def text(value):
    return b"\x8c" + bytes([len(value)]) + value.encode()


NDARRAY = text("mxnet.ndarray.ndarray") + text("NDArray") + b"\x93"
BYTEARRAY = text("builtins") + text("bytearray") + b"\x93"
DTYPE = text("numpy") + text("dtype") + b"\x93"
SCALAR = text("numpy.core.multiarray") + text("scalar") + b"\x93"
ARRAY = text("numpy.core.multiarray") + text("_reconstruct") + b"\x93"
SGD = text("mxnet.optimizer.optimizer") + text("SGD") + b"\x93"
BY_HAND = {
    "instance": (op(b"(ios\nsystem\n"), "INST at byte 3: .*no such opcode"),
    "object": (op(b"(", text("ls"), b"cos\nsystem\no"), r"GLOBAL .* it names 'os\.system'"),
    "extension": (op(b"\x82\x01"), "EXT1 at byte 2: .*no such opcode"),
    "persistent": (op(b"Psome\n"), "PERSID"),
    "names from the stack": (op(text("posix"), text("system"), b"\x93"), r"it names 'posix\.system'"),
    "dotted name": (op(text("mxnet.ndarray.ndarray"), text("NDArray.__class__"), b"\x93"), "NDArray.__class__"),
    "names that are numbers": (op(b"K\x01K\x02\x93"), "must be text"),
    "call of a value": (op(b"K\x01)R"), "only a class or function that was named"),
    "call with a value": (op(NDARRAY, b"K\x01R"), "with a tuple"),
    "state of a value": (op(b"}}b"), "expected a Object on the stack|expected an? Object"),
    "class as a value": (op(NDARRAY, b"\x85"), "stands where a value is expected"),
    "empty stack": (op(b"R"), "the stack is empty"),
    "nothing": (op(), "expected one value on the stack"),
    "two values": (op(b"NN"), "expected one value"),
    "open mark": (op(b"(N"), "expected one value|no mark"),
    "no mark": (op(b"t"), "there is no mark"),
    "beyond the mark": (op(b"N(\x85"), "the stack is empty"),
    "memo": (op(b"h\x05"), "nothing was remembered under 5"),
    "huge memo": (op(b"Nr\xff\xff\xff\xffj\xfe\xff\xff\xff"), "nothing was remembered under 4294967294"),
    "key of a tuple": (op(b"}))s"), "a key must be text or an integer, not tuple"),
    "odd items": (op(b"}(Nu"), "a key without a value"),
    "items of a list": (op(b"]NNs"), "expected a dict"),
    "huge frame": (op(b"\x95" + struct.pack("<Q", 2**63)), "."),
    "huge bytes": (op(b"\x8e" + struct.pack("<Q", 2**62)), "at byte"),
    "huge text": (op(b"\x8d" + struct.pack("<Q", 2**62)), "at byte"),
    "huge integer": (op(b"\x8b" + struct.pack("<i", 2**31 - 1)), "at byte"),
    "negative integer size": (op(b"\x8b" + struct.pack("<i", -1)), "at byte"),
    "bytearray of a number": (op(BYTEARRAY, b"J\xff\xff\xff\x7f\x85R"), r"a builtins\.bytearray is no such thing"),
    "array without a state": (op(NDARRAY, b")R"), "NDArray is no such thing"),
    "array of damaged bytes": (op(NDARRAY, b")R}", text("handle"), b"C\x03abcsb"), "an array in 'some.states'"),
    "dtype of objects": (op(DTYPE, text("O8"), b"\x85R"), r"a numpy\.dtype is no such thing"),
    "dtype of fields": (op(DTYPE, text("f8," * 50), b"\x85R"), "numpy.dtype"),
    "scalar of nothing": (op(SCALAR, b")R"), "scalar is no such thing"),
    "scalar of text": (op(SCALAR, text("f8"), b"C\x08", bytes(8), b"\x86R"), "need a dtype and bytes"),
    "shape of text": (
        op(ARRAY, b")R(K\x01", text("x" * 200), b"J\xff\xff\xff\x7f\x86", DTYPE, text("f4"), b"\x85R\x89C\x00tb"),
        "values of another shape",
    ),
    "number": (op(b"K\x01"), "these are no trainer states"),
    "optimizer with arguments": (op(b"}", SGD, b"K\x01\x85\x81}b\x86"), "must come with its attributes"),
    "unknown optimizer": (op(b"}", SGD.replace(b"SGD", b"run"), b")\x81}b\x86"), "Cannot find optimizer run"),
}  # fmt: skip


@pytest.mark.parametrize("kind", BY_HAND)
def test_pickles_by_hand(kind, monkeypatch):
    monkeypatch.setattr(builtins, "__import__", no_more_imports(builtins.__import__))
    refused(*BY_HAND[kind])


def no_more_imports(usual):
    def guard(name, *args, **kwargs):
        assert name not in ("os", "posix"), "a pickle imported something"
        return usual(name, *args, **kwargs)

    return guard


@pytest.mark.parametrize(
    "open_", [b")" + b"\x85" * 10**5, b"]" * 10**5 + b"a" * (10**5 - 1), b"(" * 10**5 + b"t" * 10**5]
)
def test_deep_nesting(open_):
    refused(op(open_), "nested too deeply")


def test_things_inside_themselves_and_things_in_many_places():
    refused(op(b"]\x94h\x00a"), "nested too deeply")
    refused(op(b"}\x94K\x00h\x00s"), "nested too deeply")
    twins = (b"h" + bytes([i]) + b"h" + bytes([i]) + b"\x86\x94" for i in range(30))  # each holds the last one twice
    refused(op(b"()\x94", *twins, b"t"), "too many times")
    array = NDARRAY + b"N\x85R\x94}" + text("handle") + b"h\x00sb"
    refused(op(array), "nested too deeply")


def test_numbers_and_arrays_of_numpy():
    """MXNet's users pass them as arguments; NumPy 1 and 2 pickle them by different names."""
    values = (np.float64(0.5), np.float32(0.25), np.int64(-3), np.bool_(True), np.arange(6.0).reshape(2, 3).T)
    old = pickle.dumps(list(values), 3)
    for raw in (pickle.dumps(list(values), 4), old, old.replace(b"numpy._core", b"numpy.core")):
        *numbers, array = pickled.read(raw, "x")
        assert numbers == [0.5, 0.25, -3, True]
        assert array.asnumpy().tolist() == [[0, 3], [1, 4], [2, 5]]
        assert array.dtype == np.float64
    with pytest.raises(mx.MXNetError, match="no type of numbers"):
        pickled.read(pickle.dumps(np.arange(3, dtype=">f8"), 4), "x")
