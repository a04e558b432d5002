"""The states of an optimizer as bytes: written without pickle, read from these bytes or from those that MXNet pickled.

What is written is a file of arrays (see ndarray/binary.py). The first, ``states``, is JSON text as uint8 ::

    {"states": {"dict": [[index, state], ...]}, "optimizer": description or null}

in which an array is ``{"array": number}`` and means the array of that name, and tuples, dicts, optimizers and
schedulers of learning rates are objects with one key that says so. An optimizer is described by the name of its class
and those attributes that are numbers, text, None, arrays, or tuples, lists and dicts of them.
"""

from __future__ import annotations

import copy
import inspect
import io
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from .. import lr_scheduler
from ..base import MXNetError
from ..lr_scheduler import LRScheduler
from ..ndarray import NDArray, array, binary
from ..ndarray.sparse.arrays import from_record, to_record
from .base import Optimizer
from .pickled import Description, read

__all__ = ["Saved", "dumps", "loads"]

FIRST = "states"
PICKLE = b"\x80"  # how every pickle since Python 2.3 begins
NOT_SAVED = ("lr_scheduler", "param_dict", "_index_update_count")  # described, or made anew


class Saved(NamedTuple):
    """What a file of states holds."""

    states: dict[Any, Any]
    """By index of the weight: an NDArray, a number, None, or tuples, lists and dicts of them."""
    optimizer: Optimizer | None
    """The optimizer as it was when it was saved; None if the file has the states alone."""


def dumps(states: Mapping[Any, Any], optimizer: Optimizer | None = None) -> bytes:
    """The bytes that ``loads`` reads. TypeError for states of a kind that cannot be written without pickle."""
    arrays: list[NDArray] = []
    written = {
        "states": _written(dict(states), arrays),
        "optimizer": None if optimizer is None else _written(_describe(optimizer), arrays),
    }
    text = array(np.frombuffer(json.dumps(written).encode(), np.uint8), dtype="uint8")
    names = [FIRST, *map(str, range(len(arrays)))]
    return b"".join(binary.encode([to_record(a) for a in (text, *arrays)], names))


def loads(raw: bytes, where: str, current: Optimizer) -> Saved:
    """What ``dumps`` of here, or ``Updater.get_states`` of MXNet, made.

    ``current`` is the optimizer in use: where the saved one is of the same class, one of the user's, attributes that
    were not saved are taken from it. ``where`` names the source in errors. Raises MXNetError for anything else, and
    runs nothing.
    """
    if raw.startswith(PICKLE):
        own = [f"{type(o).__module__}.{type(o).__qualname__}" for o in (current, current.lr_scheduler)]
        value = read(raw, where, own)
        pair = isinstance(value, tuple) and len(value) == 2
        states, described = value if pair else (value, None)
    else:
        states, described = _parse(raw, where)
    if not isinstance(states, dict) or not (described is None or isinstance(described, Description)):
        raise MXNetError(f"{where}: these are no trainer states; expected a file that Trainer.save_states wrote.")
    try:
        return Saved(states, None if described is None else _revived(described, current))
    except (AssertionError, LookupError, TypeError, ValueError) as error:
        raise MXNetError(f"Cannot load the optimizer of {where}: {error}") from None


# ---- values to JSON and back -----------------------------------------------------------------------------------------


def _written(value: Any, arrays: list[NDArray]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, NDArray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, list):
        return [_written(part, arrays) for part in value]
    if isinstance(value, Description):
        return {"object": [value.name, _written(value.attributes, arrays)]}
    if isinstance(value, tuple):
        return {"tuple": [_written(part, arrays) for part in value]}
    if isinstance(value, dict) and all(isinstance(key, (int, str)) for key in value):
        return {"dict": [[key, _written(part, arrays)] for key, part in value.items()]}
    raise TypeError(f"states of an optimizer cannot hold {type(value).__name__} objects: use arrays, numbers and text")


