"""Short trainings whose states are saved in the middle, for MXNet (tools/record_states.py records its files) and us."""

from __future__ import annotations

import numpy as np

SHAPES = {"a": (3, 2), "b": (4,), "c": (1, 2, 2)}
MATRICES = {"a": (3, 2), "b": (4, 1)}


def case(optimizer, arguments, scheduler=None, dtype="float32", contexts=1, shapes=SHAPES, last=None):
    """scheduler: its class and arguments. last: the learning rate that is set before the states are saved."""
    return optimizer, arguments, scheduler, dtype, contexts, shapes, last


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
    "ccsgd": case("ccsgd", {"momentum": 0.9}),
    "nag": case("nag", {"momentum": 0.9, "wd": 0.1}),
    "half nag": case("nag", {"momentum": 0.9, "multi_precision": True}, dtype="float16"),
    "signum": case("signum", {"wd_lh": 0.1}),
    "dcasgd": case("dcasgd", {"lamda": 2.0}),
    "adamax": case("adamax", {"wd": 0.1}),
    "nadam": case("nadam", {"schedule_decay": 0.1}),
    "adagrad": case("adagrad", {"eps": 1e-3}),
    "groupadagrad": case("groupadagrad", {"eps": 1e-3}, shapes=MATRICES),
    "adadelta": case("adadelta", {"rho": 0.7}),
    "rmsprop": case("rmsprop", {"gamma1": 0.7, "clip_weights": 0.9}),
    "centered": case("rmsprop", {"centered": True, "gamma2": 0.7}),
    "ftrl": case("ftrl", {"lamda1": 0.1}),
    "ftml": case("ftml", {"beta1": 0.7}),
    "lamb": case("lamb", {"lower_bound": 0.5, "learning_rate": 0.01}),
    "half lamb": case("lamb", {"learning_rate": 0.01, "multi_precision": True}, dtype="float16"),
    "lars": case(
        "lars", {"momentum": 0.9, "eta": 0.1}, ("FactorScheduler", {"step": 2, "factor": 0.5, "base_lr": 1.0})
    ),
    "half lars": case("lars", {"momentum": 0.9, "eta": 0.1, "multi_precision": True}, dtype="float16"),
    "lbsgd": case("lbsgd", {"momentum": 0.9, "batch_scale": 4, "updates_per_epoch": 1, "learning_rate": 0.1}),
    "test": case("test", {}),
}
STEPS = 3


def parameters(mx, name):
    """The parameters of a case, with values."""
    _, _, _, dtype, count, shapes, _ = CASES[name]
    found = mx.gluon.ParameterDict("net_")
    for i, (name, shape) in enumerate(shapes.items()):
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
