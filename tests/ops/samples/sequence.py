"""Sequences of several lengths: masks, last steps, reversal, the CTC loss."""

from __future__ import annotations

from typing import Any

from .core import Family, Input, arr, ints, lit

family = Family("sequence")
add, error = family.add, family.error

LENGTHS = {"use_sequence_length": True}

# ---- masks, last steps, reversal: of SequenceMask, nn.py has the rest ------------------------------------------------

add("SequenceMask", [arr(2, 2, 2), lit([1.0, 2.0])], {**LENGTHS, "axis": 1, "value": 7.5}, grad=(0,))
add("SequenceMask", [arr(3, 2), lit([0.0, 5.0])], LENGTHS, grad=(0,))
add("SequenceMask", [arr(3, 2), lit([1.7, 2.2])], LENGTHS, grad=(0,))
add("SequenceMask", [ints(3, 2), lit([1, 2], "int64")], {**LENGTHS, "value": 1.7})
add("SequenceMask", [ints(3, 2, dtype="uint8"), lit([1.0, 2.0])], {**LENGTHS, "value": -1.0}, grad=())
add("SequenceMask", [ints(3, 2, dtype="int8"), lit([1.0, 2.0])], {**LENGTHS, "value": 300.0}, grad=())
add("SequenceMask", [arr(3, 2, dtype="float16"), lit([1.0, 2.0])], {**LENGTHS, "value": 1.5}, grad=(0,))
add("SequenceMask", arr(3, 2, 2), {"axis": 1})
error("SequenceMask", arr(3, 2), LENGTHS)
error("SequenceMask", [arr(3, 2), lit([[1.0], [2.0]])], LENGTHS)
error("SequenceMask", [arr(3, 2), lit([1.0, 2.0])], {**LENGTHS, "axis": -1})

# Without lengths the gradient of MXNet's SequenceLast damages its memory.
add("SequenceLast", arr(3, 2), golden_gradient=False)
add("SequenceLast", arr(3, 2, 2), {"axis": 1}, golden_gradient=False)
add("SequenceLast", [arr(3, 2), lit([1.0, 2.0])], LENGTHS, grad=(0,))
add("SequenceLast", [arr(3, 2, 2), lit([3, 1], "int32")], LENGTHS)
add("SequenceLast", [arr(3, 2, 2), lit([1.0, 2.0, 2.0])], {**LENGTHS, "axis": 1}, grad=(0,))
add("SequenceLast", [arr(2, 2, 1, 2, dtype="float64"), lit([1.7, 2.2])], LENGTHS, grad=(0,))
add("SequenceLast", [ints(3, 2), lit([1, 2], "int64")], LENGTHS)
add("SequenceReverse", arr(3, 2))
add("SequenceReverse", arr(3, 1, 2))
add("SequenceReverse", [arr(3, 2), lit([1.0, 2.0])], LENGTHS, grad=(0,))
add("SequenceReverse", [arr(3, 2, 2), lit([3, 0], "int32")], LENGTHS)
add("SequenceReverse", [arr(4, 2, 1, dtype="float64"), lit([3.7, 2.2])], LENGTHS, grad=(0,))
add("SequenceReverse", [ints(3, 2), lit([1, 2], "int64")], LENGTHS)
add("SequenceReverse", ints(3, 2, dtype="int8"))
for op in ("SequenceLast", "SequenceReverse"):
    error(op, arr(3))
    error(op, arr(3, 2), {"axis": 2})
    error(op, arr(3, 2), {"axis": -1})
    error(op, arr(3, 2), LENGTHS)
    error(op, [arr(3, 2), lit([1.0, 2.0])])
    error(op, [arr(3, 2), lit([1.0, 2.0, 3.0])], LENGTHS)
    error(op, [arr(3, 2), lit([[1.0], [2.0]])], LENGTHS)
error("SequenceReverse", arr(3, 2), {"axis": 1})

# ---- CTC -------------------------------------------------------------------------------------------------------------


def ctc(
    label: list,
    *lengths: list,
    steps: int = 4,
    classes: int = 4,
    dtype: str = "float32",
    golden_gradient: bool = True,
    **attrs: Any,
) -> None:
    """CTCLoss of labels, by default with the blank first."""
    used = [name for name in ("use_data_lengths", "use_label_lengths") if attrs.get(name)]
    arrays: list[Input] = [arr(steps, len(label), classes), lit(label, dtype), *(lit(length) for length in lengths)]
    # Of the lengths alone, MXNet counts those that are used; a symbol wants both places filled.
    alone = used == ["use_label_lengths"]
    loose = {"rtol": 5e-5, "atol": 1e-5, "why": "MXNet adds probabilities in float32, in another order"}
    add("CTCLoss", arrays, attrs, grad=(0,), golden_gradient=golden_gradient, symbol=not alone, **loose)


ctc([[1, 2, 0], [2, 0, 0]])
ctc([[1, 1, 0], [3, 2, 1]], steps=6)
ctc([[0, 0, 0], [2, 0, 3]])  # no label; a label that ends before the 3
ctc([[1, 2], [2, 0]], dtype="int32")
ctc([[2], [1], [0]], steps=1, classes=3)
ctc([[1, 2, 0], [2, 0, 0]], [3, 2], use_data_lengths=True)
# Four steps are too few for 1 1 1, and one for 1 2, where MXNet leaves a part of the gradient unwritten.
ctc([[1, 1, 1], [2, 0, 0]], golden_gradient=False)
ctc([[1, 2, 0], [2, 3, 0]], [1, 4], use_data_lengths=True, golden_gradient=False)
ctc([[1, 2, 3], [2, 0, 0]], [2, 1], use_label_lengths=True)
ctc([[1, 2, 3], [2, 0, 0]], [0, 1], use_label_lengths=True)
ctc([[1, 2, 3], [2, 0, 0]], [3, 4], [2, 1], use_data_lengths=True, use_label_lengths=True)
ctc([[0, 1, -1], [1, -1, -1]], blank_label="last")
ctc([[0, 0, 2], [-1, -1, -1]], steps=5, blank_label="last")
ctc([[0, 1, 3], [1, 3, 3]], [3, 4], [2, 1], use_data_lengths=True, use_label_lengths=True, blank_label="last")
for alias in ("ctc_loss", "contrib.CTCLoss", "contrib.ctc_loss"):
    add(alias, [arr(3, 1, 3), lit([[2.0, 0.0]])], grad=(0,), rtol=5e-5, why="as above")
DATA, LABEL = arr(4, 2, 4), lit([[1.0, 2.0, 0.0], [2.0, 0.0, 0.0]])
error("CTCLoss", [arr(4, 2), LABEL])
error("CTCLoss", [DATA, lit([1.0, 2.0])])
error("CTCLoss", [DATA, lit([[1.0, 2.0, 0.0]])])
error("CTCLoss", [DATA, ints(2, 5)])
error("CTCLoss", [ints(4, 2, 4), LABEL])
error("CTCLoss", [DATA, LABEL], {"blank_label": "middle"})
error("CTCLoss", [DATA, LABEL], {"use_data_lengths": True})
error("CTCLoss", [DATA, LABEL, lit([3.0, 2.0])])
error("CTCLoss", [DATA, LABEL, lit([3.0, 2.0, 1.0])], {"use_data_lengths": True})
