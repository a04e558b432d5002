"""Updates of three small weights, for MXNet (tools/record_optimizers.py records its answers) and us.

A case is a line: a name, the optimizer, and its arguments as Python. ``schedule`` is a scheduler by which the learning
rate changes; ``names`` names the weights; ``sparse`` makes gradients, or also weights, row-sparse.
"""

from __future__ import annotations

import numpy as np

STEPS = 50
SHAPES = ((2, 3), (4,), (1, 2, 2))
NAMES = {0: "dense_weight", 1: "dense_bias", 2: "norm_gamma"}

DENSE = """
sgd: sgd()
sgd wd clip: sgd(wd=0.1, clip_gradient=0.3, rescale_grad=0.5, learning_rate=0.05)
sgd momentum: sgd(momentum=0.9, learning_rate=0.05, rescale_grad=0.25)
sgd momentum wd clip: sgd(momentum=0.8, learning_rate=0.05, wd=0.05, clip_gradient=0.3)
sgd factor: sgd(momentum=0.9, schedule=factor)
sgd names: sgd(learning_rate=0.05, wd=0.3, names=True)
ccsgd: ccsgd(momentum=0.9, learning_rate=0.02)
nag: nag(learning_rate=0.05, wd=0.1)
nag momentum: nag(momentum=0.9, learning_rate=0.02)
nag momentum wd clip: nag(momentum=0.7, learning_rate=0.05, wd=0.1, clip_gradient=0.3, rescale_grad=0.5)
nag decay: nag(momentum=0.9, wd=0.3, learning_rate=0.05)
nag cosine: nag(momentum=0.9, schedule=cosine)
signum: signum()
signum wd: signum(momentum=0.5, wd=0.1, clip_gradient=0.3, rescale_grad=0.5)
signum wd_lh: signum(momentum=0.7, wd_lh=0.1, learning_rate=0.03)
signum plain: signum(momentum=0.0, wd=0.1)
dcasgd: dcasgd(learning_rate=0.05)
dcasgd wd clip: dcasgd(learning_rate=0.05, lamda=2.0, wd=0.1, clip_gradient=0.5, rescale_grad=0.7)
adam: adam()
adam wd clip: adam(learning_rate=0.02, wd=0.1, clip_gradient=0.3, rescale_grad=0.5, beta1=0.8, beta2=0.9, epsilon=1e-4)
adam rescale: adam(learning_rate=0.02, rescale_grad=0.01)
adam cosine: adam(schedule=cosine)
adam begin: adam(begin_num_update=20, learning_rate=0.01)
adam names: adam(learning_rate=0.02, wd=0.3, names=True)
adamax: adamax()
adamax wd clip: adamax(learning_rate=0.02, beta1=0.8, beta2=0.9, wd=0.1, clip_gradient=0.5, rescale_grad=0.5)
nadam: nadam()
nadam wd clip: nadam(learning_rate=0.02, beta1=0.8, beta2=0.9, epsilon=1e-4, schedule_decay=0.1, wd=0.1)
nadam clip: nadam(learning_rate=0.02, clip_gradient=0.5, rescale_grad=0.5, wd=0.1)
adagrad: adagrad(learning_rate=0.1)
adagrad wd clip: adagrad(learning_rate=0.1, eps=1e-3, wd=0.1, clip_gradient=0.4, rescale_grad=0.5)
groupadagrad: groupadagrad(learning_rate=0.1, matrices=True)
groupadagrad clip: groupadagrad(learning_rate=0.1, eps=1e-3, clip_gradient=0.4, rescale_grad=0.5, matrices=True)
adadelta: adadelta()
adadelta wd clip: adadelta(rho=0.8, epsilon=1e-3, wd=0.01, clip_gradient=0.4, rescale_grad=0.5)
rmsprop: rmsprop()
rmsprop wd clip: rmsprop(learning_rate=0.02, gamma1=0.8, epsilon=1e-3, wd=0.1, clip_gradient=0.4, clip_weights=1.0)
rmsprop centered: rmsprop(centered=True, learning_rate=0.002)
rmsprop centered wd: rmsprop(centered=True, gamma1=0.8, gamma2=0.7, epsilon=1e-2, wd=0.1, learning_rate=0.02)
rmsprop centered clip: rmsprop(centered=True, clip_gradient=0.4, clip_weights=1.1, rescale_grad=0.5, learning_rate=0.02)
ftrl: ftrl()
ftrl wd clip: ftrl(lamda1=0.5, beta=0.5, wd=0.1, clip_gradient=0.4, rescale_grad=0.5)
ftml: ftml()
ftml wd clip: ftml(learning_rate=0.02, beta1=0.8, beta2=0.9, epsilon=1e-4, wd=0.1, clip_gradient=0.4, rescale_grad=0.5)
lamb: lamb(learning_rate=0.01)
lamb wd clip: lamb(learning_rate=0.01, beta1=0.8, beta2=0.9, epsilon=1e-4, wd=0.1, clip_gradient=0.4, rescale_grad=0.5)
lamb bounds: lamb(learning_rate=0.01, lower_bound=1.0, upper_bound=2.0, bias_correction=False)
lars: lars(learning_rate=1.0, eta=0.1)
lars momentum: lars(learning_rate=1.0, eta=0.05, momentum=0.9, wd=0.1, eps=1e-3, rescale_grad=0.5, clip_gradient=0.5)
lars factor: lars(eta=0.05, momentum=0.9, schedule=factor)
lars factor plain: lars(eta=0.05, momentum=0.9, schedule=factor, momentum_correction=False)
lars names: lars(learning_rate=0.1, eta=0.5, momentum=0.5, wd=0.1, names=True)
lbsgd: lbsgd(learning_rate=0.05, momentum=0.5, wd=0.1)
lbsgd linear: lbsgd(learning_rate=0.02, batch_scale=3, updates_per_epoch=5, warmup_epochs=4, momentum=0.5)
lbsgd power2: lbsgd(learning_rate=0.02, batch_scale=2, updates_per_epoch=5, warmup_epochs=4, warmup_strategy='power2')
lbsgd sqrt: lbsgd(learning_rate=0.02, batch_scale=2, updates_per_epoch=5, warmup_strategy='sqrt', begin_epoch=2, wd=0.1)
lbsgd lars: lbsgd(learning_rate=0.02, batch_scale=2, warmup_strategy='lars', momentum=0.5, wd=0.1, clip_gradient=0.3)
test: test(rescale_grad=0.1)
"""
SPARSE = """
sgd: sgd(learning_rate=0.05, wd=0.1)
sgd not lazy: sgd(learning_rate=0.05, wd=0.1, lazy_update=False)
sgd momentum: sgd(momentum=0.9, learning_rate=0.05, wd=0.1)
sgd momentum not lazy: sgd(momentum=0.9, learning_rate=0.05, wd=0.1, lazy_update=False)
nag: nag(learning_rate=0.05, wd=0.1)
nag momentum: nag(momentum=0.9, learning_rate=0.05)
adam: adam(learning_rate=0.02, wd=0.1, clip_gradient=0.3)
adam not lazy: adam(learning_rate=0.02, wd=0.1, lazy_update=False)
adagrad: adagrad(learning_rate=0.1, rescale_grad=0.5)
groupadagrad: groupadagrad(learning_rate=0.1, rescale_grad=0.5)
rmsprop: rmsprop(learning_rate=0.02, wd=0.1)
ftrl: ftrl(wd=0.1)
signum: signum(wd=0.1)
lbsgd: lbsgd(learning_rate=0.05, wd=0.1)
"""
HALF = (
    "sgd sgd_momentum nag nag_momentum nag_decay signum dcasgd adam adamax nadam adagrad groupadagrad adadelta rmsprop"
)
HALF += " rmsprop_centered ftrl ftml lamb lars lars_momentum lbsgd test"


