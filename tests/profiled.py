"""Pieces of work to be profiled, by MXNet's profiler and by ours."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["WORK"]


def imperative(mx: Any) -> Callable[[], None]:
    x, w = mx.nd.array([[1, 2], [3, 4]]), mx.nd.array([[1, 0], [2, 1]])
    x.attach_grad()

    def run() -> None:
        for _ in range(3):
            with mx.autograd.record():
                y = mx.nd.FullyConnected(mx.nd.broadcast_add(x, w), w, num_hidden=2, no_bias=True)
                z = (mx.nd.relu(y) * 2 - w).sum()
            z.backward()
        y += 1
        y *= w
        mx.nd.dot(y, w).asnumpy()
        (y > 2).asnumpy()
        mx.nd.ones((2, 3)) + mx.nd.zeros((2, 3)) ** mx.nd.arange(6).reshape((2, 3))

    return run


def hybridized(mx: Any) -> Callable[[], None]:
    nn = mx.gluon.nn
    net = nn.HybridSequential()
    net.add(nn.Conv2D(4, 3), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Flatten(), nn.Dense(3))
    net.initialize(mx.init.One())
    net.hybridize()
    x = mx.nd.ones((2, 1, 8, 8))

    def run() -> None:
        for _ in range(2):
            with mx.autograd.record():
                loss = mx.nd.square(net(x)).mean()
            loss.backward()
        net(x).asnumpy()

    run()
    return run


def executor(mx: Any) -> Callable[[], None]:
    hidden = mx.sym.Activation(mx.sym.FullyConnected(mx.sym.var("data"), num_hidden=4, name="fc"), act_type="tanh")
    bound = mx.sym.SoftmaxOutput(hidden, name="softmax").simple_bind(mx.cpu(), data=(2, 3))

    def run() -> None:
        for _ in range(2):
            bound.forward(is_train=True)
            bound.backward()
            bound.outputs[0].asnumpy()

    run()
    return run


def loop(mx: Any) -> Callable[[], None]:
    data, state = mx.sym.var("data"), mx.sym.var("state")
    outputs, final = mx.sym.contrib.foreach(lambda x, s: (mx.sym.exp(x), mx.sym.elemwise_add(s, x)), data, state)
    bound = mx.sym.Group([outputs, final]).bind(mx.cpu(), {"data": mx.nd.ones((3, 2)), "state": mx.nd.ones((2,))})

    def run() -> None:
        bound.forward()[0].asnumpy()

    run()
    return run


WORK: dict[str, Callable[[Any], Callable[[], None]]] = {
    work.__name__: work for work in (imperative, hybridized, executor, loop)
}
