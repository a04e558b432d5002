"""How often and how long: what ``dumps`` shows."""

from __future__ import annotations

import json

__all__ = ["Statistics"]

_TIME = ("Time (ms)", "Min Time (ms)", "Max Time (ms)", "Avg Time (ms)")
_MEMORY = ("Min Use  (kB)", "Max Use  (kB)", "Avg Use  (kB)")
_VALUE = ("Last Value", "Min Value", "Max Value", "Avg Value")


class _Row:
    """Values of one name."""

    def __init__(self) -> None:
        self.count, self.total, self.min, self.max, self.last = 0, 0.0, float("inf"), -float("inf"), 0.0

    def add(self, value: float) -> None:
        self.count += 1
        self.total += value
        self.min, self.max, self.last = min(self.min, value), max(self.max, value), value

    @property
    def avg(self) -> float:
        return self.total / self.count


class Statistics:
    """Values by category and name. Times are milliseconds, memory is in units of 1,000 bytes."""

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}  # category -> "Time", "Memory" or "Counter"
        self._rows: dict[str, dict[str, _Row]] = {}

    def add(self, kind: str, category: str, name: str, value: float) -> None:
        self._kinds[category] = kind
        self._rows.setdefault(category, {}).setdefault(name, _Row()).add(value)

    def clear(self) -> None:
        self._rows.clear()

    def table(self, sort_by: str, ascending: bool) -> str:
        """As MXNet's text: one table for each category, in the order of their names."""
        text = "\nProfile Statistics:\n\tNote the difference in units for different entries.\n"
        for category in sorted(self._rows):
            columns = {"Time": _TIME, "Memory": _MEMORY, "Counter": _VALUE}[self._kinds[category]]
            text += f"{category}\n=================\n"
            text += _line("Name", "Total Count", columns)
            text += _line("----", "-----------", ["-" * len(c) for c in columns])
            for name, row in self._sorted(category, sort_by, ascending):
                first = {"Time": [row.total], "Memory": [], "Counter": [row.last]}[self._kinds[category]]
                text += _line(name, str(row.count), [f"{x:.4f}" for x in (*first, row.min, row.max, row.avg)])
            text += "\n"
        return text

    def json(self, sort_by: str, ascending: bool) -> str:
        """The same as JSON."""
        found: dict[str, dict] = {"Time": {}, "Memory": {}}
        for category in sorted(self._rows):
            rows = found.setdefault(self._kinds[category], {})[category] = {}
            for name, row in self._sorted(category, sort_by, ascending):
                rows[name] = {"Count": row.count, "Total": row.total, "Min": row.min, "Max": row.max, "Avg": row.avg}
                if self._kinds[category] != "Time":
                    del rows[name]["Total"]
        found["Unit"] = {"Time": "ms", "Memory": "kB"}
        return json.dumps(found, indent=4) + "\n"

    def _sorted(self, category: str, sort_by: str, ascending: bool) -> list[tuple[str, _Row]]:
        return sorted(self._rows[category].items(), key=lambda row: getattr(row[1], sort_by), reverse=not ascending)


def _line(name: str, count: str, columns: list[str] | tuple[str, ...]) -> str:
    return f"{name:<25}{count:>16}" + "".join(f"{column:>17}" for column in columns) + "\n"
