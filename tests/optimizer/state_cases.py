"""Short trainings whose states are saved in the middle, for MXNet (tools/record_states.py records its files) and us."""

from __future__ import annotations

import numpy as np


def case(optimizer, arguments, scheduler=None, dtype="float32", contexts=1, last=None):
    """scheduler: its class and arguments. last: the learning rate that is set before the states are saved."""
    return optimizer, arguments, scheduler, dtype, contexts, last


SLOW_START = {"max_update": 8, "base_lr": 0.2, "warmup_steps": 4, "warmup_begin_lr": 0.1}
CASES = {
    "sgd": case("sgd", {"learning_rate": 0.1}),
    "momentum": case("sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01, "clip_gradient": 0.4}, last=0.03),
    "adam": case("adam", {"learning_rate": 0.02, "beta1": 0.8, "epsilon": 1e-6}),
    "numpy": case("sgd", {"learning_rate": np.float64(0.1), "momentum": np.float32(0.5)}),
    "two contexts": case("adam", {"learning_rate": 0.02}, contexts=2),
    "half sgd": case("sgd", {"learning_rate": 0.1, "momentum": 0.9, "multi_precision": True}, dtype="float16"),
    "half adam": case("adam", {"learning_rate": 0.02, "multi_precision": True}, dtype="float16"),
    "factor": case("sgd", {"momentum": 0.5}, ("FactorScheduler", {"step": 2, "factor": 0.5, "base_lr": 0.2})),
    "multi factor": case("adam", {}, ("MultiFactorScheduler", {"step": [2, 4], "factor": 0.5, "base_lr": 0.2})),
    "poly": case("sgd", {}, ("PolyScheduler", {"max_update": 5, "base_lr": 0.2, "pwr": 1})),
    "cosine": case("sgd", {}, ("CosineScheduler", SLOW_START)),
}
SHAPES = {"a": (3, 2), "b": (4,), "c": (1, 2, 2)}
STEPS = 3


def parameters(mx, name):
    """The parameters of a case, with values."""
    _, _, _, dtype, count, _ = CASES[name]
    found = mx.gluon.ParameterDict("net_")
    for i, (name, shape) in enumerate(SHAPES.items()):
        parameter = found.get(name, shape=shape, dtype=dtype)
        parameter.initialize(ctx=[mx.cpu(i) for i in range(count)])
        parameter.set_data(mx.nd.array(np.random.RandomState(i).uniform(0.2, 1, shape), dtype=dtype))
    return found


def trainer(mx, name, found):
    """A Trainer with the optimizer that the case describes."""
    optimizer, arguments, scheduler, *_ = CASES[name]
    if scheduler:
        arguments = {**arguments, "lr_scheduler": getattr(mx.lr_scheduler, scheduler[0])(**scheduler[1])}
    return mx.gluon.Trainer(found, optimizer, arguments)


def train(mx, found, trainer):
    """A few steps downhill: the loss is the sum of all squares."""
    for _ in range(STEPS):
        with mx.autograd.record():
            losses = [(array * array).sum() for p in found.values() for array in p.list_data()]
        mx.autograd.backward(losses)
        trainer.step(2)


def values(found):
    return {name: p.list_data()[-1].astype("float32").asnumpy().tolist() for name, p in found.items()}
