"""Ask the real MXNet 1.9.1 what its initializers, learning rate schedulers and metrics do, and write the answers down.

    <python with mxnet==1.9.1 and numpy==1.23.5> tools/record_init_metric.py

writes tests/golden/initializer.json, lr_scheduler.json, metric.json and signatures.json. Every case is a Python
expression, or a list of steps, that the tests evaluate again with this library; the answer stands beside it. An error
is recorded by its class.
"""

from __future__ import annotations

import inspect
import json
import logging
import pathlib
import sys

import numpy as np

import mxnet as mx
from mxnet import gluon, init, lr_scheduler, metric, nd

ROOT = pathlib.Path(__file__).resolve().parents[1]
GOLDEN = ROOT / "tests" / "golden"
sys.path.insert(0, str(ROOT))

from tests.metric_cases import cases as random_cases  # noqa: E402


def ask(question):
    """The answer, or the name of the error's class."""
    try:
        return {"answer": question()}
    except Exception as error:
        return {"error": type(error).__name__}


# ---------------------------------------------------------------------------------------------------- lr_scheduler

WARM = "base_lr=0.3, warmup_steps=5, warmup_begin_lr=0.05"
SCHEDULERS = [
    "FactorScheduler(3, factor=0.5)",
    "FactorScheduler(2.5, factor=0.7)",
    "FactorScheduler(2, 0.3, stop_factor_lr=0.002, base_lr=0.1)",
    f"FactorScheduler(4, 0.5, {WARM})",
    f"FactorScheduler(4, 0.5, {WARM}, warmup_mode='constant')",
    "MultiFactorScheduler([2, 5, 11], factor=0.1)",
    f"MultiFactorScheduler([3, 8, 20], 0.4, {WARM})",
    f"MultiFactorScheduler([3, 8, 20], 0.4, {WARM}, warmup_mode='constant')",
    "PolyScheduler(20)",
    "PolyScheduler(17, pwr=1.5, final_lr=0.001)",
    f"PolyScheduler(20, pwr=3, final_lr=0.02, {WARM})",
    f"PolyScheduler(20, {WARM}, warmup_mode='constant')",
    "CosineScheduler(20)",
    "CosineScheduler(17, final_lr=0.001)",
    f"CosineScheduler(20, final_lr=0.02, {WARM})",
    f"CosineScheduler(20, {WARM}, warmup_mode='constant')",
    f"CosineScheduler(3, {WARM})",
]
SCHEDULER_ERRORS = [
    "LRScheduler()(1)",
    "LRScheduler().get_warmup_lr(0)",
    "LRScheduler(warmup_steps=5).get_warmup_lr(5)",
    "LRScheduler(0.1, 5, 0.2)",
    "LRScheduler(0.1, -1)",
    "LRScheduler(0.1, 2.5)",
    "LRScheduler(0.1, 3, 0, 'cubic')",
    "LRScheduler(0.1, 0, 0, 'cubic')",
    "FactorScheduler(0)",
    "FactorScheduler(1, 1.1)",
    "MultiFactorScheduler((1, 2))",
    "MultiFactorScheduler(3)",
    "MultiFactorScheduler([])",
    "MultiFactorScheduler([0, 2])",
    "MultiFactorScheduler([3, 2])",
    "MultiFactorScheduler([3, 3])",
    "MultiFactorScheduler([3], 2)",
    "PolyScheduler(2.5)",
    "PolyScheduler(0)",
    "CosineScheduler(2.5)",
    "CosineScheduler(-1)",
]


# Thousands of updates, of which every LONG_STRIDE-th is written down.
LONG_WARM = "base_lr=0.3, warmup_steps=500, warmup_begin_lr=0.05"
LONG_UPDATES, LONG_STRIDE = 5000, 83
LONG = [
    f"{text}, {LONG_WARM}, warmup_mode={mode!r})"
    for mode in ("linear", "constant")
    for text in (
        "FactorScheduler(250, 0.9, 1e-3",
        "MultiFactorScheduler([600, 1500, 1501, 4000], 0.25",
        "PolyScheduler(4000, pwr=1.7, final_lr=0.01",
        "CosineScheduler(4000, final_lr=0.01",
    )
]


