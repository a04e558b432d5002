from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
import mxnet.gluon.contrib.rnn as crnn
from mxnet import autograd, gluon, nd
from mxnet.gluon import nn, rnn
from tests.gluon.harness import check_layer, every
from tests.gluon.samples import conv_recurrent

dynamic_unroll = crnn.rnn_cell.dynamic_unroll


@every(conv_recurrent.LAYERS)
def test_samples(layer, aspect, tmp_path):
    check_layer(layer, aspect, tmp_path)


def normal(*shape, seed=0):
    return nd.array(np.random.RandomState(seed).normal(size=shape))


def ready(block):
    block.initialize(mx.init.Normal(0.5))
    return block


# ---- errors ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("make", "error", "match"),
    [
        (lambda: crnn.LSTMPCell(3, 0), ValueError, "projection_size"),
        (lambda: crnn.VariationalDropoutCell(rnn.RNNCell(3), 2), ValueError, "drop_inputs"),
        (lambda: crnn.VariationalDropoutCell(rnn.RNNCell(3), 0, "a"), AssertionError, "drop_states"),
        (
            lambda: crnn.VariationalDropoutCell(rnn.BidirectionalCell(rnn.RNNCell(3), rnn.RNNCell(3)), 0, 0.5),
            AssertionError,
            "Bidirectional",
        ),
        (lambda: crnn.Conv2DLSTMCell((3, 7), 5, 3, 3), ValueError, "input_shape"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, 3, 2), AssertionError, "odd"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, (3, 3, 3), 3), AssertionError, "i2h_kernel"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, 3, 3, i2h_pad=(1,)), AssertionError, "i2h_pad"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, 3, 3, i2h_pad=-1), ValueError, "i2h_pad"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, 0, 3), ValueError, "i2h_kernel"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 0, 3, 3), ValueError, "hidden_channels"),
        (lambda: crnn.Conv2DLSTMCell((3, 7, 7), 5, 3, 3, conv_layout="NWHC"), ValueError, "conv_layout"),
        (lambda: crnn.Conv2DLSTMCell((3, 2, 2), 5, 3, 3), ValueError, "too small"),
        (lambda: crnn.Conv1DGRUCell((3, 7), 5, 3, 3, activation="nope"), ValueError, "nope"),
        (lambda: dynamic_unroll(rnn.RNNCell(3), [nd.ones((2, 4))], [nd.ones((2, 3))]), AssertionError, "list"),
        (lambda: dynamic_unroll(rnn.RNNCell(3), nd.ones((2, 2, 4)), nd.ones((2, 3))), mx.MXNetError, "list"),
        (lambda: dynamic_unroll(rnn.RNNCell(3), nd.ones((2, 2, 4)), [], drop_inputs=3), ValueError, "drop_inputs"),
        (lambda: dynamic_unroll(rnn.RNNCell(3), nd.ones((2, 2, 4)), [], layout="NC"), AssertionError, "'NC'"),
    ],
)
def test_wrong_arguments(make, error, match):
    with pytest.raises(error, match=match):
        make()


@pytest.mark.parametrize(
    ("x", "states"),
    [
        ((2, 3, 8), [(2, 5, 7), (2, 5, 7)]),
        ((2, 4, 7), [(2, 5, 7), (2, 5, 7)]),
        ((2, 3, 7), [(2, 5, 7)]),
        ((2, 3, 7), [(2, 5, 7), (2, 5, 6)]),
        ((2, 3, 7), [(2, 5, 6), (2, 5, 7)]),
    ],
)
def test_wrong_inputs_of_convolutional_cells(x, states):
    cell = ready(crnn.Conv1DLSTMCell((3, 7), 5, 3, 3, i2h_pad=1))
    with pytest.raises(mx.MXNetError):
        cell(nd.ones(x), [nd.ones(shape) for shape in states])


