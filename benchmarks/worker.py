"""Times the works of one contender in the Python that it needs, a slice at a time, when ``contenders.py`` asks for one.

    PYTHON benchmarks/worker.py MODULE FUNCTION

``FUNCTION(name)`` of the module builds a work. The first line written is its library's version. Of the lines read,
``build NAME`` is answered with the work's check as JSON, ``time SECONDS`` with the microseconds of one call; a failure
with ``failed`` and its words.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import sys
import time

from timing import measure

ASLEEP = 0.01  # seconds after which the threads of all these libraries have stopped waiting busily for more to do


def main() -> None:
    module, function = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a library prints is no answer
    try:
        contender = importlib.import_module(module)
        answer = contender.version()
    except ImportError as error:
        answer = f"failed {error}"
    work = None
    while True:
        print(answer.replace("\n", " "), file=answers, flush=True)
        command, _, argument = sys.stdin.readline().strip().partition(" ")
        if not command:
            return
        try:
            if command == "build":
                work = None  # its memory first
                gc.collect()
                work = getattr(contender, function)(argument)
                answer = json.dumps(work.check)
            else:
                with work.context():
                    work.call()
                    work.finish()
                    answer = str(measure(work.call, float(argument), work.finish))
                time.sleep(ASLEEP)
        except Exception as error:  # goes to the one who asked
            answer = f"failed {type(error).__name__}: {error}"


if __name__ == "__main__":
    main()
