"""Convolutional cells: images, or other fields of one to three dimensions, in the place of vectors.

ConvLSTM: Shi et al., 2015, arXiv:1506.04214.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .... import initializer
from ...nn.space import LAYOUTS, Sizes, sizes
from ...parameter import Parameter, ParameterDict
from ...rnn.cells import need_size
from ...rnn.recurrent import HybridRecurrentCell, activate, check_activation, need_states

__all__ = [
    "Conv1DGRUCell",
    "Conv1DLSTMCell",
    "Conv1DRNNCell",
    "Conv2DGRUCell",
    "Conv2DLSTMCell",
    "Conv2DRNNCell",
    "Conv3DGRUCell",
    "Conv3DLSTMCell",
    "Conv3DRNNCell",
]

_Init = initializer.Initializer | str | None


def _checked(value: Sizes, dims: int, what: str, least: int = 1) -> tuple[int, ...]:
    """A number for each dimension, of at least that size."""
    found = tuple(sizes(value, dims, what))
    for size in found:
        need_size(what, size, least)
    return found


class _ConvCell(HybridRecurrentCell):
    """A cell whose input and last output enter by convolutions, for all its gates at once.

    What is computed then is up to the kind of cell, what the arguments are by default to the number of dimensions: each
    public class is one of the kinds below, and one of `_Conv1D`, `_Conv2D` and `_Conv3D`, which have the constructors.
    """

    _gates: int
    _kind: str
    i2h_weight: Parameter

    def __init__(
        self,
        dims: int,
        input_shape: Sequence[int],
        hidden_channels: int,
        i2h_kernel: Sizes,
        h2h_kernel: Sizes,
        i2h_pad: Sizes,
        i2h_dilate: Sizes,
        h2h_dilate: Sizes,
        i2h_weight_initializer: _Init,
        h2h_weight_initializer: _Init,
        i2h_bias_initializer: _Init,
        h2h_bias_initializer: _Init,
        conv_layout: str,
        activation: Any,
        prefix: str | None,
        params: ParameterDict | None,
    ) -> None:
        need_size("hidden_channels", hidden_channels)
        check_activation(activation)
        if conv_layout not in LAYOUTS[dims]:
            raise ValueError(f"conv_layout must be one of {', '.join(LAYOUTS[dims])}, but is {conv_layout!r}.")
        input_shape = tuple(input_shape)
        if len(input_shape) != dims + 1:
            raise ValueError(
                f"input_shape must have the {dims + 1} axes of {conv_layout[1:]!r}, without the batch, but is "
                f"{input_shape}."
            )
        super().__init__(prefix, params)
        self._channels, self._layout, self._activation = hidden_channels, conv_layout, activation
        self._axis = conv_layout.find("C")
        kernel, hidden_kernel = _checked(i2h_kernel, dims, "i2h_kernel"), _checked(h2h_kernel, dims, "h2h_kernel")
        if any(size % 2 == 0 for size in hidden_kernel):
            raise AssertionError(f"Only support odd number, get h2h_kernel= {h2h_kernel}")
        pad, dilate = _checked(i2h_pad, dims, "i2h_pad", least=0), _checked(i2h_dilate, dims, "i2h_dilate")
        hidden_dilate = _checked(h2h_dilate, dims, "h2h_dilate")
        hidden_pad = tuple(d * (k - 1) // 2 for d, k in zip(hidden_dilate, hidden_kernel, strict=True))
        rows = self._gates * hidden_channels
        common = {"num_filter": rows, "stride": (1,) * dims, "layout": conv_layout}
        self._i2h: dict[str, Any] = {"kernel": kernel, "pad": pad, "dilate": dilate, **common}
        self._h2h: dict[str, Any] = {"kernel": hidden_kernel, "pad": hidden_pad, "dilate": hidden_dilate, **common}
        at = self._axis - 1
        channels, space = input_shape[at], (*input_shape[:at], *input_shape[at + 1 :])
        out = tuple(size + 2 * p - d * (k - 1) for size, p, d, k in zip(space, pad, dilate, kernel, strict=True))
        if any(size < 1 for size, inside in zip(out, space, strict=True) if inside):
            raise ValueError(f"input_shape {input_shape} is too small for i2h_kernel={kernel} and i2h_pad={pad}.")
        self._state_shape = self._with_channels(hidden_channels, tuple(max(size, 0) for size in out))
        for name, shape, init in (
            ("i2h_weight", (rows, *self._with_channels(channels, kernel)), i2h_weight_initializer),
            ("h2h_weight", (rows, *self._with_channels(hidden_channels, hidden_kernel)), h2h_weight_initializer),
            ("i2h_bias", (rows,), i2h_bias_initializer),
            ("h2h_bias", (rows,), h2h_bias_initializer),
        ):
            setattr(self, name, self.params.get(name, shape=shape, init=init, allow_deferred_init=True))

    def _with_channels(self, channels: int, sizes: tuple[int, ...]) -> tuple[int, ...]:
        """Sizes of the other axes, and the channels where the layout has them."""
        at = self._axis - 1
        return (*sizes[:at], channels, *sizes[at:])

    def __repr__(self) -> str:
        rows, channels = self.i2h_weight.shape[0], self.i2h_weight.shape[self._axis]
        return f"{type(self).__name__}({channels or None} -> {rows}, {self._activation}, {self._layout})"

    def _alias(self) -> str:
        return f"conv_{self._kind}"

    def state_info(self, batch_size: int = 0) -> list[dict[str, Any]]:
        info = {"shape": (batch_size, *self._state_shape), "__layout__": self._layout}
        return [dict(info) for _ in range(2 if self._kind == "lstm" else 1)]

    def _maps(self, F: Any, inputs: Any, state: Any, i2h: tuple[Any, Any], h2h: tuple[Any, Any]) -> tuple[Any, Any]:
        """The convolutions, each (weight, bias), of input and last output."""
        return (
            F.Convolution(inputs, *i2h, name=f"t{self._counter}_i2h", **self._i2h),
            F.Convolution(state, *h2h, name=f"t{self._counter}_h2h", **self._h2h),
        )


class _ConvRNNCell(_ConvCell):
    _gates, _kind = 1, "rnn"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 1)
        i2h, h2h = self._maps(F, inputs, states[0], (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        output = activate(F, i2h + h2h, self._activation, name=f"t{self._counter}_out")
        return output, [output]


class _ConvLSTMCell(_ConvCell):
    _gates, _kind = 4, "lstm"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 2)
        step, inner = f"t{self._counter}_", self._activation
        i2h, h2h = self._maps(F, inputs, states[0], (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        parts = F.SliceChannel(i2h + h2h, num_outputs=4, axis=self._axis, name=f"{step}slice")
        i = F.Activation(parts[0], act_type="sigmoid", name=f"{step}i")
        f = F.Activation(parts[1], act_type="sigmoid", name=f"{step}f")
        g = activate(F, parts[2], inner, name=f"{step}c")
        o = F.Activation(parts[3], act_type="sigmoid", name=f"{step}o")
        c = F.elemwise_add(f * states[1], i * g, name=f"{step}state")
        h = F.elemwise_mul(o, activate(F, c, inner), name=f"{step}out")
        return h, [h, c]


class _ConvGRUCell(_ConvCell):
    _gates, _kind = 3, "gru"

    def hybrid_forward(
        self, F: Any, inputs: Any, states: Any, i2h_weight: Any, h2h_weight: Any, i2h_bias: Any, h2h_bias: Any
    ) -> tuple[Any, list[Any]]:
        need_states(self, states, 1)
        step, last = f"t{self._counter}_", states[0]
        i2h, h2h = self._maps(F, inputs, last, (i2h_weight, i2h_bias), (h2h_weight, h2h_bias))
        i2h_r, i2h_z, i2h_n = F.SliceChannel(i2h, num_outputs=3, axis=self._axis, name=f"{step}i2h_slice")
        h2h_r, h2h_z, h2h_n = F.SliceChannel(h2h, num_outputs=3, axis=self._axis, name=f"{step}h2h_slice")
        r = F.Activation(i2h_r + h2h_r, act_type="sigmoid", name=f"{step}r_act")
        z = F.Activation(i2h_z + h2h_z, act_type="sigmoid", name=f"{step}z_act")
        n = activate(F, i2h_n + r * h2h_n, self._activation, name=f"{step}h_act")
        h = F.elemwise_add((1.0 - z) * n, z * last, name=f"{step}out")
        return h, [h]


class _Conv1D(_ConvCell):
    def __init__(
        self,
        input_shape: Sequence[int],
        hidden_channels: int,
        i2h_kernel: Sizes,
        h2h_kernel: Sizes,
        i2h_pad: Sizes = (0,),
        i2h_dilate: Sizes = (1,),
        h2h_dilate: Sizes = (1,),
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        conv_layout: str = "NCW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(
            1, input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            conv_layout, activation, prefix, params,
        )  # fmt: skip


class _Conv2D(_ConvCell):
    def __init__(
        self,
        input_shape: Sequence[int],
        hidden_channels: int,
        i2h_kernel: Sizes,
        h2h_kernel: Sizes,
        i2h_pad: Sizes = (0, 0),
        i2h_dilate: Sizes = (1, 1),
        h2h_dilate: Sizes = (1, 1),
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        conv_layout: str = "NCHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(
            2, input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            conv_layout, activation, prefix, params,
        )  # fmt: skip


class _Conv3D(_ConvCell):
    def __init__(
        self,
        input_shape: Sequence[int],
        hidden_channels: int,
        i2h_kernel: Sizes,
        h2h_kernel: Sizes,
        i2h_pad: Sizes = (0, 0, 0),
        i2h_dilate: Sizes = (1, 1, 1),
        h2h_dilate: Sizes = (1, 1, 1),
        i2h_weight_initializer: _Init = None,
        h2h_weight_initializer: _Init = None,
        i2h_bias_initializer: _Init = "zeros",
        h2h_bias_initializer: _Init = "zeros",
        conv_layout: str = "NCDHW",
        activation: Any = "tanh",
        prefix: str | None = None,
        params: ParameterDict | None = None,
    ) -> None:
        super().__init__(
            3, input_shape, hidden_channels, i2h_kernel, h2h_kernel, i2h_pad, i2h_dilate, h2h_dilate,
            i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer,
            conv_layout, activation, prefix, params,
        )  # fmt: skip


class Conv1DRNNCell(_ConvRNNCell, _Conv1D):
    r"""Elman's cell with convolutions: :math:`h' = \phi(W * x + b + R * h + c)`.

    x: (N, C, W), other layouts likewise · h: hidden_channels channels, of the size of W * x ·
    output and state are h'.

    Parameters
    ----------
    input_shape : tuple of int
        Of x, without the batch; 0 for channels that the first input tells.
    hidden_channels : int
        Channels of h.
    i2h_kernel, i2h_pad, i2h_dilate : int or tuple of int
        Of the convolution of x.
    h2h_kernel, h2h_dilate : int or tuple of int
        Of the convolution of h, which keeps its size, so kernels are odd.
    i2h_weight_initializer, h2h_weight_initializer, i2h_bias_initializer, h2h_bias_initializer : Initializer or str
        Own initializers of W, R, b and c; None for that of ``initialize()``.
    conv_layout : str
        Order of the axes: 'NCW' or 'NWC'.
    activation : str, Block or function
        :math:`\phi`, as for `RNNCell`.
    """


class Conv2DRNNCell(_ConvRNNCell, _Conv2D):
    r"""Elman's cell with convolutions: :math:`h' = \phi(W * x + b + R * h + c)`.

    x: (N, C, H, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv3DRNNCell(_ConvRNNCell, _Conv3D):
    r"""Elman's cell with convolutions: :math:`h' = \phi(W * x + b + R * h + c)`.

    x: (N, C, D, H, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv1DLSTMCell(_ConvLSTMCell, _Conv1D):
    r""":math:`i, f, o = \sigma(W * x + b + R * h + c)`, :math:`g = \phi(W * x + b + R * h + c)`,
    :math:`c' = f c + i g`, :math:`h' = o\, \phi(c')`.

    x: (N, C, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv2DLSTMCell(_ConvLSTMCell, _Conv2D):
    r""":math:`i, f, o = \sigma(W * x + b + R * h + c)`, :math:`g = \phi(W * x + b + R * h + c)`,
    :math:`c' = f c + i g`, :math:`h' = o\, \phi(c')`.

    x: (N, C, H, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv3DLSTMCell(_ConvLSTMCell, _Conv3D):
    r""":math:`i, f, o = \sigma(W * x + b + R * h + c)`, :math:`g = \phi(W * x + b + R * h + c)`,
    :math:`c' = f c + i g`, :math:`h' = o\, \phi(c')`.

    x: (N, C, D, H, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv1DGRUCell(_ConvGRUCell, _Conv1D):
    r""":math:`r, z = \sigma(W * x + b + R * h + c)`, :math:`n = \phi(W * x + b + r (R * h + c))`,
    :math:`h' = (1 - z) n + z h`.

    x: (N, C, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv2DGRUCell(_ConvGRUCell, _Conv2D):
    r""":math:`r, z = \sigma(W * x + b + R * h + c)`, :math:`n = \phi(W * x + b + r (R * h + c))`,
    :math:`h' = (1 - z) n + z h`.

    x: (N, C, H, W). Parameters: as for `Conv1DRNNCell`.
    """


class Conv3DGRUCell(_ConvGRUCell, _Conv3D):
    r""":math:`r, z = \sigma(W * x + b + R * h + c)`, :math:`n = \phi(W * x + b + r (R * h + c))`,
    :math:`h' = (1 - z) n + z h`.

    x: (N, C, D, H, W). Parameters: as for `Conv1DRNNCell`.
    """
