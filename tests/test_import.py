"""`import mxnet` brings in nothing but what Regluon depends on, and leaves the process as it was."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import Any

DEPENDENCIES = {"torch", "numpy"}

STATE = """
import hashlib, locale, logging, multiprocessing, os, pickle, random, signal, sys, warnings
import numpy, torch

def state():
    digest = lambda value: hashlib.sha256(pickle.dumps(value)).hexdigest()
    return {
        "default dtype": str(torch.get_default_dtype()),
        "default device": str(torch.get_default_device()),
        "grad mode": torch.is_grad_enabled(),
        "inference mode": torch.is_inference_mode_enabled(),
        "anomaly detection": torch.is_anomaly_enabled(),
        "threads": torch.get_num_threads(),
        "interop threads": torch.get_num_interop_threads(),
        "seed": torch.initial_seed(),
        "generator": digest(torch.get_rng_state().numpy().tobytes()),
        "CUDA started": torch.cuda.is_initialized(),
        "deterministic": torch.are_deterministic_algorithms_enabled(),
        "matmul precision": torch.get_float32_matmul_precision(),
        "mkldnn": torch.backends.mkldnn.enabled,
        "print options": digest(vars(torch._tensor_str.PRINT_OPTS)),
        "numpy generator": digest(numpy.random.get_state()),
        "numpy print options": str(numpy.get_printoptions()),
        "numpy errors": numpy.geterr(),
        "python generator": digest(random.getstate()),
        "environment": dict(os.environ),
        "warning filters": len(warnings.filters),
        "log handlers": [str(handler) for handler in logging.root.handlers],
        "SIGINT": str(signal.getsignal(signal.SIGINT)),
        "start method": multiprocessing.get_start_method(allow_none=True),
        "recursion limit": sys.getrecursionlimit(),
        "locale": locale.setlocale(locale.LC_ALL),
    }
"""


def answer(code: str) -> Any:
    """What a fresh interpreter prints, read as JSON."""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)


def test_import_asks_for_nothing_but_the_dependencies():
    """Extras are not even looked for, and what torch leaves asleep (sympy, say, which is slow) stays asleep."""
    code = f"""
import json, sys, {", ".join(sorted(DEPENDENCIES))}

class Watch:
    asked = set()

    def find_spec(self, name, path=None, target=None):
        self.asked.add(name.partition(".")[0])

sys.meta_path.insert(0, Watch())
import mxnet
print(json.dumps(sorted(Watch.asked)))
"""
    assert set(answer(code)) - DEPENDENCIES - sys.stdlib_module_names == {"mxnet"}


def test_import_leaves_global_state_alone():
    before, after = answer(
        STATE
        + """
import json
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.set_num_threads(3)
torch.manual_seed(1234)
before = state()
import mxnet
print(json.dumps([before, state()]))
"""
    )
    assert before["seed"] == 1234
    assert before["threads"] == 3
    assert after == before


def test_the_first_forward_loads_nothing_heavy():
    """Shapes that wait for the first batch are found without torch's meta device, which takes a second to load."""
    code = """
import json, sys
import mxnet as mx
net = mx.gluon.nn.Sequential()
net.add(mx.gluon.nn.Conv2D(3, 3), mx.gluon.nn.BatchNorm(), mx.gluon.nn.Dense(2), mx.gluon.nn.LayerNorm())
net.initialize()
print(json.dumps([net(mx.nd.ones((1, 1, 8, 8))).shape, "sympy" in sys.modules]))
"""
    assert answer(code) == [[1, 2], False]
