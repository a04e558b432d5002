"""Detection of an Apache MXNet in the same environment, and of extras that are not there."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from mxnet._extras import require
from mxnet._install import check

ROOT = Path(__file__).parents[1]


def distribution(folder: Path, info: str, **files: str) -> None:
    """Lay a distribution's metadata into ``folder``, as pip does."""
    (folder / info).mkdir()
    for name, text in files.items():
        (folder / info / name).with_suffix(".txt" if name == "top_level" else "").write_text(text)


@pytest.mark.parametrize(
    ("info", "project", "version"),
    [
        ("mxnet-1.9.1.dist-info", "mxnet", "1.9.1"),
        ("mxnet_cu112-1.9.1.dist-info", "mxnet-cu112", "1.9.1"),
        ("mxnet_mkl-1.6.0.dist-info", "mxnet-mkl", "1.6.0"),
        ("mxnet_native-1.8.0.dist-info", "mxnet-native", "1.8.0"),
        ("mxnet_cu101mkl-1.5.0-py3.6.egg-info", "mxnet-cu101mkl", "1.5.0"),
        ("mxnet.egg-info", "mxnet", "(version unknown)"),
    ],
)
def test_apache_mxnet_is_told(tmp_path, info, project, version):
    distribution(tmp_path, info, RECORD="mxnet/__init__.py,sha256=x,1\n")
    with pytest.raises(ImportError, match="cannot share an environment with Apache MXNet") as caught:
        check([str(tmp_path)])
    message = str(caught.value)
    assert f"{project} {version} in {tmp_path}" in message
    assert f"pip uninstall -y {project} regluon\n" in message
    assert message.endswith("pip install regluon")


def test_evidence_may_be_missing_or_in_top_level(tmp_path):
    for number, files in enumerate([{}, {"top_level": "dmlc_tracker\nmxnet\n"}]):
        (folder := tmp_path / str(number)).mkdir()
        distribution(folder, "mxnet-1.9.1.dist-info", **files)
        with pytest.raises(ImportError):
            check([str(folder)])


def test_two_are_both_named(tmp_path):
    distribution(tmp_path, "mxnet-1.9.1.dist-info")
    distribution(tmp_path, "mxnet_cu112-1.9.1.dist-info")
    with pytest.raises(ImportError, match=r"uninstall -y (mxnet mxnet-cu112|mxnet-cu112 mxnet) regluon"):
        check([str(tmp_path), str(tmp_path)])


def test_others_are_left_alone(tmp_path):
    distribution(tmp_path, "regluon-0.1.0.dist-info", RECORD="mxnet/__init__.py,sha256=x,1\n")
    distribution(tmp_path, "mxnet_model_server-1.0.8.dist-info", RECORD="mms/__init__.py,sha256=x,1\n")
    distribution(tmp_path, "mxnet_tools-1.0.dist-info", top_level="mxnet_tools\n")
    (tmp_path / "mxnet").mkdir()
    (tmp_path / "file.zip").touch()
    check([str(tmp_path), str(tmp_path / "file.zip"), str(tmp_path / "missing")])


def test_import_mxnet_checks(tmp_path):
    """`import mxnet` itself fails, for a distribution anywhere on sys.path."""
    distribution(tmp_path, "mxnet_cu112-1.9.1.dist-info", RECORD="mxnet/__init__.py,sha256=x,1\n")
    code = f"import sys; sys.path = {[*sys.path, str(tmp_path)]!r}; import mxnet"
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=False)
    assert result.returncode == 1
    assert "ImportError: Regluon cannot share an environment with Apache MXNet" in result.stderr


def test_require_returns_the_module():
    assert require("json.decoder", "demo") is sys.modules["json.decoder"]


@pytest.mark.parametrize("module", ["regluon_no_such_package", "regluon_no_such_package.part"])
def test_require_says_which_extra_is_missing(module):
    with pytest.raises(
        ImportError, match=r'This needs regluon_no_such\S+, .* pip install "regluon\[plot\]"$'
    ) as caught:
        require(module, "plot")
    assert caught.value.name == module


def test_require_passes_on_what_a_present_module_lacks(tmp_path, monkeypatch):
    (tmp_path / "regluon_half_there.py").write_text("import regluon_its_own_dependency")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="regluon_its_own_dependency") as caught:
        require("regluon_half_there", "plot")
    assert caught.value.name == "regluon_its_own_dependency"


def test_every_required_extra_is_declared():
    """The extras that the library's messages name exist."""
    tomllib = pytest.importorskip("tomllib" if sys.version_info >= (3, 11) else "tomli")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = {
        ast.literal_eval(call.args[1])
        for path in (ROOT / "src" / "mxnet").rglob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[-1] == "require" and len(call.args) == 2
    }
    assert named <= set(project["optional-dependencies"])
