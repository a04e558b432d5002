"""Blocks in mixed precision: hybridized as imperative, never a graph of another precision, trained as well as ever."""

from __future__ import annotations

import numpy as np
import pytest

import mxnet as mx
from mxnet import autograd, gluon, nd
from mxnet.contrib import amp
from mxnet.contrib.amp.amp import _on
from mxnet.gluon import nn


class Ran(gluon.HybridBlock):
    """Recorded by running."""

    def __init__(self, inner):
        super().__init__()
        self.inner = inner

    def forward(self, x):
        return self.inner(x) * 2 if x.shape[0] > 1 else self.inner(x)


def network(ran=False):
    net = nn.HybridSequential(prefix="net_")
    with net.name_scope():
        net.add(
            nn.Conv2D(4, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Dense(8),
            nn.LayerNorm(), nn.Dense(3, activation="softrelu"),
        )  # fmt: skip
    net.initialize(mx.init.Xavier())
    return Ran(net) if ran else net


@pytest.fixture
def x():
    return nd.array(np.random.RandomState(1).randn(4, 2, 6, 6))


def gradients(net, x):
    with autograd.record():
        y = net(x)
        loss = (y * y).sum()
    loss.backward()
    grads = {name: p.grad() for name, p in net.collect_params().items() if p.grad_req != "null"}
    assert all(grad.dtype == np.float32 for grad in grads.values())
    return y.asnumpy(), {name: grad.asnumpy() for name, grad in grads.items()}


@pytest.mark.parametrize("ran", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_hybridized_is_imperative(dtype, ran, x):
    net = network(ran)
    plain = net(x).asnumpy()
    with _on(dtype):
        predicted = net(x).asnumpy()
        output, grads = gradients(net, x)
        net.hybridize()
        for _ in range(3):  # traced, compiled, folded
            assert np.abs(net(x).asnumpy() - net(x).asnumpy()).max() == 0
        hybrid_output, hybrid_grads = gradients(net, x)
        _, again = gradients(net, x)
    assert 0 < np.abs(predicted - plain).max() < 0.1 * np.abs(plain).max()
    assert np.allclose(hybrid_output, output, rtol=0.02, atol=0.02)
    for name, grad in grads.items():
        size = np.abs(grad).max() + 1e-3
        assert np.abs(hybrid_grads[name] - grad).max() < 0.05 * size, name
        assert np.abs(hybrid_grads[name] - again[name]).max() < 0.01 * size, name


@pytest.mark.parametrize("ran", [False, True])
def test_deferred_shapes_are_found_through_casts(ran, x):
    with _on():
        net = network(ran)
        net.hybridize()
        net(x)
    assert [p.shape for p in net.collect_params().values()][:1] == [(4, 2, 3, 3)]
    assert all(p.data().dtype == np.float32 for p in net.collect_params().values())


@pytest.mark.parametrize("ran", [False, True])
def test_a_switch_is_never_missed(ran, x):
    net = network(ran)
    net.hybridize()
    plain = net(x).asnumpy()
    exact = 1e-5 * np.abs(plain).max()
    for dtype in ("bfloat16", "float16", "bfloat16"):
        with _on(dtype):
            low = [net(x).asnumpy() for _ in range(4)]
        assert all((one == low[0]).all() for one in low)
        assert np.abs(low[0] - plain).max() > 10 * exact
        assert all(np.abs(net(x).asnumpy() - plain).max() < exact for _ in range(4))


def test_exports_have_no_casts(tmp_path, x):
    net = network()
    net.hybridize()
    with _on():
        low = net(x).asnumpy()
        net.export(str(tmp_path / "net"))
        net.export(str(tmp_path / "low"), remove_amp_cast=False)
    plain, casts = ((tmp_path / f"{name}-symbol.json").read_text() for name in ("net", "low"))
    assert "amp_cast" not in plain
    assert casts.count('"amp_cast"') >= 6
    for name, expected in (("net", None), ("low", low)):
        path = str(tmp_path / name)
        loaded = gluon.SymbolBlock.imports(f"{path}-symbol.json", ["data"], f"{path}-0000.params")
        found = loaded(x).asnumpy()
        assert expected is None or np.allclose(found, expected, atol=1e-3)
        assert np.abs(found - low).max() < 0.1


@pytest.mark.parametrize("optional", [False, True])
@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_converted_block_predicts_the_same(dtype, optional, x):
    net = network()
    net.hybridize()
    expected = net(x).asnumpy()
    new = amp.convert_hybrid_block(net, dtype, cast_optional_params=optional)
    found = new(x)
    assert found.dtype == np.float32
    assert 0 < np.abs(found.asnumpy() - expected).max() < 0.05 * np.abs(expected).max()
    types = {name: p.data().dtype for name, p in new.collect_params().items()}
    assert types["net_batchnorm0_gamma"] == types["net_batchnorm0_running_mean"] == np.float32
    assert types["net_dense0_weight"] == (nd.zeros(1, dtype=dtype).dtype if optional else np.float32)
    old = net.collect_params()["net_dense0_weight"]
    old.set_data(old.data() * 2)
    assert (new(x).asnumpy() == found.asnumpy()).all(), "it has parameters of its own"
    untouched = amp.convert_hybrid_block(net, excluded_sym_names=[n.name for n in net._recorded.last.graph._nodes()])
    assert (untouched(x).asnumpy() == net(x).asnumpy()).all()


def test_convert_hybrid_block_refuses(x):
    with pytest.raises(AssertionError, match="should be a HybridBlock"):
        amp.convert_hybrid_block(nn.Sequential())
    net = network()
    net(x)
    with pytest.raises(RuntimeError, match="call block.hybridize"):
        amp.convert_hybrid_block(net)


def test_each_cast_is_done_once(x):
    """A weight that is used twice, and activations that two layers convert."""

    class Twice(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            with self.name_scope():
                self.weight = self.params.get("weight", shape=(5, 5))

        def hybrid_forward(self, F, x, weight):
            full = lambda y: F.FullyConnected(y, weight, num_hidden=5, no_bias=True)  # noqa: E731
            first = full(x)
            return full(F.Activation(first, act_type="tanh")) + full(x) + F.softmax(first)

    net = Twice()
    net.initialize(mx.init.Xavier())
    x = nd.random.normal(shape=(2, 5))
    with _on():
        expected, grads = gradients(net, x)
        net.hybridize()
        gradients(net, x)
        found, hybrid = gradients(net, x)
        code = net.generated_code()
    assert np.allclose(found, expected, atol=1e-6)
    assert all(np.allclose(hybrid[name], grad, rtol=0.02, atol=0.02) for name, grad in grads.items())
    assert code.count(".to(dtype = torch.bfloat16)") == 2, "x and weight"


def digits():
    data = pytest.importorskip("sklearn.datasets", reason="scikit-learn has the data").load_digits()
    order = np.random.RandomState(0).permutation(len(data.target))
    images, labels = data.images[order, None].astype("float32") / 16, data.target[order].astype("float32")
    return (images[:1400], labels[:1400]), (images[1400:], labels[1400:])


def accuracy(scaled):
    (images, labels), (test_images, test_labels) = digits()
    mx.random.seed(0)
    np.random.seed(0)
    net = nn.HybridSequential()
    net.add(nn.Conv2D(8, 3, padding=1), nn.BatchNorm(), nn.Activation("relu"), nn.MaxPool2D(), nn.Dense(32, "relu"),
            nn.Dense(10))  # fmt: skip
    net.initialize(mx.init.Xavier())
    loss_fn = gluon.loss.SoftmaxCrossEntropyLoss()
    net.hybridize()
    loss_fn.hybridize()
    trainer = gluon.Trainer(net.collect_params(), "adam", {"learning_rate": 1e-2})
    if scaled:
        amp.init_trainer(trainer)
    for _ in range(5):
        for start in range(0, 1400, 100):
            x, y = nd.array(images[start : start + 100]), nd.array(labels[start : start + 100])
            with autograd.record():
                loss = loss_fn(net(x), y)
                if scaled:
                    with amp.scale_loss(loss, trainer) as heads:
                        autograd.backward(heads)
            if not scaled:
                loss.backward()
            trainer.step(100)
    right = net(nd.array(test_images)).argmax(axis=1).asnumpy() == test_labels
    return right.mean()


def test_training_reaches_the_accuracy_of_float32():
    plain = accuracy(scaled=False)
    assert plain > 0.95
    with _on():
        assert accuracy(scaled=False) > plain - 0.015
    with _on("float16"):
        assert accuracy(scaled=True) > plain - 0.015


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_states_whose_size_the_graph_tells(dtype):
    """Cells begin with zeros of an unknown batch size, which casts must not hide."""

    class Unrolled(gluon.HybridBlock):
        def __init__(self):
            super().__init__()
            self.cell = gluon.rnn.LSTMCell(3, input_size=4)

        def hybrid_forward(self, F, x):
            return self.cell.unroll(3, x, layout="TNC", merge_outputs=True)[0]

    net, data = Unrolled(), nd.array(np.random.RandomState(1).randn(3, 2, 4))
    net.initialize(mx.init.Xavier())
    expected = net(data).asnumpy()
    with _on(dtype):
        net.hybridize()
        for _ in range(3):
            np.testing.assert_allclose(net(data).astype("float32").asnumpy(), expected, rtol=0.05, atol=0.02)
