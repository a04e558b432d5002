"""NDArray: a torch tensor with MXNet's manners.

An array holds ``_data``, a tensor that never requires a gradient, and its context. While ``autograd.record()`` is on,
an array that takes part in differentiation also holds ``_graph``, the tensor in torch's graph that shares its memory.
Operators read ``_graph`` when recording and ``_data`` otherwise, so nothing is tracked outside of ``record()``,
whatever torch's grad mode is. The result of a recorded operator has only ``_graph`` at first; its ``_data`` is detached
from it when somebody asks.
"""

from __future__ import annotations

import ctypes
import operator as python
import warnings
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch

from .. import context as contexts
from .. import dtypes
from .._state import changes, state
from ..base import MXNetError
from ..context import Context
from ..ops import shapes
from ..ops.methods import OperatorMethods
from ..ops.sparse import storage
from . import binary, gradient, indexing

__all__ = ["NDArray", "ReshapeError", "copy_into", "waitall", "wrap"]


class ReshapeError(MXNetError, ValueError):
    """A shape that an array cannot take. MXNet raises the one class or the other, depending on what is wrong."""


class NDArray(OperatorMethods):
    """An n-dimensional array on a device (a context), with the operators of ``mx.nd`` as methods.

    Created by ``mx.nd.array``, ``mx.nd.zeros`` and their like, or by operators. Slices along the first axes and
    ``reshape`` share memory with the array that they come from; everything else is a new array.
    """

    __slots__ = ("__weakref__", "_ctx", "_data", "_graph", "_leaf")
    __array_priority__ = 1000.0
    __array_ufunc__ = None  # numpy_scalar + array asks us, not NumPy

    _data: torch.Tensor
    _graph: torch.Tensor | None
    _ctx: Context
    _leaf: gradient.Leaf | None

    def __init__(self, handle: NDArray | torch.Tensor | None, writable: bool = True) -> None:
        self._graph = None
        if isinstance(handle, NDArray):
            self._data, self._ctx = handle._data, handle._ctx
        elif isinstance(handle, torch.Tensor):
            self._data, self._ctx = handle.detach(), context_of(handle)
        elif handle is not None:  # None: pickle fills the array later
            raise AssertionError(f"expected an NDArray or a tensor, but got {handle!r:.80}. Use mx.nd.array(...).")

    def __getattr__(self, name: str) -> Any:
        # Slots that are not filled yet; anything else does not exist.
        if name == "_data" and self._graph is not None:
            self._data = data = self._graph.detach()
            return data
        if name == "_leaf":
            return None
        raise AttributeError(f"{type(self).__name__!r} object has no attribute {name!r}")

    # What it is

    @property
    def shape(self) -> tuple[int, ...]:
        graph = self._graph
        return tuple(self._data.shape if graph is None else graph.shape)

    @property
    def ndim(self) -> int:
        return self._data.dim()

    @property
    def size(self) -> int:
        return self._data.numel()

    @property
    def dtype(self) -> Any:
        """A NumPy scalar type such as ``numpy.float32``."""
        return dtypes.by_torch[self._data.dtype].numpy

    @property
    def stype(self) -> str:
        return "default"

    @property
    def context(self) -> Context:
        return self._ctx

    ctx = context

    @property
    def handle(self) -> ctypes.c_void_p:
        """The address of the first element."""
        return ctypes.c_void_p(self._data.data_ptr())

    @property
    def writable(self) -> bool:
        return True

    @property
    def T(self) -> NDArray:
        return self if self.ndim < 2 else self.transpose()

    def __repr__(self) -> str:
        values = self.asnumpy()
        # What NumPy 1.x printed, which newer ones changed for large float32 numbers.
        text = np.array2string(values, legacy="1.21") if values.ndim else str(values)
        return f"\n{text}\n<{type(self).__name__} {'x'.join(map(str, self.shape))} @{self._ctx}>"

    __str__ = __repr__

    def __len__(self) -> int:
        return self.shape[0]

    def __hash__(self) -> int:
        return id(self) // 16

    def __iter__(self) -> Iterator[NDArray]:
        for i in range(len(self)):
            yield self[i]

    def __bool__(self) -> bool:
        if self.size == 1:
            return bool(self._data.item())
        if self.size == 0:
            return False
        raise ValueError("The truth value of an NDArray with multiple elements is ambiguous.")

    __nonzero__ = __bool__

    def __float__(self) -> float:
        return float(self._only_element("float"))

    def __int__(self) -> int:
        return int(self._only_element("int"))

    def _only_element(self, target: str) -> Any:
        if self.size != 1:
            raise TypeError(f"only an array of one element converts to {target}, but this one has shape {self.shape}.")
        return self._data.item()

    # To NumPy and back

    def asnumpy(self) -> np.ndarray:
        """A copy of the values. bfloat16, which NumPy does not know, becomes float32."""
        data = self._data
        if data.dtype is torch.bfloat16:
            return data.float().cpu().numpy()
        return data.cpu().numpy().copy() if data.device.type == "cpu" else data.cpu().numpy()

    def asscalar(self) -> Any:
        """The only element, as a NumPy scalar. Raises ValueError when there are more, or none."""
        if self.size != 1:
            raise ValueError(
                f"The current array is not a scalar: asscalar() wants one element, the shape is {self.shape}."
            )
        return self.asnumpy().reshape(1)[0]

    def item(self) -> Any:
        """The only element, as a Python number."""
        return self.asscalar().item()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        if copy is False:
            raise ValueError("NumPy gets a copy of an NDArray's values; np.from_dlpack(x) shares its memory.")
        values = self.asnumpy()
        return values if dtype is None else values.astype(dtype, copy=False)

    def __dlpack__(self, **kwargs: Any) -> Any:
        return self._compact().detach().__dlpack__(**kwargs)

    def __dlpack_device__(self) -> tuple[Any, int]:
        return self._data.__dlpack_device__()

    def to_dlpack_for_read(self) -> Any:
        """A DLPack capsule that shares this array's memory, for reading."""
        return self.__dlpack__()

    def to_dlpack_for_write(self) -> Any:
        """A DLPack capsule that shares this array's memory, for reading and writing."""
        return self.__dlpack__()

    def __reduce__(self) -> tuple:
        return type(self), (None,), self.__getstate__()

    def __getstate__(self) -> dict[str, bytearray]:
        """MXNet's own: a record of its binary format, so each of the two reads what the other has pickled."""
        return {"handle": binary.pack(binary.Record(self._data, (self._ctx.device_typeid, self._ctx.device_id)))}

    def __setstate__(self, state: dict[str, bytearray]) -> None:
        record = binary.unpack(state["handle"], "a pickled NDArray")
        if record.storage != "default":
            raise MXNetError(f"Cannot load a pickled NDArray: it holds storage {record.storage!r}.")
        self._ctx = contexts.restored(*record.context)
        self._data, self._graph = record.values.to(self._ctx.torch_device), None

    def __copy__(self) -> NDArray:
        return self.copy()

    def __deepcopy__(self, memo: dict) -> NDArray:
        return self.copy()

    # Copies and conversions

    def copy(self) -> NDArray:
        return self.copyto(self._ctx)

    def copyto(self, other: NDArray | Context) -> NDArray:
        """Copy the values into another array, or into a new one on another context; returns that array."""
        if isinstance(other, Context):
            other = other.canonical()
            source = self._source()
            data = source.to(other.torch_device, copy=True)
            return wrap(data, other)
        if isinstance(other, NDArray):
            if other is self:
                warnings.warn("You are attempting to copy an array to itself", RuntimeWarning, stacklevel=2)
                return self
            if other.shape != self.shape:
                raise MXNetError(f"copyto: the target has shape {other.shape}, expected {self.shape}.")
            return copy_into(other, self._source())
        raise TypeError(f"copyto does not support type {type(other)}")

    def as_in_context(self, context: Context) -> NDArray:
        """This array, if it is on that context already, else a copy there."""
        return self if self._ctx is context or self._ctx == context else self.copyto(context)

    as_in_ctx = as_in_context

    def astype(self, dtype: Any, copy: bool = True) -> NDArray:
        """The values as another dtype. A new array, unless ``copy`` is false and the dtype is the same."""
        target = dtypes.resolve(dtype)
        if not copy and target.torch is self._data.dtype:
            return self
        return self._face("cast")(self, dtype=target.name)

    def as_nd_ndarray(self) -> NDArray:
        return self

    def as_np_ndarray(self) -> NDArray:
        raise MXNetError("as_np_ndarray: the mx.np arrays are not part of this version. Stay with mx.nd arrays.")

    def tostype(self, stype: str) -> NDArray:
        """A copy in another storage type: 'default' (dense), 'row_sparse' or, of a matrix, 'csr'.

        Raises ValueError for 'csr' of anything but a matrix.
        """
        if stype == "csr" and self.ndim != 2:
            raise ValueError(f"tostype('csr') needs a matrix, an array of two axes; this one has shape {self.shape}.")
        return self._face("cast_storage")(self, stype=stype)

    # Shapes

    def reshape(self, *shape: Any, **kwargs: Any) -> NDArray:
        """The same memory under another shape.

        ``shape`` may use MXNet's codes: 0 copies a dimension, -1 is inferred, -2 copies the rest, -3 merges two, -4
        splits one; ``reverse=True`` reads them from the right. Raises ReshapeError when the sizes do not go together.
        """
        if len(shape) == 1 and isinstance(shape[0], (tuple, list)):
            shape = tuple(shape[0])
        elif not shape:
            shape = tuple(kwargs.get("shape", ()))
            if not shape:
                raise AssertionError("Shape must be provided.")
        if not kwargs.keys() <= {"shape", "reverse"}:
            raise TypeError(f"reshape() got unexpected arguments {sorted(kwargs)}; expected shape and reverse.")
        wanted = tuple(map(python.index, shape))
        try:
            target = shapes.infer_reshape(self.shape, wanted, kwargs.get("reverse", False))
        except ValueError as error:
            raise ReshapeError(f"Cannot reshape array of size {self.size} into shape {wanted}: {error}") from None
        return wrap(self._compact().reshape(target), self._ctx)

    def expand_dims(self, axis: int, inplace: bool = False) -> NDArray:
        if not inplace:
            return self._face("expand_dims")(self, axis=axis)
        if not -self.ndim - 1 <= axis <= self.ndim:
            raise AssertionError(f"expand_dims: axis {axis} is out of range for {self.ndim} dimensions.")
        return wrap(self._compact().unsqueeze(axis), self._ctx)

    def flatten(self, inplace: bool = False) -> NDArray:
        return self.reshape((0, -1)) if inplace else self._face("flatten")(self)

    def squeeze(self, axis: int | tuple[int, ...] | None = None, inplace: bool = False) -> NDArray:
        if not inplace:
            return self._face("squeeze")(self, axis=axis)
        try:
            return self.reshape(self._face("squeeze")(self, axis=axis).shape)
        except MXNetError as error:
            raise AssertionError(str(error)) from None

    def broadcast_to(self, shape: Sequence[int]) -> NDArray:
        """The array repeated along axes of size 1, and new leading ones, up to ``shape``."""
        wanted = tuple(shape)
        mine = (1,) * (len(wanted) - self.ndim) + self.shape
        if len(mine) != len(wanted) or any(m not in (1, w) or w == 0 for m, w in zip(mine, wanted, strict=True)):
            raise ValueError(
                "operands could not be broadcast together with remapped shapes[original->remapped]: "
                f"{self.shape} and requested shape {wanted}"
            )
        return self._face("broadcast_to")(self.reshape(mine), shape=wanted)

    def broadcast_like(self, other: NDArray) -> NDArray:
        return self.broadcast_to(other.shape)

    def slice_assign(self, rhs: NDArray | float, begin: Sequence, end: Sequence, step: Sequence) -> NDArray:
        """Write ``rhs`` into the region [begin, end, step] of this array."""
        steps = tuple(step) or (None,) * len(begin)
        try:
            self[tuple(map(slice, begin, end, steps))] = rhs
        except (IndexError, TypeError, ValueError) as error:
            raise MXNetError(f"slice_assign: {error}") from None
        return self

    def slice_assign_scalar(self, value: float, begin: Sequence, end: Sequence, step: Sequence) -> NDArray:
        """Write a number into the region [begin, end, step] of this array."""
        return self.slice_assign(value, begin, end, step)

    # Indexing

    def __getitem__(self, key: Any) -> NDArray:
        return indexing.read(self, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        indexing.write(self, key, value)

    # Autograd

    @property
    def grad(self) -> NDArray | None:
        """The gradient buffer, after ``attach_grad``; None without one."""
        leaf = self._leaf
        return None if leaf is None else leaf.grad

    def attach_grad(self, grad_req: str = "write", stype: str | None = None) -> None:
        """Give this array a gradient buffer of zeros that ``backward`` fills; the array becomes the start of the graph.

        grad_req: 'write' (overwrite), 'add' (accumulate) or 'null' (none). stype: storage of the buffer, the array's
        own without it. Raises KeyError for another grad_req.
        """
        data = self._data
        if stype is None and data.layout is torch.strided:
            zeros = torch.zeros_like(data)
        else:
            zeros = storage.zeros(stype or storage.stype(data), data.shape, data.dtype, data.device)
        gradient.attach(self, grad_req, wrap(zeros, self._ctx))

    def backward(self, out_grad: NDArray | None = None, retain_graph: bool = False, train_mode: bool = True) -> None:
        """Gradients of this array with respect to all arrays with ``attach_grad``, into their ``grad``.

        out_grad: gradient of the final objective with respect to this array; ones without it. Raises MXNetError when
        this array was not computed under ``autograd.record()``.
        """
        gradient.backward([self], [out_grad], retain_graph)

    def detach(self) -> NDArray:
        """The same memory, outside of the graph."""
        return wrap(self._data, self._ctx)

    @property
    def _fresh_grad(self) -> bool:
        leaf = self._leaf
        return leaf is not None and leaf.fresh

    @_fresh_grad.setter
    def _fresh_grad(self, fresh: bool) -> None:
        if self._leaf is not None:
            self._leaf.fresh = bool(fresh)

    def _source(self) -> torch.Tensor:
        """The tensor that an operation reads now."""
        return self._graph if state.recording and self._graph is not None else self._data

    def _compact(self) -> torch.Tensor:
        """What an operation reads now, in memory that lies in order, so that views of it write through."""
        tensor = self._source()
        if not tensor.is_contiguous() and self._graph is None:  # a few operators return such results
            self._data = tensor = tensor.contiguous()
        return tensor

    # Waiting

    def wait_to_read(self) -> None:
        """Return when the values are there: at once on a CPU, after the queued kernels on a GPU."""
        if self._data.is_cuda:
            torch.cuda.synchronize(self._data.device)


# The class of arrays by the layout of their tensors; the sparse ones enter themselves.
CLASSES: dict[torch.layout, type[NDArray]] = {torch.strided: NDArray}


def wrap(tensor: torch.Tensor, ctx: Context) -> NDArray:
    """An array around a tensor; a tensor in torch's graph makes a recorded array."""
    kind = CLASSES[tensor.layout]
    array = kind.__new__(kind)
    array._ctx = ctx
    if tensor.requires_grad:
        array._graph = tensor
    else:
        array._graph = None
        array._data = tensor
    return array


def context_of(tensor: torch.Tensor) -> Context:
    """The context that stands for a tensor's device."""
    if tensor.device.type == "cuda":
        return contexts.gpu(tensor.device.index or 0)
    return contexts.cpu(0)


def copy_into(target: NDArray, result: torch.Tensor) -> NDArray:
    """Write a tensor into an array, converting dtype and device. While recording, the array joins the result's graph.

    Raises MXNetError when the array is part of a recorded graph already: its values are needed there.
    """
    if state.recording and target._graph is not None:
        raise MXNetError(
            "Assigning to NDArrays that are already in a computational graph will cause undefined behavior when "
            "evaluating gradients. Call backward first to clear the graph, write outside of autograd.record(), or "
            "compute a new array."
        )
    if result.layout is not target._data.layout:
        result = storage.cast(result, storage.stype(target._data))
    if target._data.layout is not torch.strided:
        gradient.refill(target, result.detach().to(target._ctx.torch_device, target._data.dtype, copy=True))
    elif result.requires_grad:
        target._graph = target._data.detach()  # the same memory; copying makes it part of torch's graph
        changes.count += 1
        indexing.copy_tensor(target._graph, result)
    else:
        indexing.copy_tensor(target._data, result)
    return target


def waitall() -> None:
    """Return when everything that was started is finished."""
    if torch.cuda.is_initialized():
        for index in range(torch.cuda.device_count()):
            torch.cuda.synchronize(index)