def record_schedulers():
    rates = {}
    for text in SCHEDULERS:
        slow, jump = eval(text, vars(lr_scheduler)), eval(text, vars(lr_scheduler))
        rates[text] = {"every": [slow(n) for n in range(31)], "jumps": [[n, jump(n)] for n in (0, 4, 9, 10, 28, 3)]}
    errors = {text: ask(lambda text=text: eval(text, vars(lr_scheduler)))["error"] for text in SCHEDULER_ERRORS}
    long = {}
    for text in LONG:
        scheduler = eval(text, vars(lr_scheduler))
        every = [scheduler(n) for n in range(LONG_UPDATES)]
        long[text] = {"rates": every[::LONG_STRIDE], "sum": sum(every), "state": vars(scheduler)}
    return {"rates": rates, "errors": errors, "long": {"updates": LONG_UPDATES, "stride": LONG_STRIDE, "cases": long}}


# ----------------------------------------------------------------------------------------------------- initializer

NAMES = """weight bias gamma beta x_weight x_bias x_gamma x_beta x_min x_max x_weight_min x_bias_max weight_quantize
x_bias_quantize bn_moving_mean bn_moving_var bn_moving_inv_var bn_moving_avg bn_running_mean bn_running_var stn_loc
stn_loc_weight stn_loc_bias stn_loc_extra upsampling0 upsampling0_weight fc x_Weight x_MIN const alpha state
rnn_parameters""".split()
DUMPS = [
    "Initializer()",
    "Initializer(a=1, b=[2])",
    "Zero()",
    "One()",
    "Constant(3)",
    "Constant(3.5)",
    "Constant(nd.array([1, 2]))",
    "Uniform()",
    "Uniform(0.5)",
    "Normal()",
    "Normal(sigma=2)",
    "Xavier()",
    "Xavier('gaussian', 'in', 2)",
    "MSRAPrelu()",
    "MSRAPrelu('out', 0.1)",
    "Orthogonal()",
    "Orthogonal(1, 'normal')",
    "Bilinear()",
    "LSTMBias()",
    "LSTMBias(2.0)",
    "FusedRNN(Xavier(), 4, 2, 'lstm')",
    "FusedRNN(None, 4, 2, 'gru', True, 2.0)",
]
# Expression -> shapes. Deterministic ones, by their values.
FILLED = {
    "Zero()": [(2, 3)],
    "One()": [(2, 3)],
    "Constant(2.5)": [(2, 2)],
    "Constant(nd.array([1, 2, 3]))": [(2, 3)],
    "Constant([[1, 2], [3, 4]])": [(2, 2)],
    "Bilinear()": [(1, 1, 4, 4), (2, 1, 3, 3), (1, 2, 2, 4), (1, 1, 5, 3)],
    "LSTMBias(2.0)": [(8,), (7,), (8, 2)],
    "FusedRNN(Constant(5), 2, 1, 'lstm', False, 4.0)": [(56,), (48,)],
    "FusedRNN(One(), 3, 2, 'gru', True)": [(2 * 9 * (4 + 3 + 2 + 6 + 3 + 2),)],
    "FusedRNN(None, 2, 2, 'rnn_tanh')": [(2 * (3 + 2 + 2 + 2 + 2 + 2),)],
    "FusedRNN(One(), 3, 1, 'lstm')": [(50,)],
}
# Expression -> shapes. Random ones, by the distribution that they ask for.
DRAWN = {
    "Uniform()": [(3,)],
    "Uniform(0.5)": [(3, 2)],
    "Normal()": [(3,)],
    "Normal(2)": [(3, 2)],
    "Xavier()": [(4, 3), (8, 4, 3, 3), (8, 4, 3), (2, 2, 2, 2, 2), (3, 1), (5,), ()],
    "Xavier(factor_type='in')": [(4, 3), (8, 4, 3, 3)],
    "Xavier(factor_type='out', magnitude=2)": [(4, 3), (8, 4, 3, 3)],
    "Xavier('gaussian', 'in', 2.5)": [(4, 3), (8, 4, 3, 3)],
    "Xavier('gaussian')": [(4, 3)],
    "MSRAPrelu()": [(4, 3), (8, 4, 3, 3), (5,)],
    "MSRAPrelu('out', 0)": [(4, 3), (8, 4, 3, 3)],
}
# Expressions of a network that is filled by `init` and asks for another one: attrs["__init__"].
OWN = ["'one'", "'[\"one\", {}]'", "Constant(4)", "Constant(4).dumps()", "''", "'zzz'"]
EQUAL = [
    "Zero() == Zero()",
    "Zero() != Zero()",
    "Zero() == One()",
    "Uniform(0.1) == Uniform(0.1)",
    "Uniform(0.1) == Uniform(0.2)",
    "Xavier() == MSRAPrelu()",
    "Xavier() == Xavier(factor_type='avg')",
    "Zero() == 3",
    "Constant(3) == Constant(3)",
    "Constant(3) == Constant(4)",
]
CREATED = [
    *"zero zeros one ones xavier XAVIER msraprelu normal uniform bilinear orthogonal lstmbias constant".split(),
    '["xavier", {"magnitude": 2}]',
    '{"initializer": "normal", "sigma": 3}',
    "zzz",
]


