"""Check the pages: every relative link leads to a file, and the Python examples of README.md run.

python tools/check_docs.py
"""

from __future__ import annotations

import re
import sys
import traceback
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")


def broken_links(page: Path) -> list[str]:
    """The relative links of ``page`` that lead nowhere."""
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if "://" not in target and not (page.parent / target).exists()]


def failing_examples(page: Path) -> list[str]:
    """A traceback for every Python example of ``page`` that fails. They run in order, in one namespace."""
    text = page.read_text(encoding="utf-8")
    names: dict[str, object] = {"__name__": "__main__"}
    failures = []
    for match in FENCE.finditer(text):
        if match[1] == "python":
            above = "\n" * (text.count("\n", 0, match.start()) + 1)  # so that a traceback gives the page's line
            try:
                exec(compile(above + match[2], str(page), "exec"), names)
            except Exception:
                failures.append(traceback.format_exc())
    return failures


def main() -> int:
    problems = [f"{page.relative_to(ROOT)}: {link} leads nowhere" for page in PAGES for link in broken_links(page)]
    problems += failing_examples(ROOT / "README.md")
    print("\n".join(problems) or f"{len(PAGES)} pages are in order")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
