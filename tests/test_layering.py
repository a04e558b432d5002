"""The package keeps the shape that docs/architecture.md draws: imports go down only, few parts touch torch, files are
small. Every import counts, also one inside a function: a late import only hides a loop. What is only there for the type
checker (`if TYPE_CHECKING:`) does not.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[1] / "src" / "mxnet"
MAX_LINES = 600

# A part is a module or package directly in mxnet/. It may import parts of lower layers, and of its own layer where that
# part does not import it in turn. mxnet/__init__.py is above all of them.
LAYERS = tuple(
    frozenset(line.split())
    for line in (
        "_extras _files _install _state attribute base context dtypes name registry util",
        "engine error libinfo library log misc runtime",
        "ops",
        "graph",
        "executor ndarray symbol",
        "autograd numpy numpy_extension operator profiler random",
        "image initializer io kvstore lr_scheduler metric optimizer recordio",
        "gluon",
        "callback contrib model module monitor onnx test_utils visualization",
    )
)
TORCH = frozenset(
    {"autograd", "context", "dtypes", "graph", "kvstore", "ndarray", "ops", "profiler", "random", "runtime"}
)

# (file, part or "torch") that may break the rules, with the reason. One that no longer does is a problem, too.
EXCEPTIONS: dict[tuple[str, str], str] = {}


def imports(tree: ast.Module, package: str) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of everything that a module of ``package`` imports."""
    pending: list[ast.AST] = [tree]
    while pending:
        node = pending.pop()
        if isinstance(node, ast.If) and ast.unparse(node.test) in ("TYPE_CHECKING", "typing.TYPE_CHECKING"):
            pending.extend(node.orelse)
            continue
        pending.extend(ast.iter_child_nodes(node))
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("import_module", "__import__")):
            names = (argument.value for argument in node.args[:1] if isinstance(argument, ast.Constant))
            yield from ((node.lineno, importlib.util.resolve_name(name, package)) for name in names)


def problems(source: Path, exceptions: dict[tuple[str, str], str]) -> list[str]:
    """What breaks the rules in the package at ``source``, one line each."""
    parts = {path.stem for path in source.iterdir() if path.suffix == ".py" or any(path.rglob("*.py"))} - {"__init__"}
    layer = {part: number for number, members in enumerate(LAYERS) for part in members}
    found = [f"{part}: has no place in LAYERS" for part in sorted(parts - set(layer))]
    beside: dict[tuple[str, str], str] = {}
    used = set()
    for path in sorted(source.rglob("*.py")):
        file = path.relative_to(source).as_posix()
        text = path.read_text(encoding="utf-8")
        if (length := len(text.splitlines())) > MAX_LINES:
            found.append(f"{file}: {length} lines, at most {MAX_LINES} are allowed")
        part = Path(file).parts[0].removesuffix(".py")
        if part not in layer:  # mxnet/__init__.py, or told above
            continue
        for line, name in imports(ast.parse(text), ".".join(("mxnet", *Path(file).parts[:-1]))):
            top, _, rest = name.partition(".")
            target = rest.partition(".")[0] if top == "mxnet" else top
            wrong = None
            if top == "torch" and part not in TORCH:
                wrong = f"{part} touches torch"
            elif top == "mxnet" and target not in parts:
                wrong = f"{part} imports {name}, which only mxnet/__init__.py provides"
            elif top == "mxnet" and layer.get(target, 0) > layer[part]:
                wrong = f"{part} imports {target}, which lies above it"
            elif top == "mxnet" and target != part and layer.get(target) == layer[part]:
                beside.setdefault((part, target), f"{file}:{line}")
            if wrong and (file, target) in exceptions:
                used.add((file, target))
            elif wrong:
                found.append(f"{file}:{line}: {wrong}")
    found += [
        f"{where}: {part} and {target} import each other"
        for (part, target), where in beside.items()
        if part < target and (target, part) in beside
    ]
    found += [f"{file}: the exception for {target} is no longer needed" for file, target in exceptions.keys() - used]
    return found