# ---- convolutional cells ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("hybridize", [False, True])
def test_channels_last_is_channels_first(kind, hybridize):
    make = getattr(crnn, f"Conv2D{kind}Cell")
    first = ready(make((2, 4, 3), 3, (3, 1), 3, i2h_pad=(1, 0), activation=nn.LeakyReLU(0.2)))
    last = ready(make((4, 3, 2), 3, (3, 1), 3, i2h_pad=(1, 0), activation=nn.LeakyReLU(0.2), conv_layout="NHWC"))
    for p, q in zip(first.collect_params().values(), last.collect_params().values(), strict=True):
        q.set_data(p.data().transpose((0, 2, 3, 1)) if len(p.shape) == 4 else p.data())
    if hybridize:
        first.hybridize()
        last.hybridize()
    x = normal(2, 3, 2, 4, 3)  # (N, T, C, H, W)
    one, states = first.unroll(3, x, layout="NTCHW", merge_outputs=True)
    other, others = last.unroll(3, x.transpose((0, 1, 3, 4, 2)), layout="NTHWC", merge_outputs=True)
    np.testing.assert_allclose(other.transpose((0, 1, 4, 2, 3)).asnumpy(), one.asnumpy(), rtol=1e-5, atol=1e-5)
    for a, b in zip(states, others, strict=True):
        assert a.shape == first.state_info(2)[0]["shape"]
        np.testing.assert_allclose(b.transpose((0, 3, 1, 2)).asnumpy(), a.asnumpy(), rtol=1e-5, atol=1e-5)


def test_kernels_of_one_pixel_are_ordinary_cells():
    """Every pixel is a sequence of its own."""
    for kind, cell in (("RNN", rnn.RNNCell(3)), ("LSTM", rnn.LSTMCell(3)), ("GRU", rnn.GRUCell(3))):
        image = ready(getattr(crnn, f"Conv1D{kind}Cell")((2, 5), 3, 1, 1))
        ready(cell).unroll(2, nd.ones((1, 2, 2)))
        for p, q in zip(cell.collect_params().values(), image.collect_params().values(), strict=True):
            p.set_data(q.data().reshape(p.shape))
        x = normal(4, 3, 2, 5)  # (N, T, C, W)
        found, _ = image.unroll(3, x, layout="NTCW", merge_outputs=True)
        pixels = x.transpose((0, 3, 1, 2)).reshape((20, 3, 2))
        expected, _ = cell.unroll(3, pixels, merge_outputs=True)
        expected = expected.reshape((4, 5, 3, 3)).transpose((0, 2, 3, 1))
        np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-4, atol=1e-5)


def test_printing():
    cell = crnn.Conv2DGRUCell((0, 7, 6), 5, (3, 2), (3, 1), (1, 0), activation=nn.LeakyReLU(0.2))
    assert repr(cell) == "Conv2DGRUCell(None -> 15, LeakyReLU(0.2), NCHW)"
    assert cell.state_info(4) == [{"shape": (4, 5, 7, 5), "__layout__": "NCHW"}]
    assert repr(crnn.LSTMPCell(5, 3)) == "LSTMPCell(None -> 20 -> 3)"


# ---- LSTMPCell and dynamic_unroll ------------------------------------------------------------------------------------


