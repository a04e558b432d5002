"""Cases for arrays, as source code that MXNet answers once (tools/record_ndarray.py) and Regluon in every test run."""

from __future__ import annotations

from . import contexts, creation, different, functions, indexing, methods, operators, printing, sparse

__all__ = ["FAMILIES"]


def lines(text: str) -> list[str]:
    """The cases in a text: one a line, in which ``\\n`` stands for a line break."""
    return [line.replace("\\n", "\n") for line in text.splitlines() if line]


FAMILIES: dict[str, list[str]] = {
    "methods": lines(methods.CASES) + list(methods.generated()),
    "indexing": lines(indexing.CASES) + list(indexing.generated()),
    "operators": lines(operators.CASES) + list(operators.generated()),
    "creation": lines(creation.CASES),
    "functions": lines(functions.CASES) + list(functions.generated()),
    "printing": lines(printing.CASES) + list(printing.generated()),
    "contexts": lines(contexts.CASES),
    "sparse": lines(sparse.CASES),
    "different": list(different.CASES),
}