def test_imports_go_down_and_files_are_small():
    found = problems(SOURCE, EXCEPTIONS)
    assert not found, "\n".join(found)


def test_layers_name_every_part_once():
    names = [part for members in LAYERS for part in members]
    assert len(names) == len(set(names))
    assert set(names) >= TORCH


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A small package that keeps the rules."""
    for name in ("ndarray", "gluon/nn", "contrib"):
        (tmp_path / name).mkdir(parents=True)
    files = {
        "__init__.py": "import torch\nfrom . import contrib, gluon\n",
        "base.py": "import numpy\n",
        "ops.py": "import torch.nn.functional as F\nfrom .base import MXNetError\n",
        "ndarray/__init__.py": "from .array import NDArray\n",
        "ndarray/array.py": "import torch\nfrom .. import ops\nfrom ..base import MXNetError\n",
        "symbol.py": "from .ndarray import NDArray\n",
        "gluon/__init__.py": "from . import nn\nfrom ..symbol import Symbol\n",
        "gluon/nn/__init__.py": "from ... import ndarray as nd\nfrom .dense import Dense\n",
        "gluon/nn/dense.py": "import typing\nif typing.TYPE_CHECKING:\n    import torch\n    from ... import contrib\n",
        "contrib/__init__.py": "from mxnet.gluon import nn\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def test_checker_accepts_a_good_tree(package):
    assert problems(package, {}) == []


@pytest.mark.parametrize(
    ("file", "text", "problem"),
    [
        ("gluon/nn/dense.py", "import torch", "gluon/nn/dense.py:1: gluon touches torch"),
        ("gluon/nn/dense.py", "from torch.nn import Linear", "gluon/nn/dense.py:1: gluon touches torch"),
        ("ops.py", "from . import ndarray", "ops.py:1: ops imports ndarray, which lies above it"),
        ("ops.py", "\nimport mxnet.gluon.nn", "ops.py:2: ops imports gluon, which lies above it"),
        (
            "ndarray/array.py",
            "from ..gluon.nn import Dense",
            "ndarray/array.py:1: ndarray imports gluon, which lies above",
        ),
        ("gluon/nn/dense.py", "def f():\n    from ...contrib import amp", "gluon/nn/dense.py:2: gluon imports contrib"),
        ("base.py", "__import__('mxnet.ops')", "base.py:1: base imports ops, which lies above it"),
        (
            "gluon/nn/dense.py",
            "import importlib\nimportlib.import_module('...contrib', __package__)",
            "gluon imports contrib",
        ),
        (
            "gluon/nn/dense.py",
            "if TYPE_CHECKING:\n    pass\nelse:\n    import torch",
            "dense.py:4: gluon touches torch",
        ),
        ("gluon/nn/dense.py", "import mxnet as mx", "gluon imports mxnet, which only mxnet/__init__.py provides"),
        ("gluon/nn/dense.py", "from ... import nd", "gluon imports mxnet.nd, which only mxnet/__init__.py provides"),
        ("ndarray/array.py", "from .. import symbol", "ndarray/array.py:1: ndarray and symbol import each other"),
        ("oddity.py", "", "oddity: has no place in LAYERS"),
        ("base.py", "x = 1\n" * 601, "base.py: 601 lines, at most 600 are allowed"),
    ],
)
def test_checker_finds_what_is_wrong(package, file, text, problem):
    (package / file).write_text(text, encoding="utf-8")
    (found,) = problems(package, {})
    assert problem in found


def test_exceptions_hold_only_where_they_are_needed(package):
    exceptions = {("ops.py", "ndarray"): "a reason"}
    assert problems(package, exceptions) == ["ops.py: the exception for ndarray is no longer needed"]
    (package / "ops.py").write_text("def f():\n    from . import ndarray", encoding="utf-8")
    assert problems(package, exceptions) == []
