"""Side by side with PyTorch, JAX and MXNet: ``make bench``.

    python benchmarks/run.py [--rounds 30] [--only WORD] [--json FILE] [--mxnet PYTHON] [--jax PYTHON]

Everything is timed in turn and shown as medians, and as the median of the ratios within each turn: an absolute time
means little on a shared machine, a ratio does. Nothing else should run beside it. Three kinds of rows:

- whole networks, each contender in a process of its own (``contenders.py``, ``networks/``);
- ours beside torch in one process: small works (``rows.py``) and single operators (``operators.py``);
- what graphs cost (``graphs.py``), and what each pass gains (``passes.py``).

``--mxnet`` and ``--jax`` name a Python that has the real MXNet 1.9.1, or JAX; without them those columns stay empty.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count() or 1))  # for all contenders, before any is imported

import graphs
import pairs
import passes
import report
import rows
from contenders import HEADER, Contender, Contest, Refused, contest, find
from networks import NETWORKS
from operators import OPERATORS, SIZES

Row = TypeVar("Row", pairs.Pair, Contest, graphs.Figure)


def show(row: Row) -> Row:
    print(row, flush=True)
    return row


def networks(only: str, rounds: int, mxnet: str | None, jax: str | None) -> tuple[list[Contest], dict[str, str]]:
    """The contests, and the versions of who took part."""
    names = [name for name, network in NETWORKS.items() if only in network.title]
    if not names:
        return [], {}
    contenders = find(mxnet, jax)
    print(HEADER)
    contests = [show(contest(name, contenders, rounds)) for name in names]
    versions = {}
    for who, contender in contenders.items():
        versions[who] = contender.version
        contender.close()
    return contests, versions


def small_works(only: str, rounds: int, mxnet: str | None) -> list[pairs.Pair]:
    named = [(number, size) for number in range(len(OPERATORS)) for size in SIZES]
    named = [(number, size) for number, size in named if only in f"{OPERATORS[number].name}, {size}"]
    original = None
    if mxnet and named:
        try:
            original = Contender(mxnet, "operators")
        except Refused as reason:
            print(f"without mxnet: {reason}")
    print(pairs.HEADER)
    results = []
    if only in "import":
        results.append(show(pairs.import_time(max(3, rounds // 4))))
    results += [show(pairs.compare(row, rounds)) for row in rows.ROWS if only in row.name]
    results += [show(pairs.compare_operator(number, size, rounds, original)) for number, size in named]
    if original is not None:
        original.close()
    return results


def gains(only: str, rounds: int) -> list[pairs.Pair]:
    """Networks with each pass beside the same without it."""
    chosen = [row for row in passes.ROWS if only in row.name]
    if chosen:
        print(passes.HEADER)
    return [show(pairs.compare(row, rounds)) for row in chosen]


def figures(only: str) -> list[graphs.Figure]:
    found = [figure() for name, figure in graphs.FIGURES.items() if only in name]
    return [show(figure) for figure in found if figure is not None]


def _processor() -> str:
    """The kind of processor, as Linux names it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.machine()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=30)
    parser.add_argument("--only", default="", help="only rows whose name contains this")
    parser.add_argument("--json", type=Path, help="write the results there, and a table and a picture beside them")
    parser.add_argument("--mxnet", metavar="PYTHON", help="a Python with the real MXNet, to be timed as well")
    parser.add_argument("--jax", metavar="PYTHON", help="a Python with JAX, to be timed as well")
    options = parser.parse_args()

    contests, versions = networks(options.only, options.rounds, options.mxnet, options.jax)
    single = figures(options.only)
    gained = gains(options.only, options.rounds)
    paired = small_works(options.only, options.rounds, options.mxnet)
    if options.json:
        document = {
            "date": time.strftime("%Y-%m-%d"),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "cpu": _processor(),
            "cpus": os.cpu_count(),
            "threads": os.environ["OMP_NUM_THREADS"],
            **rows.versions(),
            "contenders": versions,
            "networks": [asdict(contest) for contest in contests],
            "figures": [asdict(figure) for figure in single],
            "passes": [asdict(pair) for pair in gained],
            "rows": [asdict(pair) for pair in paired],
        }
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(document, indent=1) + "\n")
        report.write(options.json)


if __name__ == "__main__":
    main()
