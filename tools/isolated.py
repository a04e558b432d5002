"""For recorders: questions to MXNet that may end the process are asked in a process of their own.

A recorder calls ``ask``, which starts the recorder again as a worker, which answers in ``work``. After a crash a new
worker goes on behind the question that caused it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

__all__ = ["ask", "work"]

LIMIT = 120  # seconds for one worker


def ask(script: str, topic: str, count: int) -> dict[int, Any]:
    """The answers to questions 0 ... count - 1 about a topic, by number; those that crashed MXNet are missing."""
    found: dict[int, Any] = {}
    start = 0
    while start < count:
        command = [sys.executable, script, "--worker", topic, str(start)]
        environment = {"OMP_NUM_THREADS": "1", **os.environ}
        try:
            done = subprocess.run(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, timeout=LIMIT, env=environment, check=False
            )
            text = done.stdout
        except subprocess.TimeoutExpired as stopped:
            text = stopped.stdout or b""
        lines = [line.partition(" ") for line in text.decode().splitlines()]
        found.update({int(number): json.loads(value) for number, _, value in lines if value != "?"})
        start = max((int(number) for number, _, _ in lines), default=start) + 1
    return found


def work(questions: Callable[[str], Sequence[Callable[[], Any]]]) -> bool:
    """Whether this process is a worker; if so, it has answered the questions that it was started for."""
    if sys.argv[1:2] != ["--worker"]:
        return False
    start = int(sys.argv[3])
    for number, question in enumerate(questions(sys.argv[2])[start:], start):
        print(f"{number} ?", flush=True)  # names the culprit of a crash
        print(f"{number} {json.dumps(question())}", flush=True)
    return True