def parsed(text):
    return dict(line.split(": ", 1) for line in text.strip().splitlines())


CASES = {
    **parsed(DENSE),
    **{f"half {key}": call.replace("(", "(half=True, ") for key, call in parsed(DENSE).items()
       if key.replace(" ", "_") in HALF.split()},
    **{f"sparse {key}": call.replace("(", "(sparse='grad', ") for key, call in parsed(SPARSE).items()},
    **{f"sparse weights {key}": call.replace("(", "(sparse='both', ") for key, call in parsed(SPARSE).items()
       if key != "nag momentum"},  # which MXNet gets wrong
}  # fmt: skip


def scheduler(mx, kind):
    if kind == "factor":
        return mx.lr_scheduler.FactorScheduler(7, 0.7, base_lr=0.1)
    return mx.lr_scheduler.CosineScheduler(40, 0.05, final_lr=0.001, warmup_steps=10)


def updated(mx, call, dtype="float16", rounded=None):
    """Weight and states after 50 updates, a list of NumPy arrays for each weight.

    dtype: of "half" weights; rounded: a dtype to which values of first weights and of gradients are rounded.
    """
    name, _, arguments = call.partition("(")
    arguments = eval("dict(" + arguments, {"factor": "factor", "cosine": "cosine"})
    half, sparse, matrices = (arguments.pop(key, None) for key in ("half", "sparse", "matrices"))
    if arguments.pop("names", None):
        arguments["param_idx2name"] = NAMES
    if "schedule" in arguments:
        arguments["lr_scheduler"] = scheduler(mx, arguments.pop("schedule"))
    optimizer = mx.optimizer.create(name, **arguments, **({"multi_precision": True} if half else {}))
    if "param_idx2name" in arguments:
        optimizer.set_lr_mult({"dense_bias": 2.0})
    updater = mx.optimizer.get_updater(optimizer)
    shapes = ((4, 2), (3, 3)) if sparse or matrices else SHAPES
    kind = dtype if half else "float32"
    rng = np.random.RandomState(7)

    def array(value):
        return mx.nd.array(value).astype(rounded or kind).astype(kind)

    weights = [array(rng.uniform(0.2, 1, shape) * rng.choice([-1, 1], shape)) for shape in shapes]
    if sparse == "both":
        weights = [weight.tostype("row_sparse") for weight in weights]
    for step in range(STEPS):
        values = [rng.normal(0.2, 1, shape) for shape in shapes]
        if sparse:
            values = [value * (np.arange(len(value)) % 3 != step % 3)[:, None] for value in values]
            values = [value * (np.arange(len(value)) != 1)[:, None] for value in values]
        grads = [array(value) for value in values]
        if sparse:
            grads = [grad.tostype("row_sparse") for grad in grads]
        updater(list(range(len(weights))), grads, weights)
    return [[to_numpy(array) for array in flatten([weight, updater.states[i]])] for i, weight in enumerate(weights)]


def to_numpy(array):
    return array.tostype("default").astype("float32").asnumpy()


def flatten(state):
    if state is None:
        return []
    return [array for part in state for array in flatten(part)] if isinstance(state, (tuple, list)) else [state]
