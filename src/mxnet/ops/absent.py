"""MXNet's operators that are not here, and why: those that were left out, and those internal to MXNet's engine.

Whoever asks for one (``nd.contrib.quantize``, a graph in a file, ``registry.get``) is told the reason. The tests hold
the registry complete but for these two tables.
"""

from __future__ import annotations

__all__ = ["INTERNAL", "LEFT_OUT", "reason"]

_QUANTIZED = "INT8 quantization graphs belong to MXNet's own kernels; run the network in float16, bfloat16 or float32"
_INTGEMM = "intgemm is a library of INT8 matrix products inside MXNet; use FullyConnected or dot"
_DGL = "sampling of graphs in CSR matrices belongs to DGL, which has it itself today"
_SUBGRAPH = (
    "it stands for a part of a graph that MXNet hands to MKLDNN or TensorRT; load the graph that it was made from"
)
_TVM = "operators compiled by TVM are built into MXNet only"
_RTC = "kernels from CUDA source belong to MXNet's engine; write them with torch.utils.cpp_extension or Triton"


def _table(*rows: tuple[str, str, str]) -> dict[str, str]:
    return {prefix + name: why for prefix, names, why in rows for name in names.split()}


# Name of an operator, or of a module (mx.rtc) -> why it was left out.
LEFT_OUT = _table(
    ("_contrib_", "quantize quantize_v2 quantize_asym dequantize requantize calibrate_entropy", _QUANTIZED),
    ("_contrib_quantized_", "act batch_norm concat conv elemwise_add elemwise_mul embedding flatten", _QUANTIZED),
    ("_contrib_quantized_", "fully_connected pooling rnn", _QUANTIZED),
    ("_contrib_intgemm_", "fully_connected maxabsolute prepare_data prepare_weight take_weight", _INTGEMM),
    ("_contrib_dgl_", "adjacency csr_neighbor_non_uniform_sample csr_neighbor_uniform_sample", _DGL),
    ("_contrib_dgl_", "graph_compact subgraph", _DGL),
    ("_contrib_", "edge_id", _DGL),
    ("_sg_mkldnn_", "conv fully_connected selfatt_qk selfatt_valatt", _SUBGRAPH),
    ("", "_TensorRT", _SUBGRAPH),
    ("mx.", "tvmop", _TVM),
    ("mx.", "rtc", _RTC),
)

_HANDLE = "it wraps an object of MXNet's engine, and fails there when it is called by name"
_LEGACY = "it wraps a pointer to a Python object of MXNet 0.x; write a mx.operator.CustomOp"
_BACKWARD = "torch's autograd differentiates; nothing calls it by name"

# Name -> what it is in MXNet. All of these are an MXNetError there when users call them, but for some backward ones.
INTERNAL = _table(
    ("", "_CachedOp _CachedOpThreadSafe _CustomFunction", _HANDLE),
    ("", "_NDArray _Native", _LEGACY),
    ("", "_imdecode", "it reads an image at an address in memory, and always fails in MXNet; use nd.imdecode"),
    ("", "_NoGradient", "it marks an input without a gradient, and cannot be computed in MXNet either"),
    ("", "_CrossDeviceCopy", "MXNet's executors put it between devices; use as_in_context"),
    ("", "_broadcast_backward _split_v2_backward", _BACKWARD),
)


def reason(name: str) -> str | None:
    """Why there is no operator of that name: a sentence, or None when MXNet has none either."""
    if name in LEFT_OUT:
        return f"{name!r} is left out of this library: {LEFT_OUT[name]}. See docs/differences.md."
    why = _BACKWARD if name.startswith(("_backward_", "_contrib_backward_")) else INTERNAL.get(name)
    return why and f"{name!r} is internal to MXNet's engine: {why}. See docs/differences.md."
