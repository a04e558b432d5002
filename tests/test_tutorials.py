"""The tutorials run: the founding one unmodified, and ours with the outputs that are saved in it."""

from __future__ import annotations

import json
import re
import traceback
from pathlib import Path

import numpy as np
import pytest
from cells import code_cells, run_cells

import mxnet as mx

ROOT = Path(__file__).parents[1]
TUTORIAL = ROOT / "docs" / "tutorials" / "layers_and_blocks.ipynb"
SEED = ROOT.parent / "shared" / "seed" / "layers_and_blocks.ipynb"

NUMBER = re.compile(r"-?\d+\.\d*(?:e[-+]?\d+)?")


def values(parameter):
    return parameter.data().asnumpy().astype("float64")


def dense(x, layer, activation=lambda y: y):
    return activation(x @ values(layer.weight).T + values(layer.bias))


def relu(x):
    return np.maximum(x, 0)


@pytest.fixture(scope="module")
def founding():
    """Of the founding tutorial: its names, each block that was called ``net`` by its class, and what the cells show."""
    mx.random.seed(0)
    names, nets, outputs = {}, {}, []
    for cell in run_cells(SEED, names):
        nets[type(names["net"]).__name__] = names["net"]
        outputs.append(cell.output)
    return names, nets, outputs


@pytest.fixture(scope="module")
def tutorial():
    """The names that the cells of our tutorial define."""
    names = {}
    list(run_cells(TUTORIAL, names))
    return names


@pytest.mark.skipif(not SEED.exists(), reason=f"{SEED.name} as Apache MXNet published it is not beside the repository")
class TestFounding:
    """The cells of the tutorial that Regluon began with run unmodified."""

    def test_shows_what_it_computes(self, founding):
        _, _, outputs = founding
        shapes = [re.findall(r"<NDArray (\S+) @cpu\(0\)>", output) for output in outputs]
        assert shapes == [["2x10"], [], ["2x10"], [], ["2x10"], [], ["1"], ["1"]]

    @pytest.mark.parametrize("name", ["Sequential", "MySequential", "MLP"])
    def test_perceptrons(self, founding, name):
        names, nets, _ = founding
        net, x = nets[name], names["x"]
        hidden, output = net._children.values()
        y = net(x)
        assert y.shape == (2, 10)
        expected = dense(dense(x.asnumpy().astype("float64"), hidden, relu), output)
        np.testing.assert_allclose(y.asnumpy(), expected, rtol=1e-4, atol=1e-6)

    @staticmethod
    def fancy(x, net):
        """What FancyMLP computes, in float64."""
        x = dense(relu(dense(x, net.dense, relu) @ values(net.rand_weight) + 1), net.dense, relu)
        while np.linalg.norm(x) > 1:
            x = x / 2
        return (x * 10 if np.linalg.norm(x) < 0.8 else x).sum()

    def test_fancy(self, founding):
        names, nets, _ = founding
        net, x = nets["FancyMLP"], names["x"]
        y = net(x)
        assert y.shape == (1,)
        np.testing.assert_allclose(y.asscalar(), self.fancy(x.asnumpy().astype("float64"), net), rtol=1e-4)
        assert net.rand_weight.grad_req == "null"
        assert list(net.collect_params()) == [p.name for p in (net.rand_weight, net.dense.weight, net.dense.bias)]

    def test_chimera(self, founding):
        names, _, _ = founding
        nested, middle, fancy = names["chimera"]
        x = names["x"].asnumpy().astype("float64")
        for layer in (*nested.net, nested.dense):
            x = dense(x, layer, relu)
        y = names["chimera"](names["x"])
        assert y.shape == (1,)
        np.testing.assert_allclose(y.asscalar(), self.fancy(dense(x, middle), fancy), rtol=1e-4)


