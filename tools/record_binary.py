"""Record array files that MXNet 1.9.1 wrote, and what it reads from them, into tests/golden/binary.

Run in an environment that has mxnet==1.9.1 and numpy==1.23.5::

    python tools/record_binary.py tests/golden/binary

index.json lists the names and the arrays of every file: dtype, shape, storage, and the context they were saved from.
expected.npz holds their values under "FILE/NUMBER" (bfloat16 as uint16; the parts of sparse arrays under
"FILE/NUMBER/PART"). Files that MXNet 1.9.1 reads but no longer writes (``read_only`` in the index) are put together
here; their values are its answers too.
"""

from __future__ import annotations

import json
import struct
import sys
from pathlib import Path

import numpy as np

import mxnet as mx
from mxnet import nd

BFLOAT16 = np.dtype([("bfloat16", np.uint16)])
random = np.random.RandomState(7)


def numbers(shape, dtype="float32", ctx=None):
    """An array of random numbers, negative ones too where the dtype has them."""
    return nd.array(random.uniform(-50, 50, shape), dtype="float32", ctx=ctx).astype(dtype)


def old_record(header, dims, ctx=(1, 0), wide=False, code=0, values=b""):
    """A record in a layout from before V2: ``header``, ndim, dimensions of 32 or 64 bits, context, dtype, values."""
    shape = struct.pack(f"<I{len(dims)}{'q' if wide else 'I'}", len(dims), *dims)
    return header + shape + struct.pack("<iii", *ctx, code) + values


def old_file(*records, names=()):
    names = [struct.pack("<Q", len(n)) + n.encode() for n in names]
    parts = (struct.pack("<QQQ", 0x112, 0, len(records)), *records, struct.pack("<Q", len(names)), *names)
    return b"".join(parts)


def files():
    """Yields (file name, what to save or the bytes themselves, whether under NumPy shapes)."""
    dtypes = ("float32", "float64", "float16", "uint8", "int32", "int8", "int64", "bool")
    shapes = ((3, 4), (2,), (2, 1, 3), (5,), (1, 2), (2, 4), (3,), (2, 3))
    arrays = {d: numbers(s, d if d != "bool" else "int8") for d, s in zip(dtypes, shapes, strict=True)}
    arrays["bool"] = (arrays["bool"] > 0).astype("bool")
    arrays["bfloat16"] = numbers((2, 2), BFLOAT16)
    yield "dtypes.params", arrays, False
    yield "single.nd", numbers((2, 3)), False
    yield "list.nd", [numbers((2,)), numbers((1, 1, 1, 1, 2), "int32")], False
    yield "slice.nd", [nd.arange(12).reshape((4, 3))[1:3], nd.arange(6).reshape((2, 3)).T], False
    contexts = mx.cpu(0), mx.cpu(1), mx.Context("cpu_pinned", 0), mx.Context("cpu_shared", 0)
    yield "contexts.nd", [numbers((2,), ctx=c) for c in contexts], False
    yield "names.params", {n: numbers((1,)) for n in ("", "arg:fc_weight", "größe", "形状", "a b/c.d")}, False
    yield "empty.nd", [], False
    yield "empty.params", {}, False
    yield "zero_size.nd", [nd.array([]), nd.array(np.zeros((0, 3))), numbers((2,))], False
    np_shapes = {"scalar": ((), "float64"), "none": ((0, 3), "float32"), "plain": ((2,), "int8")}
    with mx.util.np_shape(True):
        named = {n: numbers(s, d) for n, (s, d) in np_shapes.items()}
    yield "np_shape.params", named, True
    dense = nd.array(random.uniform(-1, 1, (5, 3)) * (np.arange(5) % 2)[:, None])
    sparse = {"rows": dense.tostype("row_sparse"), "dense": dense, "csr": dense.tostype("csr")}
    sparse.update(no_rows=nd.sparse.zeros("row_sparse", (2, 3)), no_csr=nd.sparse.zeros("csr", (2, 3)))
    yield "sparse.params", sparse, False

    floats = numbers((2, 3)).asnumpy().tobytes()
    yield "before_v1.nd", old_file(old_record(b"", (2, 3), values=floats)), False
    v1 = struct.pack("<I", 0xF993FAC8)
    ints = np.arange(-2, 2).astype("int64").tobytes()
    mixed = old_record(v1, (2, 3), wide=True, values=floats), old_record(b"", (4,), code=6, values=ints)
    yield "v1.params", old_file(*mixed, names=("new", "old")), False
    yield "gpu.nd", old_file(old_record(v1, (3, 2), (2, 1), True, values=floats)), False


def as_list(arrays):
    """The arrays of whatever nd.save takes."""
    return list(arrays.values()) if isinstance(arrays, dict) else [arrays] if isinstance(arrays, nd.NDArray) else arrays


def describe(array):
    """The index's entry for an array, and its values by part."""
    parts = {"": array}
    if array.stype == "row_sparse":
        parts = {"/values": array.data, "/index0": array.indices}
    elif array.stype == "csr":
        parts = {"/values": array.data, "/index0": array.indptr, "/index1": array.indices}
    values = {k: v.asnumpy() for k, v in parts.items()}
    dtype = "bfloat16" if array.dtype == BFLOAT16 else np.dtype(array.dtype).name
    if dtype == "bfloat16":
        values = {k: v.view(np.uint16) for k, v in values.items()}
    return {"dtype": dtype, "shape": array.shape, "storage": array.stype}, values


def main(folder):
    index, expected = {}, {}
    for file, content, np_shape in files():
        path = str(folder / file)
        with mx.util.np_shape(np_shape):
            if isinstance(content, bytes):
                Path(path).write_bytes(content)
            else:
                nd.save(path, content)
            loaded = nd.load(path)
        entry = {"np_shape": np_shape, "read_only": isinstance(content, bytes), "arrays": []}
        entry["names"] = list(loaded) if isinstance(loaded, dict) else []
        for i, array in enumerate(as_list(loaded)):
            about, values = describe(array)
            if not entry["read_only"]:
                context = as_list(content)[i].context
                about["context"] = context.device_typeid, context.device_id
            entry["arrays"].append(about)
            expected.update({f"{file}/{i}{part}": v for part, v in values.items()})
        index[file] = entry
        print(f"{file}: {len(loaded)} arrays, {Path(path).stat().st_size} bytes")
    lines = (f"{json.dumps(file)}: {json.dumps(entry)}" for file, entry in index.items())
    (folder / "index.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")
    np.savez_compressed(str(folder / "expected.npz"), **expected)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