class Seven(init.Initializer):
    """Shows where _init_weight was called."""

    def _init_weight(self, _, arr):
        arr[:] = 7


class Log(logging.Handler):
    def __init__(self):
        super().__init__()
        self.lines = []

    def emit(self, record):
        self.lines.append(record.getMessage())


def initializer(text):
    return eval(text, {**vars(init), "nd": nd})


def fill(initialize, name, shape):
    """What the initializer makes of an array of threes, flat."""
    arr = nd.full(shape, 3)
    initialize(name, arr)
    return arr.asnumpy().ravel().tolist()


def drawn_distribution(text, shape):
    """Which distribution, with which parameters, the initializer asks for."""
    asked = []
    generators = {"uniform": init.random.uniform, "normal": init.random.normal}
    for name in generators:
        setattr(init.random, name, lambda *args, name=name, **_: asked.append([name, *map(float, args[:2])]))
    try:
        initializer(text)(init.InitDesc("x_weight"), nd.zeros(shape) if shape else nd.array(1.0))
    finally:
        for name, function in generators.items():
            setattr(init.random, name, function)
    return asked


def record_initializers():
    desc = init.InitDesc
    by_name = {
        name: {
            kind: ask(lambda name=name, make=make: fill(Seven(), make(name), (6,) if "bias" in name else (1, 1, 2, 3)))
            for kind, make in (("desc", desc), ("plain", str))
        }
        for name in NAMES
        if name != "weight_quantize"  # a random number
    }
    log = Log()
    logging.getLogger().addHandler(log)
    logging.getLogger().setLevel(logging.INFO)
    loud = init.Constant(nd.array([[3, 4], [0, 0]])).set_verbosity(True)
    for name, attrs in (("a_weight", {}), ("a_bias", {}), ("a_max", {}), ("a_bias", {"__init__": "one"})):
        loud(desc(name, attrs), nd.zeros((2, 2)))
    init.One().set_verbosity(True, lambda arr: f"shape {arr.shape}")(desc("b_weight"), nd.zeros((2, 3)))
    mixed = init.Mixed(["bias", ".*weight"], [init.Zero(), init.One()])
    return {
        "by_name": by_name,
        "dumps": {text: initializer(text).dumps() for text in DUMPS},
        "filled": [
            {
                "init": text,
                "shape": shape,
                **ask(lambda t=text, s=shape: fill(initializer(t), desc("x_weight", global_init=init.One()), s)),
            }
            for text, shapes in FILLED.items()
            for shape in shapes
        ],
        "drawn": [
            {"init": text, "shape": shape, **ask(lambda t=text, s=shape: drawn_distribution(t, s))}
            for text, shapes in DRAWN.items()
            for shape in shapes
        ],
        "own": {
            text: ask(lambda t=text: fill(Seven(), desc("x_bias", {"__init__": initializer(t)}), (2,))) for text in OWN
        },
        "equal": {text: initializer(text) for text in EQUAL},
        "created": {text: ask(lambda t=text: type(init.create(t)).__name__) for text in CREATED},
        "log": log.lines,
        "mixed": {
            name: ask(lambda n=name: fill(mixed, desc(n), (2,)))
            for name in ("x_bias", "bias_weight", "x_weight", "x_gamma")
        },
    }


