"""The pages' links lead somewhere and the README's examples run."""

from __future__ import annotations

import pytest

from tools.check_docs import PAGES, ROOT, broken_links, failing_examples


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_readme_examples_run(capsys):
    assert failing_examples(ROOT / "README.md") == []
    assert float(capsys.readouterr().out) > 0.9  # the accuracy that the example prints


def test_checker_finds_what_is_wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "[here](page.md#part) [gone](gone.md) [web](https://example.org)\n"
        "```python\nx = 1\n```\n```\nnot python, [no link](no.md)\n```\n```python\nassert x == 1\nassert x == 2\n```\n"
    )
    assert broken_links(page) == ["gone.md"]
    (failure,) = failing_examples(page)
    assert 'page.md", line 10' in failure
    assert "AssertionError" in failure
