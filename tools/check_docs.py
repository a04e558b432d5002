"""Check the pages: every relative link leads to a file, and every Python example runs.

python tools/check_docs.py
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
PAGES = [*sorted(ROOT.glob("*.md")), *sorted(ROOT.glob("docs/**/*.md"))]
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)\s#]+)[^)]*\)")
PROGRAM = """import sys, numpy
numpy.random.seed(0)  # data are shuffled by it
exec(compile(sys.stdin.read(), sys.argv[1], "exec"), {"__name__": "__main__"})"""


def broken_links(page: Path) -> list[str]:
    """The relative links of ``page`` that lead nowhere."""
    targets = LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
    return [target for target in targets if "://" not in target and not (page.parent / target).exists()]


def examples(page: Path) -> str:
    """The Python examples of ``page`` as one program, whose lines have the page's numbers; '' where it has none."""
    text, program = page.read_text(encoding="utf-8"), ""
    for match in FENCE.finditer(text):
        if match[1] == "python":
            program += "\n" * (text.count("\n", 0, match.start(2)) - program.count("\n")) + match[2]
    return program


def run_examples(page: Path) -> subprocess.CompletedProcess[str]:
    """Run the examples of ``page`` in a process of their own, in a folder that vanishes."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-c", PROGRAM, str(page)]
        return subprocess.run(
            command, input=examples(page), cwd=folder, capture_output=True, encoding="utf-8", check=False
        )


def main() -> int:
    problems = [f"{page.relative_to(ROOT)}: {link} leads nowhere" for page in PAGES for link in broken_links(page)]
    runs = [run_examples(page) for page in PAGES if examples(page)]
    problems += [run.stderr for run in runs if run.returncode]
    print("\n".join(problems) or f"{len(PAGES)} pages are in order")
    return bool(problems)


if __name__ == "__main__":
    sys.exit(main())
