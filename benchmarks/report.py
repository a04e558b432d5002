"""What ``run.py --json FILE`` measured of whole networks, as a table beside that file (.md) and a picture (.png).

python benchmarks/report.py FILE
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

COLUMNS = {"ours": "Regluon", "torch": "PyTorch", "compile": "torch.compile", "jax": "JAX", "mxnet": "MXNet"}
COLOURS = {"ours": "#c2410c", "torch": "#475569", "compile": "#94a3b8", "jax": "#60a5fa", "mxnet": "#a3a3a3"}


def table(document: dict[str, Any]) -> str:
    """Milliseconds of each contender, ours over the best of the others, and what that ratio was to be."""
    versions = [f"{COLUMNS[who]} {version}" for who, version in document["contenders"].items() if who != "ours"]
    where = f"{document['cpu']}, {document['threads']} thread(s), Python {document['python']}"
    what = (
        "Milliseconds, medians; the ratio is ours over the best of the others, the median of neighbouring measurements."
    )
    lines = [
        f"{document['date']}, {where}; {', '.join(versions)}. {what}",
        "",
        f"| work | {' | '.join(COLUMNS.values())} | ratio | target | |",
        f"| --- |{' --: |' * (len(COLUMNS) + 2)} --- |",
    ]
    for row in document["networks"]:
        times = [f"{row['times'][who] / 1e3:.3g}" if who in row["times"] else "" for who in COLUMNS]
        ratio = "" if row["ratio"] is None else f"{row['ratio']:.2f}"
        verdict = "" if row["ratio"] is None else "reached" if row["ratio"] <= row["target"] else "missed"
        lines.append(f"| {row['name']} | {' | '.join(times)} | {ratio} | {row['target']:.2f} | {verdict} |")
    return "\n".join(lines) + "\n"


def picture(document: dict[str, Any], path: Path) -> None:
    """Bars of each contender's time over ours; the dotted line is ours."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    rows = [row for row in document["networks"] if "ours" in row["times"]][::-1]
    figure, axes = plt.subplots(figsize=(9, 0.75 * len(rows) + 1.2))
    thick = 0.8 / len(COLUMNS)
    for number, (who, name) in enumerate(COLUMNS.items()):
        bars = [(i, row["times"][who] / row["times"]["ours"]) for i, row in enumerate(rows) if who in row["times"]]
        places = [i + 0.4 - (number + 0.5) * thick for i, _ in bars]
        axes.barh(places, [length for _, length in bars], thick, color=COLOURS[who], label=name)
    axes.axvline(1, color="black", linewidth=0.8, linestyle=":")
    axes.set_yticks(range(len(rows)), [row["name"] for row in rows])
    axes.set_xlim(0, 4)
    axes.set_xlabel("time over Regluon's: shorter is faster; bars end at 4")
    axes.legend(loc="upper right", bbox_to_anchor=(1, -0.06), ncols=len(COLUMNS), frameon=False)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.set_title(f"{document['cpu']}, {document['threads']} thread(s), {document['date']}")
    figure.tight_layout()
    figure.savefig(path, dpi=110)


def write(path: Path) -> None:
    """The table and the picture beside a file of results."""
    document = json.loads(path.read_text("utf-8"))
    path.with_suffix(".md").write_text(table(document), "utf-8")
    picture(document, path.with_suffix(".png"))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
