"""mxnet.name and mxnet.attribute: what symbols are called, and the attributes of a scope."""

from __future__ import annotations

import threading

import pytest

import mxnet as mx
from mxnet.attribute import AttrScope, current_scope
from mxnet.name import NameManager, Prefix, current_manager


def test_counting():
    manager = NameManager()
    assert [manager.get(n, "fc") for n in ("a", None, None, "")] == ["a", "fc0", "fc1", "fc2"]
    prefixed = Prefix("p_")
    assert [prefixed.get(n, "fc") for n in ("a", None)] == ["p_a", "p_fc0"]


def test_scopes_of_names():
    def name() -> str:
        return mx.sym.relu(mx.sym.var("x")).name

    with Prefix("q_") as outer:
        assert current_manager() is outer
        assert name() == "q_relu0"
        with NameManager():
            assert name() == "relu0"
        assert name() == "q_relu1"
        found = []
        thread = threading.Thread(target=lambda: found.append(name()))
        thread.start()
        thread.join()
        assert found == ["relu0"]
    with outer, outer:
        assert name() == "q_relu2"
    assert current_manager() is not outer


def test_attributes():
    scope = AttrScope(x="1", __y__="2")
    assert scope.get(None) == {"x": "1", "__y__": "2"}
    assert scope.get({"x": "9", "z": "3"}) == {"x": "9", "__y__": "2", "z": "3"}
    with pytest.raises(ValueError, match="need to be string"):
        AttrScope(x=1)
    with AttrScope(a="1", b="1"):
        with AttrScope(b="2") as inner:
            assert current_scope().get(None) == {"a": "1", "b": "2"}
        assert inner.get(None) == {"b": "2"}  # in MXNet, it keeps what it saw outside
    assert current_scope().get(None) == {}


@pytest.mark.parametrize(("kind", "current"), [(NameManager, current_manager), (AttrScope, current_scope)])
def test_current_is_discouraged(kind, current):
    with pytest.warns(DeprecationWarning, match="has been deprecated"):
        assert kind.current is current()
    with kind() as outer:
        with pytest.warns(DeprecationWarning, match="has been deprecated"):
            kind.current = kind()
        assert current() is not outer
