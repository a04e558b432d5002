"""NDArray itself: its methods against MXNet's answers, deliberate differences, conversions, copies, pickles."""

from __future__ import annotations

import copy
import pickle
import re
import warnings
import weakref

import numpy as np
import pytest

import mxnet as mx
from mxnet import nd

from .cases import FAMILIES
from .cases.answers import damage, load, run, same, scope
from .cases.different import CASES as DIFFERENT
from .cases.replay import MISSING, check, golden
from .cases.surface import parameters

SURFACE = load("surface")
CALLS = "\n".join(FAMILIES["methods"] + FAMILIES["creation"])
DTYPES = "float32 float64 float16 bfloat16 int8 uint8 int32 int64 bool".split()


@golden("methods")
def test_golden(source, expected):
    check(source, expected)


@pytest.mark.parametrize("name", SURFACE["methods"])
def test_method(name):
    """Every method of MXNet's is there, with its parameters, and has been compared in at least three calls."""
    mine = [p for p in parameters(getattr(nd.NDArray, name)) if p[0] not in ("data", "ary")]  # an operator's self
    expected = SURFACE["methods"][name]
    assert mine[: len(expected)] == expected
    if not name.startswith("as_np"):
        assert len(re.findall(rf"\b{name}\(", CALLS)) >= 3


def test_properties_and_special_methods():
    for name in (*SURFACE["properties"], *SURFACE["special"]):
        assert hasattr(nd.NDArray, name)
        if name in SURFACE["properties"]:
            with pytest.raises(AttributeError):
                setattr(nd.ones((2,)), name, 5)


@golden("different")
def test_deliberate_difference(source, expected):
    """Regluon's answer is the documented one, and MXNet's is not."""
    wanted = run(DIFFERENT[source], mx)
    wanted = {"error": [wanted["type"]]} if "type" in wanted else wanted
    answer = run(source, mx)
    assert same(answer, wanted), answer
    assert expected is not MISSING
    assert not same(answer, expected)
    if "error" in wanted:
        assert not damage(source, mx)


def test_copyto_itself_warns():
    x = nd.ones((2,))
    with pytest.warns(RuntimeWarning, match="itself"):
        assert x.copyto(x) is x


def test_copyto_a_piece_of_the_same_memory():
    x = nd.array([1, 2, 3])
    x[:-1].copyto(x[1:])
    assert x.asnumpy().tolist() == [1, 1, 2]


def test_messages_name_what_is_wrong():
    x = nd.ones((2, 3))
    for call, error, message in (
        (lambda: x.asscalar(), ValueError, r"\(2, 3\)"),
        (lambda: float(x), TypeError, r"\(2, 3\)"),
        (lambda: x.reshape((4, 2)), ValueError, r"size 6 .*\(4, 2\)"),
        (lambda: x.reshape((7, 2)), mx.MXNetError, r"size 6 .*\(7, 2\)"),
        (lambda: x.copyto(nd.ones((3,))), mx.MXNetError, r"\(3,\), expected \(2, 3\)"),
        (lambda: x.astype("float12"), TypeError, "float12.*float32"),
        (lambda: x.tostype("foo"), mx.MXNetError, "'csr', 'default', 'row_sparse'"),
        (lambda: x.as_np_ndarray(), mx.MXNetError, "mx.np"),
        (lambda: nd.NDArray([1, 2]), AssertionError, "nd.array"),
        (lambda: x.slice_assign(nd.ones((5,)), (0,), (1,), (1,)), mx.MXNetError, r"slice_assign.*\(5,\)"),
    ):
        with pytest.raises(error, match=message):
            call()


# ---- copies and pickles ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(), (0,), (3,), (2, 0, 3), (2, 1, 3)])
def test_pickle(dtype, shape):
    values = np.random.RandomState(7).randint(0, 2, shape)
    x = nd.array(values, dtype=dtype)
    y = pickle.loads(pickle.dumps(x))
    assert (y.dtype, y.shape, y.context) == (x.dtype, shape, mx.cpu(0))
    assert y.asnumpy().tolist() == values.tolist()
    y[:] = 0
    assert x.asnumpy().tolist() == values.tolist()


