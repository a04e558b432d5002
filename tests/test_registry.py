"""mxnet.registry: names to classes, and `create` in all the ways it can be asked."""

from __future__ import annotations

import json

import pytest

from mxnet import registry


class Thing:
    def __init__(self, *args, **kwargs):
        self.args, self.kwargs = args, kwargs


class Ball(Thing):
    pass


class Cube(Thing):
    pass


@pytest.fixture
def functions():
    """register, alias and create of a base class that no other test shares, with Ball registered."""
    base = type("Base", (Thing,), {})
    ball = type("Ball", (base,), {})
    register = registry.get_register_func(base, "thing")
    alias = registry.get_alias_func(base, "thing")
    create = registry.get_create_func(base, "thing")
    assert register(ball) is ball
    return base, ball, register, alias, create


def test_registers_by_class_name_in_lower_case(functions):
    base, ball, register, alias, _ = functions
    cube = type("CubeOfWood", (base,), {})
    register(cube)
    register(cube, "Dice")
    assert alias("x", "Y")(cube) is cube
    assert alias()(cube) is cube
    assert registry.get_registry(base) == {"ball": ball, "cubeofwood": cube, "dice": cube, "x": cube, "y": cube}


def test_get_registry_is_a_copy(functions):
    base = functions[0]
    registry.get_registry(base).clear()
    assert list(registry.get_registry(base)) == ["ball"]
    assert registry.get_registry(int) == {}


def test_registering_a_name_again_warns_and_replaces(functions):
    base, _, register, _, create = functions
    other = type("Other", (base,), {"__module__": "elsewhere"})
    with pytest.warns(UserWarning, match=r"New thing elsewhere\.Other registered with name ball is overriding") as seen:
        register(other, "Ball")
    assert seen[0].filename == __file__
    assert type(create("ball")) is other


def test_registers_subclasses_only(functions):
    register = functions[2]
    with pytest.raises(AssertionError, match="Can only register subclass of Base"):
        register(Ball)
    with pytest.raises(TypeError):
        register(3)


@pytest.mark.parametrize(
    ("args", "kwargs", "expected"),
    [
        (("ball",), {}, ((), {})),
        (("BALL", 1), {"k": 2}, ((1,), {"k": 2})),
        ((), {"thing": "ball", "k": 2}, ((), {"k": 2})),
        (('["ball", {"k": 2}]',), {}, ((), {"k": 2})),
        (('{"thing": "ball", "k": 2}',), {}, ((), {"k": 2})),
        (({"thing": "ball", "k": 2},), {}, ((), {"k": 2})),
        # MXNet drops the arguments that come with a dict; a wrong result without a word is no good.
        (({"thing": "ball", "k": 2}, 1), {"j": 3}, ((1,), {"k": 2, "j": 3})),
    ],
)
def test_create(functions, args, kwargs, expected):
    _, ball, _, _, create = functions
    made = create(*args, **kwargs)
    assert type(made) is ball
    assert (made.args, made.kwargs) == expected


def test_create_returns_an_instance_as_it_is(functions):
    _, ball, _, _, create = functions
    one = ball()
    assert create(one) is one
    assert create(thing=one) is one
    for args, kwargs in (((one, 1), {}), ((one,), {"k": 1})):
        with pytest.raises(AssertionError, match="already an instance of Ball"):
            create(*args, **kwargs)


def test_create_leaves_a_given_dict_alone(functions):
    create = functions[4]
    config = {"thing": "ball", "k": 2}
    create(config)
    assert config == {"thing": "ball", "k": 2}


@pytest.mark.parametrize(
    ("args", "kwargs", "error", "message"),
    [
        (("cube",), {}, AssertionError, r"cube is not registered.*thing\.register.*Registered: ball"),
        (('["cube", {}]',), {}, AssertionError, "cube is not registered"),
        ((3,), {}, AssertionError, "thing must be of string type.*got int"),
        ((None,), {}, AssertionError, "got NoneType"),
        ((Ball,), {}, AssertionError, "got type"),
        ((), {}, KeyError, "thing"),
        (({"k": 1},), {}, KeyError, "thing"),
        (('["ball", {}]', 1), {}, AssertionError, "holds all its arguments"),
        (('{"thing": "ball"}',), {"k": 1}, AssertionError, "holds all its arguments"),
        (('["ball"]',), {}, ValueError, "unpack"),
        (("[oops",), {}, json.JSONDecodeError, "Expecting value"),
    ],
)
def test_create_errors(functions, args, kwargs, error, message):
    with pytest.raises(error, match=message):
        functions[4](*args, **kwargs)


def test_functions_are_named_as_users_see_them(functions):
    _, _, register, alias, create = functions
    assert [f.__name__ for f in (register, alias, create)] == ["register", "alias", "create"]
    assert all(f.__doc__ for f in (register, alias, create))
