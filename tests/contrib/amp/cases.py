"""Graphs for mixed precision, and what ``tools/record_amp.py`` asks MXNet about them; ``S`` is ``mx.sym``."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

GOLDEN = Path(__file__).parents[2] / "golden" / "amp.json"

# Composed after amp.init(). With "*": only in float16, since MXNet's list for bfloat16 differs for an operator there.
COMPOSED = """
FullyConnected(x, num_hidden=3)
FullyConnected(x, num_hidden=3, name='fc')
FullyConnected(FullyConnected(x, num_hidden=3, name='fc'), num_hidden=4, no_bias=True)
BatchNorm(Convolution(x, num_filter=3, kernel=(3, 3)))
softmax(FullyConnected(x, num_hidden=3))
Activation(FullyConnected(x, num_hidden=3), act_type='softrelu')
Activation(FullyConnected(x, num_hidden=3), act_type='relu')
LeakyReLU(x)
LeakyReLU(x, act_type='elu')
LeakyReLU(x, act_type='prelu')
x + y
x + x
x + 1 *
x ** 2
2 / x
x == y
x.sum()
x.norm()
add_n(x, y, x)
concat(x, y, dim=1) *
FullyConnected(split(x, num_outputs=2)[1], num_hidden=4) *
topk(x, ret_typ='both')
RNN(x, y, z, S.var('c'), state_size=3, num_layers=1, mode='lstm', state_outputs=True) *
Deconvolution(x, kernel=(2, 2), num_filter=3) *
where(x, y, z)
batch_dot(x, y)
dot(x, y)
Embedding(x, input_dim=3, output_dim=4) *
SoftmaxOutput(FullyConnected(x, num_hidden=3, name='fc'), name='softmax')
linalg.gemm2(x, y)
maximum(x, y)
hypot(x, 1)
stack(x, y)
ctc_loss(x, y)
contrib.interleaved_matmul_selfatt_qk(x, heads=2) *
contrib.box_nms(x)
random_pdf_normal(x, y, z)
LayerNorm(x)
moments(x)
Dropout(FullyConnected(x, num_hidden=3)) *
""".strip().splitlines()

# Given to convert_symbol with LISTS, and what stands after "|" besides. L: low; F: float32; W: widest; U: not listed.
CONVERTED = """
W(x, y)
W(L(x), y)
W(F(x), y)
W(L(x), F(y))
W(U(x), F(y))
W(U(x), L(y))
W(L(x), L(y, 'l2'))
L(W(L(x), L(y, 'l2')), 'l3')
F(W(L(x), L(y, 'l2')))
F(W(L(x), y))
L(W(L(x), y), 'l2')
W(P(x), F(z))
W(U(F(x)), F(z, 'f2'))
W(L(x), F(y), U(z))
W(U(x))
W(L(x))
W(L(x, 'a'), F(y), L(x, 'b'))
G(W(U(x, 'u'), F(y)), W(F(y, 'f2'), U(x, 'u2'), n='w2'))
L(L(L(x), 'l2'), 'l3') | excluded_sym_names=['l2']
L(W(L(x), F(y)), 'l2') | excluded_sym_names=['wide']
F(W(L(x), L(y, 'l2'))) | excluded_sym_names=['wide']
F(L(x)) | excluded_sym_names=['f32']
L(P(L(x)), 'l2') | excluded_sym_names=['pass']
L(U(L(x)), 'l2') | excluded_sym_names=['unk']
P(x) | excluded_sym_names=['pass', 'x', 'nobody']
G(x, L(z))
W(*S.split(L(x), num_outputs=2, name='split'), F(y))
W(S.cast(L(z), dtype='float32', name='c'), F(y))
S.BatchNorm(L(x), name='bn')
S.BatchNorm(F(x), name='bn')
S.Activation(L(x), act_type='softrelu', name='act')
S.Activation(L(x), act_type='softrelu', name='act') | conditional_fp32_ops=[]
P(L(x)) | conditional_fp32_ops=[('Dropout', 'mode', ['always'])]
L(x) | conditional_fp32_ops=[('FullyConnected', 'no_bias', ['True'])], target_dtype_ops=[]
F(L(x)) | fp32_ops=[]
G(F(P(x)), F(x, 'f2'), S.FullyConnected(x, y, num_hidden=2, no_bias=True, name='a'))
S.LeakyReLU(L(z), act_type='prelu', name='pr') | data_names=['z']
S.LeakyReLU(L(z), act_type='prelu', name='pr') | data_names=['z'], cast_optional_params=True
L(S.Embedding(x, input_dim=3, output_dim=4, name='e'), 'l') | data_names=['x'], cast_optional_params=True
S.broadcast_add(L(x), S.var('scale'), name='m') | data_names=['x'], cast_optional_params=True
L(L(x), 'l2') | data_names=['x'], cast_optional_params=True, excluded_sym_names=['low']
L(U(x), 'l2') | data_names=['x'], cast_optional_params=True
S.BatchNorm(L(x), name='bn') | data_names=['x'], cast_optional_params=True
L(x) | data_names=[]
L(x) | cast_optional_params=True
""".strip().splitlines()
LISTS = {"target_dtype_ops": ["FullyConnected"], "fp32_ops": ["softmax"]}

# Refused by convert_symbol: the class of the error.
REFUSED = """
None
L(x) | target_dtype='float32'
L(x) | target_dtype_ops='FullyConnected'
L(x) | target_dtype_ops=['softmax'], fp32_ops=['softmax']
L(x) | target_dtype_ops=['Nobody']
L(x) | conditional_fp32_ops=['Dropout']
L(x) | conditional_fp32_ops=[('Dropout', 'mode', 'training')]
L(x) | conditional_fp32_ops=[('softmax', 'axis', ['-1'])]
L(x) | excluded_sym_names='low'
L(x) | data_names=['nobody']
""".strip().splitlines()


def compose(mx: Any, line: str) -> Any:
    """A symbol of ``COMPOSED``."""
    S, expression = mx.sym, line.removesuffix("*").strip()
    scope = {name: S.var(name) for name in "xyz"}
    called = re.match(r"[\w.]+\(", expression) and not expression.startswith("x.")
    known = {name: getattr(S, name) for name in ("FullyConnected", "Convolution", "split")}
    with mx.name.NameManager():
        return eval(f"S.{expression}" if called else expression, {**known, **scope, "S": S})


def converted(mx: Any, convert: Any, line: str, target: str) -> Any:
    """What ``convert_symbol`` makes of a line of ``CONVERTED``."""
    S = mx.sym
    scope = {name: S.var(name) for name in "xyz"}
    scope |= {
        "S": S,
        "L": lambda a, n="low": S.FullyConnected(a, num_hidden=4, no_bias=True, name=n),
        "F": lambda a, n="f32": S.softmax(a, name=n),
        "W": lambda *a, n="wide": S.add_n(*a, name=n),
        "P": lambda a, n="pass": S.Dropout(a, name=n),
        "U": lambda a, n="unk": S.Convolution(a, no_bias=True, kernel=(3,), num_filter=3, name=n),
        "G": lambda *a: S.Group(list(a)),
    }
    graph, _, keywords = line.partition("|")
    with mx.name.NameManager():
        symbol = eval(graph, scope)
    return convert(symbol, **{"target_dtype": target, **LISTS, **eval(f"dict({keywords})")})


def shown(symbol: Any) -> list:
    """Nodes, with the inputs' places, and heads. Names of converted outputs are told apart by operators in MXNet
    (``wide_0_amp_cast_float32``, ``low_output_amp_cast_float32``); here they are all called like the output.
    """
    graph = json.loads(symbol.tojson(remove_amp_cast=False))
    nodes = [
        [node["op"], re.sub(r"_(output)?\d*(?=_amp_(cast_|multicast))", "", node["name"]), node.get("attrs", {}),
         node["inputs"]]
        for node in graph["nodes"]
    ]  # fmt: skip
    return [nodes, graph["heads"]]
