"""The networks in PyTorch, eager and compiled: activations in place, prediction in inference mode, fused SGD.

Images are stored as PyTorch stores them unasked, NCHW.
"""

from __future__ import annotations

import torch
from torch import nn

from networks import (
    AVERAGE,
    EPSILON,
    HEADS,
    HIDDEN,
    LAYERS,
    LEARNING_RATE,
    MODEL,
    MOMENTUM,
    NETWORKS,
    STAGES,
    WIDTH,
    WORDS,
    Work,
    averages,
    batch,
    gradients,
    parameters,
)


def version() -> str:
    return torch.__version__


def _conv(before: int, after: int, kernel: int, stride: int) -> list[nn.Module]:
    """A convolution that keeps the size but for its stride, and its norm."""
    conv = nn.Conv2d(before, after, kernel, stride, kernel // 2, bias=False)
    return [conv, nn.BatchNorm2d(after, eps=EPSILON, momentum=1 - AVERAGE)]


def _relu() -> nn.Module:
    return nn.ReLU(inplace=True)


class Basic(nn.Module):
    """Two convolutions of 3x3 beside a shortcut (He et al., 2016)."""

    def __init__(self, before: int, after: int, stride: int) -> None:
        super().__init__()
        self.body = nn.Sequential(*_conv(before, after, 3, stride), _relu(), *_conv(after, after, 3, 1))
        self.shortcut = nn.Sequential(*_conv(before, after, 1, stride)) if stride > 1 else nn.Identity()
        self.relu = _relu()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.relu(self.body(x) + self.shortcut(x))


def _resnet18(stem: list[nn.Module], classes: int) -> nn.Sequential:
    stages = [Basic(*sizes) for n, m, stride in STAGES for sizes in ((n, m, stride), (m, m, 1))]
    return nn.Sequential(*stem, *stages, nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, classes))


class LanguageModel(nn.Module):
    """Logits of the words that follow, from words, both (steps, batch)."""

    def __init__(self, cell: bool) -> None:
        super().__init__()
        self.words = nn.Embedding(WORDS, WIDTH)
        self.lstm = nn.LSTMCell(WIDTH, WIDTH) if cell else nn.LSTM(WIDTH, WIDTH, 2)
        self.decoder = nn.Linear(WIDTH, WORDS)

    def forward(self, words: torch.Tensor) -> torch.Tensor:
        x = self.words(words)
        if isinstance(self.lstm, nn.LSTM):
            return self.decoder(self.lstm(x)[0])
        state, outputs = None, []
        for step in x:
            state = self.lstm(step, state)
            outputs.append(state[0])
        return self.decoder(torch.stack(outputs))


class EncoderLayer(nn.Module):
    """Attention and two layers, each followed by a norm of its sum with its input (Vaswani et al., 2017)."""

    def __init__(self) -> None:
        super().__init__()
        self.project, self.out = nn.Linear(MODEL, 3 * MODEL), nn.Linear(MODEL, MODEL)
        self.norm1 = nn.LayerNorm(MODEL, eps=EPSILON)
        self.hidden, self.back = nn.Linear(MODEL, HIDDEN), nn.Linear(HIDDEN, MODEL)
        self.norm2 = nn.LayerNorm(MODEL, eps=EPSILON)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        n, steps, _ = x.shape
        q, k, v = self.project(x).view(n, steps, 3, HEADS, MODEL // HEADS).permute(2, 0, 3, 1, 4)
        attended = nn.functional.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(n, steps, MODEL)
        x = self.norm1(x + self.out(attended))
        return self.norm2(x + self.back(self.hidden(x).relu_()))


class Encoder(nn.Sequential):
    """Logits of the mean of the last layer."""

    def __init__(self) -> None:
        super().__init__(*[EncoderLayer() for _ in range(LAYERS)])
        self.decoder = nn.Linear(MODEL, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for layer in list(self)[:-1]:
            x = layer(x)
        return self.decoder(x.mean(1))


def network(name: str) -> nn.Module:
    if name in ("lstm_step", "cells_step"):
        return LanguageModel(name == "cells_step")
    if name == "encoder_step":
        return Encoder()
    if name == "perceptron":
        return nn.Sequential(nn.Linear(20, 256), _relu(), nn.Linear(256, 10))
    if name == "deep":
        return nn.Sequential(*[layer for _ in range(40) for layer in (nn.Linear(8, 8), _relu())])
    if name == "mlp_step":
        return nn.Sequential(nn.Linear(784, 256), _relu(), nn.Linear(256, 10))
    if name == "lenet_step":
        return nn.Sequential(
            nn.Conv2d(1, 20, 5), _relu(), nn.MaxPool2d(2), nn.Conv2d(20, 50, 5), _relu(), nn.MaxPool2d(2),
            nn.Flatten(), nn.Linear(800, 500), _relu(), nn.Linear(500, 10),
        )  # fmt: skip
    if name == "resnet18_step":
        return _resnet18([*_conv(3, 64, 3, 1), _relu()], 10)
    return _resnet18([*_conv(3, 64, 7, 2), _relu(), nn.MaxPool2d(3, 2, 1)], 1000)


def eager(name: str) -> Work:
    return _build(name, compiled=False)


def compiled(name: str) -> Work:
    """``torch.compile`` in its default mode: of network and loss, whose gradient it compiles as well."""
    return _build(name, compiled=True)


def _adam(compiled: bool) -> Work:
    """The fused kernel, or the compiled update, whichever is asked for."""
    weights = [nn.Parameter(torch.from_numpy(value)) for value in parameters("adam")]
    for weight, gradient in zip(weights, gradients("adam"), strict=True):
        weight.grad = torch.from_numpy(gradient)
    optimizer = torch.optim.Adam(weights, lr=LEARNING_RATE, fused=not compiled)
    step = torch.compile(optimizer.step) if compiled else optimizer.step
    for _ in range(3):
        step()
    return Work(step, [weight.flatten()[0].item() for weight in weights])


def _build(name: str, *, compiled: bool) -> Work:
    torch.compiler.reset()
    if name == "adam":
        return _adam(compiled)
    net = network(name)
    moving = [buffer for buffer in net.buffers() if buffer.ndim]  # not the counts of batches
    with torch.no_grad():
        for tensor, value in zip([*net.parameters(), *moving], parameters(name) + averages(name), strict=True):
            tensor.copy_(torch.from_numpy(value))
    x, y = (torch.from_numpy(array) for array in batch(name))
    if not NETWORKS[name].trains:
        net.eval()
        forward = torch.compile(net) if compiled else net
        with torch.inference_mode():
            check = forward(x).flatten()[:100].tolist()
        return Work(lambda: forward(x), check, context=torch.inference_mode)

    loss_fn = nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(net.parameters(), lr=LEARNING_RATE, momentum=MOMENTUM, fused=True)

    def forward_loss() -> torch.Tensor:
        return loss_fn(net(x).flatten(0, -2), y.flatten())

    compute = torch.compile(forward_loss) if compiled else forward_loss

    def step() -> torch.Tensor:
        optimizer.zero_grad()
        loss = compute()
        loss.backward()
        optimizer.step()
        return loss

    check = [step().item() for _ in range(3)]
    return Work(step, check + [tensor.sum().item() for tensor in moving[::2]])
