"""Questions about executors: binding, running, gradients, reshaping. ``mx`` is handed in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .asking import a, b, bn, fc, question, questions


def product(mx):
    return mx.sym.elemwise_mul(a(mx), b(mx), name="ab")


def pair(mx):
    return [mx.nd.array([1, 2, 3]), mx.nd.array([4, 5, 6])]


def bound(*args: Any, make: Callable = product, **kwargs: Any) -> Callable[[Any], Any]:
    """Ask for the outputs of an executor on these arrays; functions among the arguments are given ``mx``."""

    def ask(mx):
        def made(value):
            return value(mx) if callable(value) else value

        executor = make(mx).bind(*map(made, args), **{key: made(value) for key, value in kwargs.items()})
        return executor.forward()

    return ask


def cpu(mx):
    return mx.cpu()


questions(
    "bind",
    list=bound(cpu, pair),
    dict=bound(cpu, lambda mx: dict(zip("bac", [*pair(mx), None], strict=True))),
    missing=bound(cpu, lambda mx: {"a": pair(mx)[0]}),
    short=bound(cpu, lambda mx: pair(mx)[:1]),
    long=bound(cpu, lambda mx: pair(mx) * 2),
    number=bound(cpu, 3),
    numpy=bound(cpu, lambda mx: [pair(mx)[0], np.ones(3)]),
    none=bound(cpu, lambda mx: [pair(mx)[0], None]),
    no_context=bound(None, pair),
    other_context=bound(lambda mx: mx.cpu(1), pair),
    shapes=bound(cpu, lambda mx: [pair(mx)[0], mx.nd.ones(4)]),
    dtypes=bound(cpu, lambda mx: [pair(mx)[0], mx.nd.ones(3, dtype="int32")]),
    gradients_short=bound(cpu, pair, lambda mx: pair(mx)[:1]),
    gradients_of_a_number=bound(cpu, pair, 3),
    request_unknown=bound(cpu, pair, pair, "inplace"),
    states_missing=bound(cpu, lambda mx: {"x": mx.nd.ones((2, 3)), "n_gamma": mx.nd.ones(3), "n_beta": mx.nd.ones(3)},
                         make=lambda mx: mx.sym.BatchNorm(mx.sym.var("x"), name="n")),
    states_short=bound(cpu, lambda mx: [mx.nd.ones((2, 3)), mx.nd.ones(3), mx.nd.ones(3)],
                       aux_states=lambda mx: [mx.nd.ones(3)], make=lambda mx: mx.sym.BatchNorm(mx.sym.var("x"))),
    twice_the_same=bound(cpu, lambda mx: pair(mx)[:1], make=lambda mx: (lambda x: x * x)(a(mx))),
    variables=bound(cpu, lambda mx: pair(mx)[:1], make=lambda mx: (lambda x: mx.sym.Group([x, x + 1, x]))(a(mx))),
    other_executor=bound(cpu, pair, shared_exec=lambda mx: product(mx).simple_bind(mx.cpu(), a=(3,))),
)  # fmt: skip


def simple(*args: Any, make: Callable = product, **kwargs: Any) -> Callable[[Any], Any]:
    """Ask for shapes, dtypes and storage types of what ``simple_bind`` makes."""

    def ask(mx):
        executor = make(mx).simple_bind(mx.cpu(), *args, **kwargs)
        return [
            {n: None if v is None else [v.shape, v.dtype, v.stype, v.asnumpy().tolist()] for n, v in arrays.items()}
            for arrays in (executor.arg_dict, executor.grad_dict, executor.aux_dict)
        ]

    return ask


questions(
    "simple_bind",
    one_shape=simple(a=(3,)),
    halves=simple(a=(0, 3), b=(2, 0)),
    states=simple(make=bn, a=(2, 4)),
    no_shape=simple(),
    too_little=simple(make=fc, fc_bias=(3,)),
    contradiction=simple(a=(3,), b=(4,)),
    number=simple(a=3),
    none=simple(a=(3,), b=None),
    unused_name=simple(a=(3,), zz=(2,)),
    types=simple(type_dict={"a": "float16"}, a=(3,)),
    integers=simple(type_dict={"a": "int32"}, a=(3,)),
    types_differ=simple(type_dict={"a": "float16", "b": "float32"}, a=(3,)),
    type_unknown=simple(type_dict={"a": "foo"}, a=(3,)),
    null=simple("null", a=(3,)),
    by_name=simple({"a": "add"}, a=(3,)),
    listed=simple(["null", "write"], a=(3,)),
    too_many=simple(["null"] * 3, a=(3,)),
    no_requests=simple([], a=(3,)),
    request_unknown=simple("foo", a=(3,)),
    buffer=simple(shared_buffer=3, a=(3,)),
    names=simple(shared_arg_names="a", a=(3,)),
    sparse=simple(make=lambda mx: mx.sym.sparse.dot(mx.sym.var("x", stype="csr"), b(mx)), x=(2, 3), b=(3, 2)),
    embedding=simple(
        make=lambda mx: mx.sym.Embedding(a(mx), input_dim=4, output_dim=2, sparse_grad=True, name="e"), a=(2,)
    ),
)  # fmt: skip


@question
def shared_arguments(mx):
    first = product(mx).simple_bind(mx.cpu(), a=(3,))
    first.arg_dict["a"][:], first.arg_dict["b"][:] = 7, 8
    second = product(mx).simple_bind(mx.cpu(), a=(3,), shared_arg_names=["a"], shared_exec=first, shared_buffer={})
    second.arg_dict["a"][:2], second.grad_dict["a"][:] = 5, 3
    alone = product(mx).simple_bind(mx.cpu(), a=(3,), shared_arg_names=["a"], shared_exec=first)
    return [first.arg_dict, first.grad_dict, second.arg_dict, alone.arg_dict]


@question
def shared_arguments_of_another_shape(mx):
    first = product(mx).simple_bind(mx.cpu(), a=(3,))
    return product(mx).simple_bind(mx.cpu(), a=(4,), shared_arg_names=["a"], shared_exec=first, shared_buffer={})


@question
def shared_states(mx):
    first = bn(mx).simple_bind(mx.cpu(), a=(2, 4))
    second = bn(mx).simple_bind(mx.cpu(), a=(2, 4), shared_arg_names=["fc_weight"], shared_exec=first, shared_buffer={})
    second.aux_dict["bn_moving_mean"][:] = 6
    return first.aux_dict


@question
def shared_buffer(mx):
    buffer: dict = {}
    found = []
    for size in (3, 2, 4):
        executor = product(mx).simple_bind(mx.cpu(), a=(size,), shared_buffer=buffer)
        executor.arg_dict["a"][:] = size
        found.append({name: array.copy() for name, array in buffer.items()})
    return found


def classifier(mx):
    return mx.sym.softmax(bn(mx))


def reshaped(**kwargs: Any) -> Callable[[Any], Any]:
    def ask(mx):
        executor = classifier(mx).simple_bind(mx.cpu(), a=(2, 4)).reshape(**kwargs)
        return [
            [array.shape for array in arrays]
            for arrays in (executor.arg_arrays, executor.grad_arrays, executor.aux_arrays, executor.outputs)
        ]

    return ask


questions(
    "reshape",
    smaller=reshaped(a=(1, 4)),
    larger=reshaped(a=(5, 4)),
    larger_allowed=reshaped(a=(5, 4), allow_up_sizing=True),
    others_change=reshaped(a=(2, 3)),
    others_may_change=reshaped(a=(2, 3), partial_shaping=True),
    others_may_grow=reshaped(a=(2, 5), partial_shaping=True, allow_up_sizing=True),
    others_grow=reshaped(a=(2, 5), allow_up_sizing=True),
    nothing=reshaped(),
    unknown=reshaped(zz=(1,)),
    number=reshaped(a=3),
    contradiction=reshaped(a=(1, 4), fc_weight=(3, 3)),
)


@question
def reshaped_memory(mx):
    executor = classifier(mx).simple_bind(mx.cpu(), a=(2, 4))
    executor.arg_dict["a"][:] = mx.nd.arange(8).reshape((2, 4))
    smaller = executor.reshape(a=(1, 4))
    before = smaller.arg_dict["a"].copy()
    smaller.arg_dict["a"][:], smaller.grad_dict["fc_bias"][:], smaller.aux_dict["bn_moving_var"][:] = 9, 4, 7
    return [before, executor.arg_dict["a"], executor.grad_dict["fc_bias"], executor.aux_dict["bn_moving_var"]]


@question
def reshaped_gradients(mx):
    x, gradient = mx.nd.ones((2, 2)), mx.nd.ones((2, 2))
    executor = (a(mx) * 2).bind(mx.cpu(), [x], [gradient], "add").reshape(a=(1, 2))
    executor.forward(is_train=True)
    executor.backward(mx.nd.ones((1, 2)))
    return gradient


def ready(mx, request="write"):
    executor = product(mx).bind(mx.cpu(), pair(mx), [mx.nd.ones(3) * 10, mx.nd.ones(3) * 20], request)
    executor.forward(is_train=True)
    return executor


def requested(request: Any) -> Callable[[Any], Any]:
    def ask(mx):
        executor = ready(mx, request)
        for _ in range(2):
            executor.backward([mx.nd.array([1, 2, 3])])
        return executor.grad_dict

    return ask


questions(
    "requests",
    write=requested("write"),
    add=requested("add"),
    null=requested("null"),
    listed=requested(["add", "null"]),
    by_name=requested({"b": "write"}),
)


def forward(**kwargs: Any) -> Callable[[Any], Any]:
    return lambda mx: ready(mx).forward(**{key: made(mx) for key, made in kwargs.items()})


def backward(given: Callable[[Any], Any]) -> Callable[[Any], Any]:
    def ask(mx):
        executor = ready(mx)
        executor.backward(given(mx))
        return executor.grad_arrays

    return ask


questions(
    "forward",
    array=forward(a=lambda mx: mx.nd.ones(3) * 2),
    numpy=forward(a=lambda mx: np.ones(3) * 2),
    integers=forward(a=lambda mx: mx.nd.ones(3, dtype="int32") * 2),
    unknown=forward(z=lambda mx: mx.nd.ones(3)),
    other_shape=forward(a=lambda mx: mx.nd.ones(4)),
    number=forward(a=lambda mx: 3),
    listed=forward(a=lambda mx: [1, 2, 3]),
)
questions(
    "backward",
    array=backward(lambda mx: mx.nd.ones(3)),
    listed=backward(lambda mx: [mx.nd.ones(3)]),
    tuple=backward(lambda mx: (mx.nd.ones(3),)),
    by_name=backward(lambda mx: {"ab_output": mx.nd.ones(3)}),
    by_wrong_name=backward(lambda mx: {"x": mx.nd.ones(3)}),
    nothing=backward(lambda mx: None),
    empty=backward(lambda mx: []),
    number=backward(lambda mx: 3),
    numbers=backward(lambda mx: [3]),
)


@question
def backward_of_a_prediction(mx):
    executor = ready(mx)
    executor.forward(is_train=False, a=mx.nd.array([7, 8, 9]))
    executor.backward(mx.nd.ones(3))
    return executor.grad_arrays


@question
def backward_after_a_change(mx):
    executor = ready(mx)
    executor.arg_dict["a"][:] = 5
    executor.backward(mx.nd.ones(3))
    return executor.grad_arrays


@question
def label_when_the_outputs_are_known(mx):
    executor = mx.sym.SoftmaxOutput(a(mx), name="s").simple_bind(mx.cpu(), a=(2, 2))
    outputs = executor.forward(is_train=True)[0].asnumpy()
    executor.arg_dict["s_label"][:] = mx.nd.array([1, 0])
    executor.backward()
    return [outputs.tolist(), executor.grad_dict]


@question
def outputs_are_the_same_arrays(mx):
    executor = ready(mx)
    output, listed = executor.outputs[0], executor.output_dict["ab_output"]
    executor.forward(a=mx.nd.zeros(3))
    return [output, listed, executor.outputs]


@question
def states_of_predictions(mx):
    """The moving statistics: after a prediction, and after a training pass of which no gradient is wanted."""
    found = []
    for request, train in (("write", False), ("null", True)):
        executor = bn(mx).simple_bind(mx.cpu(), request, a=(2, 4))
        executor.arg_dict["a"][:] = 1
        executor.arg_dict["fc_weight"][:], executor.aux_dict["bn_moving_var"][:] = 1, 1
        executor.forward(is_train=train)
        executor.backward(mx.nd.ones((2, 3)))
        found.append(executor.aux_dict)
    return found


@question
def duplicate_outputs(mx):
    x = a(mx)
    return mx.sym.Group([x, x]).bind(mx.cpu(), [mx.nd.ones(2)]).output_dict


def copied(*params: Any, **kwargs: Any) -> Callable[[Any], Any]:
    def ask(mx):
        executor = bn(mx).simple_bind(mx.cpu(), a=(2, 4))
        given = [{name: mx.nd.ones(shape, dtype=dtype) for name, (shape, dtype) in param.items()} for param in params]
        executor.copy_params_from(*given, **kwargs)
        return [executor.arg_dict, executor.aux_dict]

    return ask


questions(
    "copy_params_from",
    argument=copied({"fc_bias": (3, "float32")}),
    converted=copied({"fc_bias": (3, "int32")}, {"bn_moving_mean": (3, "float64")}),
    unknown=copied({"zz": (3, "float32")}),
    unknown_allowed=copied({"zz": (3, "float32")}, {"yy": (3, "float32")}, allow_extra_params=True),
    unknown_state=copied({}, {"zz": (3, "float32")}),
    other_shape=copied({"fc_bias": (4, "float32")}),
)
questions(
    "eval",
    arrays=lambda mx: product(mx).eval(a=pair(mx)[0], b=pair(mx)[1]),
    context=lambda mx: product(mx).eval(mx.cpu(), a=pair(mx)[0], b=pair(mx)[1], c=None),
    missing=lambda mx: product(mx).eval(a=pair(mx)[0]),
    state_missing=lambda mx: mx.sym.BatchNorm(a(mx), name="n").eval(
        a=mx.nd.ones((2, 3)), n_gamma=mx.nd.ones(3), n_beta=mx.nd.ones(3)
    ),
    numpy=lambda mx: product(mx).eval(a=np.ones(3), b=pair(mx)[1]),
)
questions(
    "backend",
    gradient=lambda mx: product(mx).gradient(["a"]),
    unknown=lambda mx: mx.sym.exp(a(mx)).get_backend_symbol("foo"),
    none=lambda mx: fc(mx).optimize_for(None),
    optimized=lambda mx: ready(mx).get_optimized_symbol(),
)