def test_lstmp_is_the_layer_with_a_projection():
    layer, cell, x = rnn.LSTM(5, projection_size=3, input_size=4), crnn.LSTMPCell(5, 3), normal(6, 2, 4)
    ready(layer)
    ready(cell).unroll(6, x, layout="TNC")
    for name, p in cell._collect_params_with_prefix().items():
        p.set_data(getattr(layer, f"l0_{name}").data())
    expected, states = layer(x, layer.begin_state(2))
    found, others = cell.unroll(6, x, layout="TNC", merge_outputs=True)
    np.testing.assert_allclose(found.asnumpy(), expected.asnumpy(), rtol=1e-5, atol=1e-6)
    for a, b in zip(states, others, strict=True):
        np.testing.assert_allclose(b.asnumpy(), a[0].asnumpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("make", [lambda: rnn.RNNCell(3), lambda: rnn.LSTMCell(3), lambda: crnn.LSTMPCell(4, 3)])
@pytest.mark.parametrize("lengths", [None, [2, 4, 1]])
@pytest.mark.parametrize("layout", ["TNC", "NTC"])
@pytest.mark.parametrize("hybridize", [False, True])
def test_dynamic_unroll_is_unroll(make, lengths, layout, hybridize):
    class Net(gluon.HybridBlock):
        def __init__(self, unroll):
            super().__init__()
            self.cell, self.unroll = make(), unroll

        def hybrid_forward(self, F, x, states, *lengths):
            return self.unroll(self.cell, x, states, lengths[0] if lengths else None)

    nets = [
        Net(lambda c, x, s, v: c.unroll(4, x, s, layout, True, v)),
        Net(lambda c, x, s, v: dynamic_unroll(c, x, s, layout=layout, valid_length=v)),
    ]
    x = normal(4, 3, 5) if layout == "TNC" else normal(3, 4, 5)
    states = nets[0].cell.begin_state(3, func=nd.ones)
    found = []
    for net in nets:
        ready(net)(x, states)
        for p, q in zip(nets[0].collect_params().values(), net.collect_params().values(), strict=True):
            q.set_data(p.data())
        if hybridize:
            net.hybridize()
        for _ in range(2):
            with autograd.record():
                y, ends = net(x, states, *([nd.array(lengths)] if lengths else []))
                loss = (y**2).sum() + sum((end**2).sum() for end in ends)
            loss.backward()
        found.append([y, *ends, *(p.grad() for p in net.collect_params().values())])
    for a, b in zip(*found, strict=True):
        np.testing.assert_allclose(b.asnumpy(), a.asnumpy(), rtol=1e-4, atol=1e-5)


# ---- variational dropout ---------------------------------------------------------------------------------------------


class Parts(rnn.HybridRecurrentCell):
    """Shows its input and its state; the state stays."""

    def state_info(self, batch_size=0):
        return [{"shape": (batch_size, 300), "__layout__": "NC"}]

    def hybrid_forward(self, F, inputs, states):
        return F.concat(inputs, states[0], dim=1), [states[0] * 0 + 1]


@pytest.mark.parametrize("hybridize", [False, True])
@pytest.mark.parametrize("rates", [(0.5, 0.5, 0), (0.5, 0, 0), (0, 0, 0.5), (0, 0.5, 0.5)])
@pytest.mark.parametrize("merge", [True, False])
def test_one_mask_for_all_steps_and_another_for_each_sequence(hybridize, rates, merge):
    mx.random.seed(5)

    class Net(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.cell = crnn.VariationalDropoutCell(Parts(), *rates)

        def hybrid_forward(self, F, x, state):
            return self.cell.unroll(3, x, [state], merge_outputs=merge)[0]

    net = Net()
    if hybridize:
        net.hybridize()
    x, state = nd.ones((4, 3, 300)), nd.ones((4, 300))
    seen = []
    for _ in range(3):
        with autograd.train_mode():
            y = net(x, state)
        y = y.asnumpy() if merge else np.stack([o.asnumpy() for o in y], 1)
        assert (y == y[:, :1]).all()  # all steps alike
        scale = {0: 1, 0.5: 2}
        for part, rate in ((y[:, 0, :300], rates[0]), (y[:, 0, 300:], rates[1])):
            largest = scale[rate] * scale[rates[2]]
            assert part.max() == largest
            kept = (1 - rate) * (1 - rates[2])
            assert abs((part == largest).mean() - kept) < 0.06  # 1,200 draws: 4 standard deviations
        seen.append(y)
    assert not (seen[0] == seen[1]).all()  # drawn anew for each sequence
    prediction = net(x, state)
    assert all((o.asnumpy() == 1).all() for o in (prediction if isinstance(prediction, list) else [prediction]))


@pytest.mark.parametrize("hybridize", [False, True])
def test_a_mask_lasts_until_reset(hybridize):
    mx.random.seed(6)
    cell, x = crnn.VariationalDropoutCell(Parts(), 0.5), nd.ones((4, 300))
    if hybridize:
        cell.hybridize()
    with autograd.train_mode():
        first, second = (cell(x, [x])[0].asnumpy() for _ in range(2))
        cell.reset()
        third = cell(x, [x])[0].asnumpy()
    assert (first == second).all()
    assert not (first == third).all()


@pytest.mark.parametrize("layout", ["TNC", "NTC"])
def test_dropout_of_dynamic_unroll_is_the_same_in_all_steps(layout):
    mx.random.seed(7)
    with autograd.train_mode():
        y, _ = dynamic_unroll(Parts(), nd.ones((4, 4, 300)), [nd.ones((4, 300))], 0.5, 0, layout)
    y = y.asnumpy()[:, :, :300] if layout == "TNC" else y.asnumpy()[:, :, :300].swapaxes(0, 1)
    assert (y == y[:1]).all()
    assert not (y[0, 0] == y[0, 1]).all()
    assert abs((y[0] == 2).mean() - 0.5) < 0.06
