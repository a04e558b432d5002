"""mx.runtime and mx.libinfo: what this installation can do, and where it lies."""

from __future__ import annotations

import importlib.util
import json
import os
from pathlib import Path

import pytest
import torch

import mxnet as mx
from mxnet.runtime import Feature, Features, feature_list

NAMES = json.loads((Path(__file__).parent / "golden" / "tools.json").read_text(encoding="utf-8"))["features"]


def test_names_are_mxnets():
    assert list(Features()) == [feature.name for feature in feature_list()] == NAMES


def test_what_is_there():
    features = Features()
    assert features.is_enabled("CUDA") == (mx.context.num_gpus() > 0)
    assert features.is_enabled("mkldnn") == torch.backends.mkldnn.is_available()
    assert features.is_enabled("OpenMP") == torch.backends.openmp.is_available()
    assert features.is_enabled("OPENCV") == (importlib.util.find_spec("cv2") is not None)
    assert features.is_enabled("CPU_AVX2") == (torch.backends.cpu.get_cpu_capability() != "DEFAULT")
    assert features.is_enabled("INT64_TENSOR_SIZE")
    assert not features.is_enabled("TVM_OP")
    assert torch.backends.mkl.is_available() == features["BLAS_MKL"].enabled


def test_how_they_print():
    assert [repr(Feature("CUDA", False)), repr(Feature("CPU_SSE", True))] == ["✖ CUDA", "✔ CPU_SSE"]
    assert str(Features()).startswith("[✖ CUDA, " if not torch.cuda.is_available() else "[✔ CUDA, ")
    assert str(Features()) == str(feature_list())


def test_there_is_one_object():
    assert Features() is Features() is Features.instance


def test_an_unknown_feature():
    with pytest.raises(RuntimeError, match=r"Feature 'FOO' is unknown, known features are: \['CUDA', "):
        Features().is_enabled("foo")


def test_libraries():
    paths = mx.libinfo.find_lib_path()
    assert paths
    assert all(os.path.exists(path) for path in paths)
    assert os.path.isdir(mx.libinfo.find_include_path())
    assert mx.libinfo.__version__ == mx.__version__
    with pytest.raises(RuntimeError, match="Cannot find the library 'libfoo'"):
        mx.libinfo.find_lib_path("libfoo")
    with pytest.raises(RuntimeError, match="TVM"):
        mx.libinfo.find_conf_path()