# ---------------------------------------------------------------------------------------------------------- metric

rng = np.random.RandomState(7)


def array(values, dtype="float32"):
    return {"dtype": dtype, "values": np.array(values).tolist()}


def rand(*shape, dtype="float32"):
    return array(rng.rand(*shape).round(3), dtype)


def classes(k, *shape, dtype="float32"):
    return array(rng.randint(0, k, shape), dtype)


def softmax(*shape):
    scores = np.exp(rng.randn(*shape))
    return array((scores / scores.sum(-1, keepdims=True)).round(4))


L4 = array([0, 1, 2, 1])
BINARY = array([0, 1, 1, 0, 1, 0])


def metric_cases():
    """(expression, steps); a step is (labels, preds) or the name of a method."""
    two = [(classes(3, 5), rand(5, 3)) for _ in range(4)]
    acc = "Accuracy()"
    yield acc, [(L4, rand(4, 3)), ([L4, classes(3, 5)], [rand(4, 3), rand(5, 3)])]
    yield acc, [two[0], "reset_local", two[1], two[2], "reset", two[3]]
    yield acc, [(L4, array([0, 1, 1, 1])), (array([[0, 1], [1, 0]]), array([[0.4, 1.7], [1, 0]]))]
    yield acc, [([array([[0], [1], [2], [1]])], [rand(4, 3)]), ([array([[0, 1, 2, 0]])], [rand(4, 3)])]
    yield acc, [(array([0, 1, 2, 1], "int32"), rand(4, 3)), (array([0, 1, 2, 1], "uint8"), rand(4, 3, dtype="float16"))]
    yield acc, [(array([0.9, 1.9, 2.2, 1]), rand(4, 3, dtype="float64")), (L4, array(np.ones((4, 3))))]
    yield acc, [(classes(3, 2, 4), rand(2, 3, 4))]
    yield "Accuracy(axis=2)", [(classes(3, 2, 4), rand(2, 4, 3))]
    yield "Accuracy(axis=-1)", [(L4, rand(4, 3))]
    yield "Accuracy(axis=0)", [([array([0, 1, 2])], [rand(4, 3)])]
    yield acc, [([], [])]
    yield acc, [(array([0, 1, 2]), rand(4, 3))]
    yield acc, [([array([0, 1])], [rand(4, 3)])]
    yield acc, [([L4, L4], [rand(4, 3)])]
    yield acc, [([L4], rand(4, 3))]
    yield acc, [([array([[0, 1], [1, 1]])], [array([0, 1, 1, 1])])]
    yield "Accuracy(axis=5)", [(L4, rand(4, 3))]
    for k in (2, 3):
        yield f"TopKAccuracy({k})", [two[0], ([L4, L4], [rand(4, 3), rand(4, 3)]), "reset_local", two[1]]
    yield "TopKAccuracy(2)", [([array([[0], [1], [2], [1]])], [rand(4, 3)])]
    yield "TopKAccuracy(5)", [(L4, rand(4, 3))]
    yield "TopKAccuracy(2)", [(L4, rand(4, 3, 1))]
    yield "TopKAccuracy(2)", [([L4], [rand(5, 3)])]
    yield "TopKAccuracy()", []
    for name in ("F1", "MCC"):
        for average in ("macro", "micro"):
            pairs = [(BINARY, rand(6, 2)) for _ in range(5)]
            both = ([BINARY, BINARY], [rand(6, 2), rand(6, 2)])
            text = f"{name}(average={average!r})"
            yield text, [pairs[0], both, "reset_local", pairs[1], pairs[2], "reset", pairs[3]]
            yield text, [(array([0, 0]), array([[1, 0], [1, 0]]))]
            yield text, [(array([1, 1]), array([[0, 1], [0, 1]])), (array([0, 1]), array([[0, 1], [1, 0]]))]
            yield text, [(array([5, 1, -1]), rand(3, 2))]
            yield text, [([array([0, 1])], [rand(4, 2)])]
    yield "PCC()", [two[0], two[1], "reset_local", (classes(5, 6), rand(6, 5)), "reset", two[2]]
    yield "PCC()", [(BINARY, rand(6, 2)), (BINARY, array([0, 1, 1, 1, 0, 0]))]
    yield "PCC()", [(array([0, 0]), array([[1, 0], [1, 0]]))]
    yield "PCC(has_global_stats=False)", [two[3]]
    for name in ("MAE", "MSE", "RMSE"):
        text = f"{name}()"
        yield text, [(rand(4), rand(4)), ([rand(4), rand(3)], [rand(4), rand(3)]), "reset_local", (rand(4), rand(4))]
        yield text, [(rand(4, 2), rand(4, 2)), (rand(4), rand(4, 1)), (rand(4, 1), rand(4)), (rand(4, 1), rand(4, 2))]
        yield text, [(rand(2, 3, 2), rand(2, 3, 2)), (array([1, 2], "int32"), array([2, 4], "int32"))]
        yield text, [(rand(4, dtype="float16"), rand(4, dtype="float16")), (rand(4, dtype="float64"), rand(4))]
        yield text, [(rand(4), rand(3))]
        yield text, [([rand(4)], [rand(3)])]
    prs = [(rand(5), rand(5)) for _ in range(5)]
    for average in ("macro", "micro"):
        text = f"PearsonCorrelation(average={average!r})"
        yield (
            text,
            [prs[0], ([prs[1][0], prs[2][0]], [prs[1][1], prs[2][1]]), (rand(3, 2), rand(3, 2)), "reset", prs[3]],
        )
        yield text, [([rand(5)], [rand(4)])]
        yield text, [([rand(5, 1)], [rand(5)])]
    for name in ("CrossEntropy()", "NegativeLogLikelihood()", "CrossEntropy(eps=0.5)"):
        one = (L4, softmax(4, 3))
        yield name, [one, ([L4, L4], [softmax(4, 3), softmax(4, 3)]), "reset_local", one]
        yield name, [(array([[0], [1], [2], [1]]), softmax(4, 3)), (array([0.9, 1.2, 2, 0]), softmax(4, 3))]
        yield name, [(array([0, 1]), array([[1, 0], [1, 0]])), (array([0, 1, 2, -1]), softmax(4, 3))]
        yield name, [(array([0, 1, 2, 3]), softmax(4, 3))]
        yield name, [(array([0, 1]), softmax(4, 3))]
        yield name, [([classes(3, 2, 4)], [rand(2, 3, 4)])]
    for ignore in (None, 0, 1):
        text = f"Perplexity({ignore})"
        yield (
            text,
            [(L4, softmax(4, 3)), ([L4, L4], [softmax(4, 3), softmax(4, 3)]), "reset_local", (L4, softmax(4, 3))],
        )
        yield text, [(classes(3, 2, 4), softmax(2, 4, 3)), (array([0, 1, 2, 7]), softmax(4, 3))]
        yield text, [([array([0, 1])], [array([[1, 0], [1, 0]])])]
        yield text, [(array([1, 1], "int32"), array([[0.2, 0.8], [1, 0]]))]
        yield text, [(array([0, 1]), softmax(4, 3))]
    yield "Perplexity()", []
    for name in ("Loss", "Torch", "Caffe"):
        text = f"{name}()"
        yield (
            text,
            [(None, rand(4)), (None, [rand(2, 3), rand(1)]), "reset_local", (L4, rand(4)), "reset", (None, rand(3))],
        )
    yield "Loss()", [(None, [])]
    yield "Loss()", [(None, array([1, 2], "int32"))]
    yield "CustomMetric(lambda l, p: float(abs(l - p).mean()))", [prs[0], "reset_local", prs[1]]
    yield "CustomMetric(lambda l, p: (abs(l - p).sum(), len(l)), 'named')", [prs[0], ([prs[1][0]], [prs[1][1]])]
    yield "CustomMetric(lambda l, p: 1.5, allow_extra_outputs=True)", [([rand(4)], [rand(4), rand(2)])]
    yield "CustomMetric(lambda l, p: 1.5)", [([rand(4)], [rand(4), rand(2)])]
    yield "CustomMetric(lambda l, p: None)", [([rand(4)], [rand(4)])]
    yield "np(lambda l, p: (1.5, 3))", [prs[0]]
    yield (
        "CompositeEvalMetric(['acc', TopKAccuracy(2), lambda l, p: 2.0])",
        [two[0], "reset_local", two[1], "reset", two[2]],
    )
    yield "create(['acc', ['ce', 'mcc']])", [(BINARY, softmax(6, 2))]
    yield "EvalMetric('base')", [(L4, L4)]
    yield "create('zzz')", []
    yield "create(3)", []


