"""What is missing of MXNet 1.9.1's Python interface, and why, for docs/reference/api.md.

An entry is a module or name with all that is below it (``mxnet.numpy``, ``mxnet.model.FeedForward``), a method
(``mxnet.gluon.block.Block.save``) or an argument (``mxnet.executor.Executor(handle)``). tests/test_api_page.py fails on
what is missing and has no entry, and on an entry that is there by now. Operators that were left out are in
``mxnet/ops/absent.py``.
"""

from __future__ import annotations

__all__ = ["COMING", "LEFT_OUT", "covering"]


def _table(*rows: tuple[str, str, str]) -> dict[str, str]:
    """Of rows (reason, prefix, names): entry -> reason."""
    return {f"{prefix}.{name}": why for why, prefix, names in rows for name in names.split()}


_NUMPY = "NumPy's interface, `mx.np` and `mx.npx`"
_DATA = "images, RecordIO and iterators over files"
_SETS = "vision data sets"
_ZOO = "the model zoo"
_MODULE = "`mx.module`, training without Gluon"
_ONNX = "ONNX"
_TEXT = "text data and embeddings"
_RNN = "recurrent cells of symbols"

COMING = _table(
    (_NUMPY, "mxnet", "np npx numpy numpy_extension numpy_dispatch_protocol numpy_op_fallback numpy_op_signature"),
    (_NUMPY, "mxnet.ndarray", "np npx numpy numpy_extension"),
    (_NUMPY, "mxnet.symbol", "np npx numpy numpy_extension symbol.Symbol.as_np_ndarray"),
    (_NUMPY, "mxnet.util", "np_ufunc_legal_option wrap_np_binary_func wrap_np_unary_func"),
    (_DATA, "mxnet", "image img io recordio contrib.io"),
    (_DATA, "mxnet.gluon.data", "RecordFileDataset dataset.RecordFileDataset"),
    (_SETS, "mxnet.gluon.data", "vision"),
    (_ZOO, "mxnet.gluon", "model_zoo"),
    (_MODULE, "mxnet", "mod module model.FeedForward contrib.svrg_optimization"),
    (_ONNX, "mxnet", "onnx contrib.onnx"),
    (_TEXT, "mxnet", "contrib.text gluon.contrib.data.text"),
    (_RNN, "mxnet", "rnn"),
)

_QUANTIZED = "INT8 quantization belongs to MXNet's own kernels; float16 and bfloat16 serve"
_COMPILED = "compiled against MXNet's engine; `torch.utils.cpp_extension` and Triton serve"
_ENGINE = "how MXNet's Python calls its C library, generates its functions, and keeps their documentation"
_MANAGER = "the executors of the oldest training loop; `Trainer`, or `Symbol.bind`"
_TORCH7 = "a bridge to Torch 7"
_TUNING = "search spaces for kernels that TVM compiles"
_NOTEBOOK = "charts for notebooks, by packages that are gone"
_WORKERS = "the data loader before 1.4, and how worker processes pass arrays; ours pass them through torch"
_CLASS = "here the module has the class alone; the functions are in `mx.nd` and `mx.sym`"
_HANDLE = "made from a pointer into MXNet's engine; `bind`, `simple_bind`, `mx.sym.var` and operators make them here"
_OBJECTS = "every object has it; the class does not, where it is None in MXNet"
_RAISES = "raises NotImplementedError in MXNet"
_NAMES = "these arguments have other names, or none; give them by position"

LEFT_OUT = _table(
    (_QUANTIZED, "mxnet.contrib", "quant quantization"),
    (_COMPILED, "mxnet", "rtc tvmop library"),
    (_ENGINE, "mxnet", "api cython ndarray_doc symbol_doc ndarray.CachedOp ndarray.op.CachedOp"),
    (_ENGINE, "mxnet", "ndarray.register symbol.register"),
    (_MANAGER, "mxnet", "executor_manager"),
    (_TORCH7, "mxnet", "th torch"),
    (_TUNING, "mxnet", "space"),
    (_NOTEBOOK, "mxnet", "notebook"),
    (_WORKERS, "mxnet.gluon.data.dataloader", "ConnectionWrapper DataLoaderV1 Queue SimpleQueue"),
    (_WORKERS, "mxnet.gluon.data.dataloader", "fetcher_loop_v1 worker_loop_v1 rebuild_ndarray reduce_ndarray"),
    (_WORKERS, "mxnet.gluon.data.dataloader", "rebuild_np_ndarray reduce_np_ndarray"),
    (_CLASS, "mxnet.ndarray.ndarray", "add arange array check_boolean_array_dimension concatenate divide empty equal"),
    (
        _CLASS,
        "mxnet.ndarray.ndarray",
        "eye from_dlpack from_numpy full greater greater_equal histogram imdecode lesser",
    ),
    (_CLASS, "mxnet.ndarray.ndarray", "lesser_equal linspace logical_and logical_or logical_xor maximum minimum"),
    (_CLASS, "mxnet.ndarray.ndarray", "modulo moveaxis multiply not_equal onehot_encode ones power split_v2 subtract"),
    (_CLASS, "mxnet.ndarray.ndarray", "to_dlpack_for_read to_dlpack_for_write true_divide zeros"),
    (_CLASS, "mxnet.ndarray.utils", "array empty zeros"),
    (_CLASS, "mxnet.symbol.symbol", "arange eye full histogram hypot linspace maximum minimum ones pow power split_v2"),
    (_CLASS, "mxnet.symbol.symbol", "zeros"),
    (_ENGINE, "mxnet.ndarray", "get_indexing_dispatch_code get_oshape_of_gather_nd_op"),
    (_ENGINE, "mxnet.ndarray", "indexing_key_expand_implicit_axes ndarray.get_indexing_dispatch_code"),
    (_ENGINE, "mxnet.ndarray.ndarray", "get_oshape_of_gather_nd_op indexing_key_expand_implicit_axes"),
    (_HANDLE, "mxnet", "executor.Executor(handle) executor.Executor(group2ctx) symbol.symbol.Symbol(handle)"),
    (_OBJECTS, "mxnet.gluon.contrib.estimator.estimator.Estimator", "logger"),
    (_RAISES, "mxnet.gluon.rnn.rnn_cell.SequentialRNNCell", "hybrid_forward"),
    (_NAMES, "mxnet.symbol", "pow(base) pow(exp) power(base) power(exp)"),
    (_NAMES, "mxnet.gluon.nn.basic_layers", "GroupNorm.hybrid_forward(data) LayerNorm.hybrid_forward(data)"),
)


def covering(name: str) -> str | None:
    """The entry that a name is, or is below of; None where there is none."""
    for entry in COMING | LEFT_OUT:
        if name == entry or name.startswith((entry + ".", entry + "(")):
            return entry
    return None
