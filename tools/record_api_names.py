"""Make the list of MXNet 1.9.1's public names that docs/reference/api.md is held against: tests/golden/api_names.json.

    python tools/record_api_names.py                      # from ../shared/reference beside the repository
    python tools/record_api_names.py path/to/reference    # a folder with api.json

A name belongs to a module when it is defined in that module or below it, is listed in its ``__all__``, or is part of it
by the table PART_OF. What a module only happened to import is left out (Context in mxnet.gluon.loss, numpy's
functions), and so is what serves to call MXNet's C library (PLUMBING), wherever it is defined.

Of each module: name -> what it is. A function is the names of its parameters, those with a star included; None where
Python cannot tell. A class is an object: "" the parameters of its constructor, methods -> parameters, properties ->
"property". A class that is described in another module is "= module.name", a module "module", anything else "value".
Functions that MXNet generates from its operators have no parameters here: tests/golden/inventory.json has them.
"""

from __future__ import annotations

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "golden" / "api_names.json"

# Names by which MXNet's Python calls its C library, and what kept it running on Python 2.
PLUMBING = (
    *(
        "c_*",
        "ctypes2*",
        "check_call",
        "py_str",
        "c2pyerror",
        "mx_float*",
        "mx_uint*",
        "NDArrayHandle",
        "MXCallbackList",
    ),
    *("get_last_ffi_error", "build_param_doc", "add_fileline_to_docstring", "with_metaclass", "classproperty"),
    *("string_types", "numeric_types", "integer_types", "error_types", "tensor_types", "SKLEARN_INSTALLED"),
    *("DL*", "PyCapsuleDestructor", "*_handle", "NDabs", "gs_retain"),
)
# What Python gives every exception and dictionary.
INHERITED = ("add_note", "with_traceback", "args", "fromkeys")
# Special methods that are Python 2's, every class's, or a matter of how something is stored.
SPECIAL = (
    "div idiv rdiv nonzero init new repr str hash del reduce getstate setstate class_getitem init_subclass".split()
)
GENERATED = ("ndarray", "symbol")  # what functions made from operators give as their module
# Modules whose names were made or written in another one.
PART_OF = {
    "mxnet.random": "mxnet.ndarray.random",
    "mxnet.metric": "mxnet.registry",
    "mxnet.initializer": "mxnet.registry",
    "mxnet.optimizer": "mxnet.optimizer.optimizer",
    "mxnet.gluon.nn": "mxnet.gluon.block",
    "mxnet.numpy_extension": "mxnet",
}


def home(entry: dict[str, Any]) -> str | None:
    """The module that defines a name, if it is another one."""
    if "same_as" in entry:
        return entry["same_as"].rpartition(".")[0]
    found = entry.get("target") or entry.get("defined_in")
    return f"mxnet.{found}" if found in GENERATED else found


def belongs(module: str, name: str, entry: dict[str, Any], listed: list[str]) -> bool:
    """Whether a name is a part of a module."""
    if any(fnmatchcase(name, pattern) for pattern in PLUMBING):
        return False
    if entry.get("foreign") and not module.startswith("mxnet.numpy"):
        return False
    where = home(entry)
    if entry["kind"] == "module":
        return where is not None and where.startswith(module + ".") and "._" not in where and ".gen_" not in where
    if entry.get("defined_in") in GENERATED:
        return module.startswith(("mxnet.ndarray", "mxnet.symbol", "mxnet.contrib."))
    below = where is None or where == module or where.startswith((module + ".", PART_OF.get(module, module)))
    return below or name in listed


def parameters(signature: str | None) -> str | None:
    """The names of parameters, from a signature as text: "x * y **kwargs"."""
    if signature is None:
        return None
    found, depth, part = [], 0, ""
    for letter in signature[1 : signature.rindex(")")] + ",":
        depth += (letter in "([{<") - (letter in ")]}>")
        if letter == "," and not depth:
            found.append(part.partition("=")[0].partition(":")[0].strip())
            part = ""
        else:
            part += letter
    return " ".join(name for name in found if name not in ("", "/", "self", "cls"))


def described(module: str, name: str, entry: dict[str, Any]) -> Any:
    """The entry as it is kept."""
    if entry["kind"] == "module":
        return "module"
    if entry["kind"] == "constant":
        return "value"
    generated = entry.get("defined_in") in GENERATED or "_Null" in (entry.get("signature") or "")
    if entry["kind"] == "function":
        return None if generated else parameters(entry.get("signature"))
    if entry.get("same_as", f"{module}.{name}") != f"{module}.{name}":
        return f"= {entry['same_as']}"
    kept: dict[str, Any] = {"": parameters(entry.get("signature"))}
    for method, record in entry.get("methods", {}).items():
        if method in INHERITED:
            continue
        signature = record.get("signature")
        made = "_Null" in (signature or "") or signature == "(self, *args, **kwargs)"
        kept[method] = None if made else parameters(signature)
    kept.update((attribute, "property") for attribute in entry.get("properties", {}))
    kept.update((attribute, "value") for attribute in entry.get("attributes", {}) if attribute not in INHERITED)
    special = (name for name in entry.get("dunder", ()) if name.strip("_") not in SPECIAL)
    return kept | dict.fromkeys(special, "value")


def main() -> None:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "reference"
    api = json.loads((folder / "api.json").read_text("utf-8"))
    table = {}
    for module, record in sorted(api["modules"].items()):
        names = record["names"]
        kept = {
            n: described(module, n, e) for n, e in names.items() if belongs(module, n, e, record.get("__all__", []))
        }
        table[module] = {"*": len(names) - len(kept), **kept}
    lines = [f"{json.dumps(module)}: {json.dumps(names, separators=(',', ':'))}" for module, names in table.items()]
    TARGET.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
