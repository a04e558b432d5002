"""The stubs that are checked in are what the registry derives now, and say what the modules show at run time."""

from __future__ import annotations

import ast
import importlib
import inspect
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

from tools.make_stubs import ARRAYS, PACKAGE, stubs

STUBS = dict(stubs())
NAMESPACES = {
    ".".join(("mxnet", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): text
    for path, text in STUBS.items()
    if path.relative_to(PACKAGE).parts[0] in ARRAYS
}


def named(module: str, body: list[ast.stmt]) -> Iterator[str]:
    """The names that a stub gives to those who import it."""
    package = module if hasattr(importlib.import_module(module), "__path__") else module.rpartition(".")[0]
    for node in body:
        if isinstance(node, ast.FunctionDef):
            yield node.name
        elif isinstance(node, ast.Assign):
            yield from (target.id for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.ImportFrom) and node.names[0].name == "*":
            yield from importlib.import_module("." * node.level + (node.module or ""), package).__all__
        elif isinstance(node, ast.ImportFrom):
            yield from (alias.name for alias in node.names if alias.name == alias.asname)  # others stay private


def test_every_namespace_has_a_stub():
    names = ("op", "contrib", "linalg", "image", "sparse", "_internal")
    assert set(NAMESPACES) == {f"mxnet.{package}.{name}" for package in ("ndarray", "symbol") for name in names}


@pytest.mark.parametrize("path", STUBS, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_stubs_are_fresh(path: Path):
    assert path.read_text() == STUBS[path], f"{path.relative_to(PACKAGE)} is stale: run python tools/make_stubs.py"


@pytest.mark.parametrize("name", NAMESPACES)
def test_stub_names_what_the_module_shows(name):
    module = importlib.import_module(name)
    shown = {n for n in dir(module) if not n.startswith("__") and n not in ("_face", "_serve")}
    shown -= {n for n in shown if isinstance(vars(module).get(n), ModuleType)}
    found = list(named(name, ast.parse(NAMESPACES[name]).body))
    assert sorted(found) == sorted(shown)


@pytest.mark.parametrize("name", NAMESPACES)
def test_stub_has_the_signatures_of_the_faces(name):
    module = importlib.import_module(name)
    for node in ast.parse(NAMESPACES[name]).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        face = getattr(module, node.name)
        kinds = [(p.name, p.kind) for p in inspect.signature(face).parameters.values()]
        several = node.args.vararg is not None
        kind = inspect.Parameter.KEYWORD_ONLY if several else inspect.Parameter.POSITIONAL_OR_KEYWORD
        written = [(node.args.vararg.arg, inspect.Parameter.VAR_POSITIONAL)] if node.args.vararg else []
        written += [(a.arg, kind) for a in (*node.args.args, *node.args.kwonlyargs)]
        written += [(node.args.kwarg.arg, inspect.Parameter.VAR_KEYWORD)] if node.args.kwarg else []
        assert written == kinds, node.name
        assert ast.get_docstring(node) == face.__doc__.strip().split("\n")[0], node.name
