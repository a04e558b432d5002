"""Make the list of MXNet 1.9.1's operators and methods that the tests hold ours against: tests/golden/inventory.json.

    python tools/record_inventory.py                      # from ../shared/reference beside the repository
    python tools/record_inventory.py path/to/reference    # a folder with ops.json and api.json

Left out are backward operators and what ``mx.np`` and ``mx.npx`` alone show. An operator's line holds its aliases, its
inputs, its attributes (name -> default, "required", or both with the values of an enumeration), the attribute that
counts its inputs, and where ``mx.nd`` shows it; ``mx.sym`` shows the same.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "tests" / "golden" / "inventory.json"
NUMPY = ("_np_", "_npi_", "_npx_")


def shown(record: dict[str, Any], face: str) -> list[str]:
    """Where ``nd`` or ``sym`` shows an operator, relative to it ("exp", "fft" in "contrib.fft")."""
    paths = [path.partition(".") for path in record["exposed_as"] if "numpy" not in path]
    return sorted(rest for top, _, rest in paths if top == face and not rest.startswith("op."))


def attribute(argument: dict[str, Any]) -> Any:
    """What a call must or may say for an attribute."""
    default = {"required": True} if argument["required"] else {"default": argument.get("default")}
    return default | ({"enum": argument["enum"]} if argument.get("enum") else {})


def inputs(record: dict[str, Any]) -> list[str]:
    """All inputs; of loops, which list their graphs too, the arrays; states that only a symbol lists come last."""
    listed = [a for a in record["args"] if a["role"] in ("input", "aux")]
    if any(a.get("variadic") for a in listed):
        return [a["name"] for a in listed if a["type"] != "Symbol"]
    names = [a["name"] for a in listed]
    return names + [s for s in record.get("compose", {}).get("aux_states", []) if s not in names]


def operators(ops: dict[str, dict]) -> dict[str, dict]:
    """The inventory: operators that are not backward, and are shown outside of ``mx.np``."""
    table = {}
    for name, record in ops.items():
        places = shown(record, "nd")
        if record["is_backward"] or not places:
            continue
        if places != shown(record, "sym"):
            raise SystemExit(f"{name}: mx.nd and mx.sym do not show it in the same places")
        table[name] = {
            "aliases": [a for a in record["aliases"] if not a.startswith((*NUMPY, "_sparse_"))],
            "inputs": inputs(record),
            "attributes": {a["name"]: attribute(a) for a in record["args"] if a["role"] == "param"},
            "count": record["key_var_num_args"],
            "shown": places,
        }
    return table


def methods(api: dict[str, Any]) -> dict[str, list[str]]:
    """Methods and properties of the two kinds of arrays."""
    where = {"NDArray": "mxnet.ndarray.ndarray", "Symbol": "mxnet.symbol.symbol"}
    classes = {name: api["modules"][module]["names"][name] for name, module in where.items()}
    return {name: sorted([*record["methods"], *record["properties"]]) for name, record in classes.items()}


def main() -> int:
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT.parent / "shared" / "reference"
    ops, api = (json.loads((folder / name).read_text("utf-8")) for name in ("ops.json", "api.json"))
    table = operators(ops["operators"])
    lines = [f"{json.dumps(k)}: {json.dumps(v, separators=(',', ':'))}" for k, v in table.items()]
    text = '{\n"methods": ' + json.dumps(methods(api)) + ',\n"operators": {\n' + ",\n".join(lines) + "\n}\n}\n"
    TARGET.write_text(text, "utf-8")
    print(f"{TARGET.relative_to(ROOT)}: {len(table)} operators, {len(text) // 1024} KiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
