"""Record the golden answers of tests/ops/samples from the real MXNet 1.9.1.

Run it in an environment that has mxnet==1.9.1 and numpy==1.23.5 (Python 3.11 or earlier), from anywhere::

    python tools/record_ops.py            # all families
    python tools/record_ops.py nn reduce  # these only

Each sample is run twice, with other work in between; one that MXNet answers differently is refused, as is one that
fails, and an error sample that does not.
"""

from __future__ import annotations

import argparse
import ctypes
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mxnet as mx

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.ops.samples import FAMILIES, ErrorSample, Sample, face
from tests.ops.samples.golden import encode, save


class Refused(Exception):
    """A sample that cannot be recorded, and why."""


def with_states(name: str) -> Callable:
    """The operator as a function that also takes its auxiliary states."""
    invoke = mx._ctypes.ndarray._imperative_invoke
    handle = ctypes.c_void_p()
    mx.base._LIB.NNGetOpHandle(name.encode(), ctypes.byref(handle))

    def call(*arrays: Any, **attributes: Any) -> Any:
        texts = [str(value) for value in attributes.values()]
        return invoke(handle.value, list(arrays), list(attributes), texts, None, False, False)

    return call


# MXNet's own functions of these take no states, and fail without.
mx.nd.BatchNorm_v1 = with_states("BatchNorm_v1")
mx.nd.IdentityAttachKLSparseReg = with_states("IdentityAttachKLSparseReg")


def array(value: Any) -> Any:
    """An NDArray of NumPy values; anything else as it is."""
    return mx.nd.array(value, dtype=value.dtype) if hasattr(value, "dtype") else value


def values(result: Any) -> list:
    return encode(result.asnumpy() if isinstance(result, mx.nd.NDArray) else result)


def answer(sample: Sample) -> dict:
    """Outputs, gradients of the inputs, auxiliary states after the backward pass."""
    inputs = [array(x) for x in sample.arrays()]
    for i in sample.differentiated:
        inputs[i].attach_grad()
    with mx.autograd.record(train_mode=sample.train):
        outputs = sample.run(mx.nd, inputs)
    found: dict[str, Any] = {"outputs": [values(out) for out in outputs]}
    if sample.chance:
        return {"outputs": [[dtype, shape, None] for dtype, shape, _ in found["outputs"]]}
    if sample.differentiated and sample.golden_gradient:
        heads = [array(h) for h in sample.head_gradients(outputs)]
        mx.autograd.backward(outputs[: len(heads)], heads, train_mode=sample.train)
        found["gradients"] = {str(i): values(inputs[i].grad) for i in sample.differentiated}
    if sample.states:
        found["states"] = {str(i): values(inputs[i]) for i in sample.states}
    if sample.deduced:
        check_deduced(sample)
    return found


def check_deduced(sample: Sample) -> None:
    """Refuse shapes that MXNet cannot deduce, or deduces otherwise."""
    shapes = {f"in{i}": x.shape for i, x in enumerate(sample.inputs)}
    symbol = sample.run(mx.sym, [mx.sym.Variable(name) for name in shapes])[0]
    given = {name: shapes[name] for i, name in enumerate(shapes) if i not in sample.deduced}
    arguments, _, states = symbol.infer_shape(**given)
    names = symbol.list_arguments() + symbol.list_auxiliary_states()
    found = dict(zip(names, arguments + states, strict=True))
    if found != shapes:
        raise Refused(f"deduces {found}, not {shapes}")


def error(sample: ErrorSample) -> dict:
    """The class of the error; MXNet may raise it when the result is read."""
    try:
        for out in sample.run(mx.nd, [array(x) for x in sample.arrays()]):
            out.wait_to_read()
    except Exception as raised:
        return {"error": type(raised).__name__}
    raise Refused("does not fail")


def record(sample: Sample | ErrorSample) -> dict:
    """The golden answer of one sample."""
    try:
        face(mx.nd, sample.operator)
    except AttributeError:
        raise Refused("there is no such function") from None
    if isinstance(sample, ErrorSample):
        return error(sample)
    try:
        return answer(sample)
    except Refused:
        raise
    except Exception as raised:
        raise Refused(f"fails: {type(raised).__name__}: {str(raised).strip().splitlines()[-1]}") from None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("family", nargs="*", help=f"of {', '.join(FAMILIES)} (default: all)")
    refused = 0
    for name in parser.parse_args().family or FAMILIES:
        answers: dict[str, dict] = {}
        again: dict[str, dict] = {}
        for answers_of_pass in (answers, again):
            for key, sample in FAMILIES[name].samples.items():
                print(f"\r\033[K{key[:110]}", end="", file=sys.stderr, flush=True)  # names the culprit of a crash
                try:
                    answers_of_pass[key] = record(sample)
                except Refused as reason:
                    if answers_of_pass is answers:
                        refused += 1
                        print(f"\r\033[Krefused {name}: {key}: {reason}", file=sys.stderr)
        for key in [k for k in answers if repr(answers[k]) != repr(again.get(k))]:
            refused += 1
            print(f"\r\033[Krefused {name}: {key}: another answer the second time", file=sys.stderr)
            del answers[key]
        path = save(name, answers)
        print(f"\r\033[K{path}: {len(answers)} answers, {path.stat().st_size // 1024} KiB")
    return 1 if refused else 0


if __name__ == "__main__":
    sys.exit(main())