CONFIGS = [
    "EvalMetric('e', ['o'], ['l'], x=3)",
    "Accuracy(axis=2, output_names=['o'], label_names=['l'])",
    "TopKAccuracy(3)",
    "CrossEntropy(0.5)",
    "Loss()",
    "CompositeEvalMetric([Accuracy(), 'mse'], output_names=['o'])",
]


def to_nd(arrays):
    if isinstance(arrays, list):
        return [to_nd(a) for a in arrays]
    if isinstance(arrays, np.ndarray):
        return nd.array(arrays, dtype=arrays.dtype)
    return arrays and nd.array(arrays["values"], dtype=arrays["dtype"])


def run(text, steps):
    """What `get` and `get_global` say after every step, and the other two ways to ask in the end."""
    said = []
    try:
        m = eval(text, {**vars(metric)})
        for step in steps:
            if isinstance(step, str):
                getattr(m, step)()
            else:
                m.update(to_nd(step[0]), to_nd(step[1]))
            said.append([m.get(), m.get_global()])
    except Exception as error:
        return {"said": said, "error": type(error).__name__}
    return {"said": said, "pairs": m.get_name_value(), "global_pairs": m.get_global_name_value(), "str": str(m)}


def record_metrics():
    cases = []
    for text, steps in metric_cases():
        cases.append({"metric": text, "steps": steps, **run(text, steps)})
    table = mx.registry.get_registry(metric.EvalMetric)
    return {
        "cases": cases,
        "random": {name: run(text, steps)["said"] for name, text, steps in random_cases()},
        "configs": {text: eval(text, {**vars(metric)}).get_config() for text in CONFIGS},
        "names": {name: table[name].__name__ for name in sorted(table)},
    }


# ------------------------------------------------------------------------------------------------------ signatures


def record_signatures():
    """Functions, constructors and the public methods that a class defines itself, by module and dotted name."""
    found = {}
    for module in (metric, init, lr_scheduler, gluon.loss):
        names = found[module.__name__] = {}
        for name, item in sorted(vars(module).items()):
            if name.startswith("_") or getattr(item, "__module__", None) not in (module.__name__, "mxnet.registry"):
                continue
            if inspect.isclass(item):
                own = {key for key in vars(item) if key == "__call__" or not key.startswith("_")}
                methods = [key for key in sorted(own) if inspect.isfunction(vars(item)[key])]
                names.update({f"{name}.{key}": str(inspect.signature(getattr(item, key))) for key in methods})
            if callable(item):
                names[name] = str(inspect.signature(item))
    return found


if __name__ == "__main__":
    for name, record in (
        ("lr_scheduler", record_schedulers),
        ("initializer", record_initializers),
        ("metric", record_metrics),
        ("signatures", record_signatures),
    ):
        path = GOLDEN / f"{name}.json"
        path.write_text(json.dumps(record(), separators=(",", ":")) + "\n")
        print(path.name, path.stat().st_size, "bytes")
