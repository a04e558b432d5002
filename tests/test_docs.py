"""The pages' links lead somewhere and their examples run."""

from __future__ import annotations

import re

import pytest

from tools.check_docs import PAGES, ROOT, broken_links, examples, run_examples


def printed(name):
    """What the examples of a page print."""
    run = run_examples(ROOT / name)
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page):
    assert broken_links(page) == []


def test_readme_examples_run():
    assert float(printed("README.md")) > 0.9  # the accuracy that the example prints


def test_examples_of_mixed_precision_run():
    dtypes, accuracy = printed("docs/mixed_precision.md").splitlines()
    assert re.search("float32.*bfloat16", dtypes)
    assert float(accuracy) > 0.85


def test_examples_of_training_run():
    text = printed("docs/training.md")
    assert "Checkpoint resumed from epoch 3 batch 91, continue to train for 8 epochs" in text
    accuracy = re.search(r"\('validation accuracy', ([\d.]+)\)", text)
    assert accuracy is not None
    assert float(accuracy[1]) > 0.85
    assert re.search(r"^FullyConnected +12 ", text, re.MULTILINE)  # two layers, six batches


def test_no_other_page_has_examples():
    pages = {page.relative_to(ROOT).as_posix() for page in PAGES if examples(page)}
    assert pages == {"README.md", "docs/mixed_precision.md", "docs/training.md"}


def test_checker_finds_what_is_wrong(tmp_path):
    page = tmp_path / "page.md"
    page.write_text(
        "[here](page.md#part) [gone](gone.md) [web](https://example.org)\n"
        "```python\nx = 1\n```\n```\nnot python, [no link](no.md)\n```\n```python\nassert x == 1\nassert x == 2\n```\n"
    )
    assert broken_links(page) == ["gone.md"]
    run = run_examples(page)
    assert run.returncode == 1
    assert 'page.md", line 10' in run.stderr
    assert "AssertionError" in run.stderr
