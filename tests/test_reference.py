"""The reference page of the operators is what the registry says now."""

from __future__ import annotations

import re

from mxnet.ops import absent, registry
from tools.make_reference import PAGE, coverage, page, public


def test_page_is_fresh():
    text = PAGE.read_text("utf-8")
    assert text == page(), "docs/reference/operators.md is stale: run python tools/make_reference.py"


def test_page_has_every_operator():
    text = page()
    entries = re.findall(r"^- \*\*`(.+?)`\*\*`\(", text, re.MULTILINE)
    assert sorted(entries) == sorted(public(op.name) for op in registry.operators())
    for op in registry.operators():
        assert all(f"`{public(alias)}`" in text for alias in op.aliases)
    for name, why in {**absent.LEFT_OUT, **absent.INTERNAL}.items():
        assert f"`{public(name)}`" in text
        assert why in text


def test_contents_lead_to_headings():
    text = page()
    headings = {re.sub("[:']", "", h.lower()).replace(" ", "-") for h in re.findall(r"^## (.+)$", text, re.MULTILINE)}
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= headings


def test_everything_of_the_inventory_is_covered():
    assert {key: (here, wanted) for key, (here, wanted) in coverage().items() if here != wanted} == {}