class TestOurs:
    def test_is_a_valid_notebook(self):
        nbformat = pytest.importorskip("nbformat")
        nbformat.validate(nbformat.read(TUTORIAL, as_version=4))

    def test_figure_is_there(self):
        cells = json.loads(TUTORIAL.read_text(encoding="utf-8"))["cells"]
        text = "".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        (figure,) = re.findall(r"!\[[^\]]+\]\(([^)]+)\)", text)
        assert "</svg>" in (TUTORIAL.parent / figure).read_text(encoding="utf-8")

    def test_saved_outputs_are_what_the_cells_show(self):
        """To save new ones: ``jupyter execute --inplace docs/tutorials/layers_and_blocks.ipynb``, of nbclient.

        Another processor may round the last digits of a number otherwise, and these may then take more or less room.
        """
        saved, ran = code_cells(TUTORIAL), list(run_cells(TUTORIAL))
        assert len(saved) == len(ran) > 10
        for then, now in zip(saved, ran, strict=True):
            texts = ["".join(NUMBER.sub("#", cell.output).split()) for cell in (then, now)]
            assert texts[0] == texts[1], now.source
            numbers = [[float(number) for number in NUMBER.findall(cell.output)] for cell in (then, now)]
            np.testing.assert_allclose(*numbers, rtol=1e-3, atol=1e-5, err_msg=now.source)

    def test_residual(self, tutorial):
        block, x = tutorial["residual"], tutorial["x"].asnumpy().astype("float64")
        expected = x + dense(dense(x, block.hidden, relu), block.output)
        np.testing.assert_allclose(block(tutorial["x"]).asnumpy(), expected, rtol=1e-4, atol=1e-6)

    def test_constants_standardize_and_do_not_learn(self, tutorial):
        heights = tutorial["height"].asnumpy().astype("float64")
        standardize, line = tutorial["scale"]
        np.testing.assert_allclose(values(standardize.mean), [heights.mean()], rtol=1e-6)
        np.testing.assert_allclose(values(standardize.spread), [heights.std()], rtol=1e-6)
        slope, intercept = np.polyfit((heights - heights.mean()) / heights.std(), tutorial["weight"].asnumpy(), 1)
        np.testing.assert_allclose(
            [values(line.weight).item(), values(line.bias).item()], [slope, intercept], rtol=1e-4
        )

    def test_settles_on_a_fixed_point(self, tutorial):
        settle, x = tutorial["settle"], tutorial["x"].asnumpy().astype("float64")
        state = settle(tutorial["x"]).asnumpy().astype("float64")
        assert 1 < settle.rounds < 100
        np.testing.assert_allclose(state, np.tanh(dense(state, settle.layer) + x), atol=settle.tolerance)

    def test_committee_says_the_mean(self, tutorial):
        committee, x = tutorial["committee"], tutorial["x"]
        answers = [member(x).asnumpy().astype("float64") for member in committee]
        np.testing.assert_allclose(committee(x).asnumpy(), np.mean(answers, axis=0), rtol=1e-4, atol=1e-6)


class TestRunCells:
    @staticmethod
    def notebook(path, *sources):
        cells = [{"cell_type": "code", "source": source, "outputs": []} for source in sources]
        path.write_text(json.dumps({"cells": [{"cell_type": "markdown", "source": ["text\n", "## Part"]}, *cells]}))
        return path

    def test_shows_prints_and_the_last_value(self, tmp_path):
        path = self.notebook(tmp_path / "n.ipynb", ["x = 2\n", "print(x)\n", "x + 1"], "x\ny = x", "None", "")
        assert [(cell.heading, cell.output) for cell in run_cells(path)] == [
            ("Part", "2\n3"), ("Part", ""), ("Part", ""), ("Part", "")
        ]  # fmt: skip

    def test_counts_names_from_zero(self, tmp_path):
        path = self.notebook(
            tmp_path / "n.ipynb", "import mxnet as mx; mx.gluon.nn.Dense(1).name", "mx.gluon.nn.Dense(1).name"
        )
        mx.gluon.nn.Dense(1)
        assert [cell.output for cell in run_cells(path)] == ["'dense0'", "'dense1'"]
        assert mx.gluon.nn.Dense(1).name == "dense1"  # the caller's count goes on

    def test_error_names_the_cell(self, tmp_path):
        path = self.notebook(tmp_path / "broken.ipynb", "x = 1", "y = 2\nx / 0")
        with pytest.raises(ZeroDivisionError) as caught:
            list(run_cells(path))
        text = "".join(traceback.format_exception(caught.value))
        assert 'broken.ipynb, code cell 2", line 2' in text
        assert "x / 0" in text

    def test_saved_outputs_are_read(self):
        first, *_ = code_cells(TUTORIAL)
        assert first.heading == "A perceptron"
        assert first.source.startswith("import mxnet as mx")
        assert first.output.endswith("<NDArray 3x2 @cpu(0)>")