def test_pickles_of_mxnet():
    """Pickles are the same bytes, so each reads the other's."""
    (source,) = (s for s in load("contexts") if "hex()" in s)
    first, second = load("contexts")[source]["tuple"]
    x = pickle.loads(bytes.fromhex(first))
    assert x.asnumpy().tolist() == [[1, -2, 3], [0.5, 0, -4]]
    y = pickle.loads(bytes.fromhex(second))
    assert (y.dtype, y.asnumpy().tolist(), y.context) == (np.int8, [[1], [1]], mx.cpu(0))


def test_damaged_pickles():
    good = pickle.dumps(nd.ones((2, 3)), 2)
    with pytest.raises(mx.MXNetError, match="pickled NDArray"):
        nd.NDArray(None).__setstate__({"handle": bytearray(nd.ones((2,)).__getstate__()["handle"][:-1])})
    assert pickle.loads(good).shape == (2, 3)


def test_copies_keep_the_context_and_share_nothing():
    x = nd.ones((2,), mx.cpu(1))
    for y in (x.copy(), copy.copy(x), copy.deepcopy(x), nd.array(x, ctx=x.context)):
        assert y.context == mx.cpu(1)
        y[:] = 5
    assert x.asnumpy().tolist() == [1, 1]


def test_an_array_lives_in_sets_and_weak_references():
    x = nd.ones((2,))
    reference = weakref.ref(x)
    assert x in {x}
    assert reference() is x
    del x
    assert reference() is None


# ---- beside the graph ------------------------------------------------------------------------------------------------


def test_whole_writes_of_recorded_values_keep_the_memory():
    """y[:] = f(x) while recording: y's views see the values, and later writes to y are seen when it is used again."""
    x, y = nd.array([1, 2]), nd.zeros((2,))
    view = y[0]
    x.attach_grad()
    with mx.autograd.record():
        y[:] = x * 3
    assert view.asscalar() == 3
    y[1] = 100
    with mx.autograd.record():
        z = y * 1
    assert z.asnumpy().tolist() == [3, 100]
    y.backward(nd.array([1, 10]))
    assert x.grad.asnumpy().tolist() == [3, 30]


def test_out_receives_recorded_values():
    x, out = nd.array([1, 2]), nd.zeros((2,))
    x.attach_grad()
    with mx.autograd.record():
        nd.square(x, out=out)
        loss = (out * 2).sum()
    loss.backward()
    assert x.grad.asnumpy().tolist() == [4, 8]
    assert out.asnumpy().tolist() == [1, 4]


def test_results_of_methods_have_memory_of_their_own():
    """Whatever a method returns can be written to without changing anything else, but for views and itself."""
    views = re.compile(r"shares|inplace|reshape\(|detach|copy=False|is x|\.T\b|as_nd|;|as_in")
    for source in load("methods"):
        if views.search(source):
            continue
        arrays = scope(mx)
        before = {n: a.asnumpy() for n, a in arrays.items() if isinstance(a, nd.NDArray)}
        try:
            results = eval(source, arrays)
        except Exception:
            continue
        for result in results if isinstance(results, (list, tuple)) else [results]:
            if isinstance(result, nd.NDArray) and result.size:
                flat = result.reshape((-1,))
                flat[0] = 0 if flat[0].asscalar() else 1
                assert (result.asnumpy().ravel()[0] == 0) == (flat[0].asscalar() == 0), source
        for name, values in before.items():
            np.testing.assert_array_equal(arrays[name].asnumpy(), values, err_msg=source)


def test_waiting():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert nd.waitall() is None
        assert nd.ones((2,)).wait_to_read() is None
