"""Short trainings, for MXNet (tools/record_training.py records its answers) and for us."""

from __future__ import annotations

import numpy as np

# (network, optimizer, its arguments, schedule or None, multipliers, steps)
TRAINING = [
    ("perceptron", "sgd", {"learning_rate": 0.1}, None, {}),
    ("perceptron", "sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01}, None, {}),
    ("perceptron", "sgd", {"learning_rate": 0.1, "momentum": 0.9, "wd": 0.01, "clip_gradient": 0.05}, None, {}),
    ("perceptron", "sgd", {"momentum": 0.5}, ("FactorScheduler", {"step": 5, "factor": 0.5, "base_lr": 0.2}), {}),
    ("perceptron", "sgd", {"learning_rate": 0.1, "wd": 0.1}, None, {"0_weight": (0.0, 1.0), "1_bias": (2.0, 0.0)}),
    ("perceptron", "adam", {"learning_rate": 0.01}, None, {}),
    ("perceptron", "adam", {"learning_rate": 0.01, "wd": 0.1, "clip_gradient": 0.02, "beta1": 0.8}, None, {}),
    ("convolutional", "sgd", {"learning_rate": 0.05, "momentum": 0.9}, None, {}),
    ("convolutional", "adam", {"learning_rate": 0.003}, None, {}),
]
STEPS = 20


def _values(seed: int, shape: tuple) -> np.ndarray:
    return np.random.RandomState(seed).uniform(-1, 1, shape).astype("float32")


def _classes(shape: tuple, seed: int) -> np.ndarray:
    """Class numbers for predictions of this shape."""
    return np.random.RandomState(seed).randint(0, shape[1], shape[:1]).astype("float32")


def build(gluon, name: str):
    nn = gluon.nn
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        if name == "perceptron":
            net.add(nn.Dense(5, activation="relu", prefix="0_"), nn.Dense(3, prefix="1_"))
            return net, (8, 4)
        # No bias before BatchNorm: its gradient is pure rounding error, which Adam would blow up.
        net.add(nn.Conv2D(3, kernel_size=3, padding=1, use_bias=False, prefix="0_"), nn.BatchNorm(prefix="1_"))
        net.add(nn.Activation("relu"), nn.MaxPool2D(), nn.Conv2D(4, kernel_size=2, activation="tanh", prefix="2_"))
        net.add(nn.AvgPool2D(), nn.Flatten(), nn.LayerNorm(prefix="3_"), nn.Dense(3, prefix="4_"))
    return net, (8, 2, 8, 8)


def run_training(mx, nd, autograd, gluon, case) -> dict:
    """Losses and final parameters (running statistics included) of a short training from fixed values."""
    network, optimizer, arguments, schedule, multipliers = case
    net, shape = build(gluon, network)
    net.initialize()
    net(nd.zeros(shape))
    for i, (_, parameter) in enumerate(sorted(net.collect_params().items())):
        if parameter.grad_req != "null":
            parameter.set_data(nd.array(_values(10 + i, parameter.shape) * 0.5))
    for suffix, (lr_mult, wd_mult) in multipliers.items():
        (parameter,) = net.collect_params(".*" + suffix).values()
        parameter.lr_mult, parameter.wd_mult = lr_mult, wd_mult
    arguments = dict(arguments)
    if schedule:
        arguments["lr_scheduler"] = getattr(mx.lr_scheduler, schedule[0])(**schedule[1])
    trainer = gluon.Trainer(net.collect_params(), optimizer, arguments)
    loss_fn, losses = gluon.loss.SoftmaxCrossEntropyLoss(), []
    for step in range(STEPS):
        x, y = nd.array(_values(100 + step, shape)), nd.array(_classes((shape[0], 3), 200 + step))
        with autograd.record():
            loss = loss_fn(net(x), y)
        loss.backward()
        trainer.step(shape[0])
        losses.append(float(loss.asnumpy().mean()))
    parameters = {name: p.data().asnumpy() for name, p in sorted(net.collect_params().items())}
    return {"case": repr(case), "losses": losses, "parameters": parameters}
