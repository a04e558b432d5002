"""``mx.profiler``: where the time goes.

::

    mx.profiler.set_config(profile_all=True, aggregate_stats=True, filename="profile.json")
    mx.profiler.set_state("run")
    ...                                  # training, prediction
    mx.profiler.set_state("stop")
    print(mx.profiler.dumps())           # a table: operators, how often they ran, and how long
    mx.profiler.dump()                   # profile.json, for chrome://tracing or ui.perfetto.dev

It is torch's profiler with MXNet's names: every operator is there under its own, its gradient as ``_backward_...``,
and below them what torch and the GPU did for it. While the profiler runs, graphs run operator by operator; while it
does not, nothing is looked at. What torch itself reports on stderr ends with ``KINETO_LOG_LEVEL=6`` in the environment.
"""

from .control import (
    dump,
    dump_profile,
    dumps,
    pause,
    profiler_set_config,
    profiler_set_state,
    resume,
    set_config,
    set_state,
)
from .objects import Counter, Domain, Event, Frame, Marker, Task

__all__ = [
    "Counter",
    "Domain",
    "Event",
    "Frame",
    "Marker",
    "Task",
    "dump",
    "dump_profile",
    "dumps",
    "pause",
    "profiler_set_config",
    "profiler_set_state",
    "resume",
    "set_config",
    "set_state",
]