def _parse(raw: bytes, where: str) -> tuple[Any, Any]:
    records, names = binary.decode(io.BytesIO(raw), where)
    arrays = [from_record(record, f"array {i} of {where}") for i, record in enumerate(records)]
    try:
        if names[:1] != [FIRST] or arrays[0].dtype != np.uint8:
            raise ValueError("the description is missing")
        top = json.loads(arrays[0].asnumpy().tobytes())
        return _value(top["states"], arrays[1:]), _value(top["optimizer"], arrays[1:])
    except (ValueError, LookupError, TypeError, RecursionError) as error:
        raise MXNetError(
            f"{where}: these are no trainer states ({error}); expected a file that Trainer.save_states wrote."
        ) from None


def _value(written: Any, arrays: list[NDArray]) -> Any:
    if isinstance(written, list):
        return [_value(part, arrays) for part in written]
    if not isinstance(written, dict):
        return written
    ((kind, content),) = written.items()
    if kind == "array" and 0 <= content < len(arrays):
        return arrays[content]
    if kind == "tuple":
        return tuple(_value(part, arrays) for part in content)
    if kind == "dict":
        return {key: _value(part, arrays) for key, part in content}
    if kind == "object":
        name, attributes = content
        return Description(str(name), _value(attributes, arrays))
    raise ValueError(f"nothing is known of {kind} {str(content)[:40]}")


# ---- optimizers and schedulers ---------------------------------------------------------------------------------------


def _describe(value: Optimizer | LRScheduler) -> Description:
    attributes = {}
    for name, attribute in vars(value).items():
        if name in NOT_SAVED:
            continue
        try:
            _written(attribute, [])
        except TypeError:
            continue  # a function, say: comes from the constructor again
        attributes[name] = attribute
    if isinstance(value, Optimizer):
        scheduler = value.lr_scheduler
        attributes["lr_scheduler"] = None if scheduler is None else _describe(scheduler)
    return Description(type(value).__name__, attributes)


def _revived(saved: Description, current: Optimizer) -> Optimizer:
    """The optimizer that was described, with the parameters of the current one."""
    if not isinstance(saved.attributes, dict):
        raise TypeError("its attributes must come by name.")
    kind = type(current)
    if kind.__name__ == saved.name and not kind.__module__.startswith(f"{__package__}."):
        optimizer = copy.copy(current)
    else:
        optimizer = Optimizer.create_optimizer(saved.name)
    attributes = {name: value for name, value in saved.attributes.items() if name not in NOT_SAVED}
    _assign(optimizer, attributes)
    scheduler = saved.attributes.get("lr_scheduler")
    optimizer.lr_scheduler = None if scheduler is None else _revived_scheduler(scheduler, current.lr_scheduler)
    if not all(isinstance(counts, dict) for counts in optimizer._all_index_update_counts.values()):
        raise TypeError("the counts of updates are damaged")
    optimizer._set_current_context(0)
    optimizer.param_dict = current.param_dict
    return optimizer


def _revived_scheduler(saved: Any, current: LRScheduler | None) -> LRScheduler:
    if not isinstance(saved, Description) or not isinstance(saved.attributes, dict):
        raise TypeError(f"a scheduler of learning rates cannot be {type(saved).__name__}.")
    attributes = saved.attributes
    if saved.name in lr_scheduler.__all__:
        # Through the constructor, which checks; the rate that it starts from is kept in warmup_final_lr.
        made = getattr(lr_scheduler, saved.name)
        start = {**attributes, "base_lr": attributes.get("warmup_final_lr", 0.01)}
        scheduler = made(**{name: start[name] for name in inspect.signature(made).parameters if name in start})
    elif current is not None and type(current).__name__ == saved.name:
        scheduler = copy.copy(current)
    else:
        raise ValueError(f"it used the scheduler {saved.name!r}; give the Trainer's optimizer one of this class first.")
    _assign(scheduler, attributes)
    return scheduler


def _assign(target: Any, attributes: dict[str, Any]) -> None:
    """Set those attributes that ``target`` has, too; others were of use in MXNet only. TypeError for other kinds."""
    for name in vars(target).keys() & attributes.keys():
        old, new = getattr(target, name), attributes[name]
        if old is not None and new is not None and _kind(old) is not _kind(new):
            raise TypeError(f"its {name} must be {_kind(old).__name__}, not {type(new).__name__}.")
        setattr(target, name, new)


def _kind(value: Any) -> type:
    return float if isinstance(value, (bool, int, float, np.generic)) else type(value)
