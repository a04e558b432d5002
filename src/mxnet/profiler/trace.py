"""From a trace of torch's profiler to one that speaks of MXNet's operators.

torch writes a list of events in Chrome's format. Among them are ranges that the profiler opened around each call of an
operator (``PREFIX`` and its name); torch's own calls inside of them; arrows (``fwdbwd``) from the calls that gradients
go back through to the nodes that compute these gradients; and kernels on a GPU, each with the number of its launch.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from typing import Any, NamedTuple

__all__ = ["PREFIX", "Reading", "read"]

PREFIX = "mxnet::"
_LAUNCHES = ("cuda_runtime", "cuda_driver")
_ON_DEVICE = ("kernel", "gpu_memcpy", "gpu_memset")

Event = dict[str, Any]


class Reading(NamedTuple):
    """What a trace says."""

    events: list[Event]  # Chrome's, but for ``ts``: nanoseconds since 1970, whole
    operators: list[tuple[str, float]]  # name and milliseconds of each call
    memory: list[tuple[str, int]]  # name of a device and bytes in use, each time that these changed


def read(trace: dict[str, Any]) -> Reading:
    """Read what torch wrote.

    A call takes the time of its kernels, if it launched any, and else the time until the function returned. A gradient
    that several nodes compute is one call of ``_backward_<operator>``.
    """
    base = int(trace.get("baseTimeNanoseconds", 0))
    events: list[Event] = trace["traceEvents"]
    forward = [e for e in events if e["ph"] == "X" and e["name"].startswith(PREFIX)]
    for event in forward:
        event["name"], event["cat"] = event["name"].removeprefix(PREFIX), "operator"
    backward = _backward(events, _Ranges(forward))
    operators = _durations(events, [(event, i) for i, event in enumerate(forward)] + backward)
    memory = [_memory(event) for event in events if event["name"] == "[memory]"]
    events = [*forward, *(event for event, _ in backward), *(e for e in events if e.get("cat") != "operator")]
    for event in events:
        event["ts"] = base + round(event.get("ts", 0) * 1000)
    return Reading(events, operators, memory)


class _Ranges:
    """Events by thread and time."""

    def __init__(self, events: Iterable[Event]) -> None:
        self._threads: dict[Any, tuple[list[float], list[tuple[float, int, int]]]] = {}
        order = sorted(enumerate(events), key=lambda item: (item[1]["ts"], -item[1]["dur"]))
        open_: dict[Any, list[int]] = {}
        for number, event in order:
            starts, rows = self._threads.setdefault(event["tid"], ([], []))
            stack = open_.setdefault(event["tid"], [])
            while stack and rows[stack[-1]][0] <= event["ts"]:
                stack.pop()
            rows.append((event["ts"] + event["dur"], number, stack[-1] if stack else -1))
            stack.append(len(starts))
            starts.append(event["ts"])

    def around(self, thread: Any, time: float) -> list[int]:
        """The numbers of the events that cover a moment of a thread, the innermost first."""
        starts, rows = self._threads.get(thread, ([], []))
        place, found = bisect_right(starts, time) - 1, []
        while place >= 0:
            end, number, outer = rows[place]
            if time < end:
                found.append(number)
            place = outer
        return found


def _backward(events: list[Event], operators: _Ranges) -> list[tuple[Event, tuple[int, str]]]:
    """For each node of a gradient an event named for its operator, and which call it belongs to."""
    begins = {e["id"]: e for e in events if e.get("cat") == "fwdbwd" and e["ph"] == "s"}
    nodes: dict[tuple, Event] = {}
    for event in events:
        if event["ph"] == "X" and event.get("cat") == "cpu_op":
            nodes.setdefault((event["tid"], event["ts"]), event)
    names = {}
    for event in events:
        if event.get("cat") != "fwdbwd" or event["ph"] != "f" or event["id"] not in begins:
            continue
        begin = begins[event["id"]]
        around, node = operators.around(begin["tid"], begin["ts"]), nodes.get((event["tid"], event["ts"]))
        if around and node is not None:
            names[id(node)] = (node, around[0])
    found = []
    calls = [e for e in events if e.get("cat") == "operator"]
    for node, number in names.values():
        name = f"_backward_{calls[number]['name'].removeprefix('_')}"
        found.append(({**node, "name": name, "cat": "operator", "args": {}}, (number, name)))
    return found


def _durations(events: list[Event], calls: list[tuple[Event, Any]]) -> list[tuple[str, float]]:
    """Name and milliseconds of each call; those with one key count as one."""
    ranges = _Ranges(event for event, _ in calls)
    launches = {e["args"]["correlation"]: e for e in events if e.get("cat") in _LAUNCHES and "correlation" in e["args"]}
    device = [0.0] * len(calls)
    for event in events:
        if event.get("cat") in _ON_DEVICE and (launch := launches.get(event["args"].get("correlation"))):
            for number in ranges.around(launch["tid"], launch["ts"]):
                device[number] += event["dur"]
    total: dict[Any, tuple[str, float]] = {}
    for (event, key), on_device in zip(calls, device, strict=True):
        _, before = total.get(key, ("", 0.0))
        total[key] = event["name"], before + (on_device or event["dur"]) / 1000
        if on_device:
            event.setdefault("args", {})["device time (us)"] = on_device
    return list(total.values())


def _memory(event: Event) -> tuple[str, int]:
    """Memory in use, from an event that this turns into one of Chrome's counters."""
    args = event["args"]
    name = f"Memory: {'gpu' if args['Device Type'] == 1 else 'cpu'}/{max(args['Device Id'], 0)}"
    event.update(name=name, cat="Device Storage", ph="C", args={name: args["Total Allocated"]})
    event.pop("s", None)
    return name, event["args"][name]
