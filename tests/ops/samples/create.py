"""Operators that make arrays from nothing."""

from __future__ import annotations

from .core import Family

family = Family("create")

# The functions of mx.nd and mx.sym, called by name so that both faces take the same arguments.
CALLS = [
    ("zeros", {"shape": (2, 3)}),
    ("zeros", {"shape": 4}),
    ("zeros", {"shape": (2,), "dtype": "int32"}),
    ("ones", {"shape": (2, 3)}),
    ("ones", {"shape": (2, 1), "dtype": "float64"}),
    ("ones", {"shape": (3,), "dtype": "bool"}),
    ("full", {"shape": (2, 2), "val": 2.5}),
    ("full", {"shape": (3,), "val": -7, "dtype": "int8"}),
    ("full", {"shape": (1,), "val": float("inf"), "dtype": "float64"}),
    ("arange", {"start": 5}),
    ("arange", {"start": 2, "stop": 4, "dtype": "uint8"}),
    ("arange", {"start": 0.5, "stop": 3.5, "dtype": "int32"}),
    ("full", {"shape": (2,), "val": 300, "dtype": "uint8"}),
    ("full", {"shape": (2,), "val": 3.7, "dtype": "int32"}),
    ("full", {"shape": (2,), "val": 5, "dtype": "bool"}),
    ("full", {"shape": (2, 1), "val": -1.5, "dtype": "float16"}),
    ("eye", {"N": 2, "M": 2, "k": 5}),
    ("arange", {"start": 2, "stop": 8, "step": 1.5}),
    ("arange", {"start": 5, "stop": 0, "step": -2, "dtype": "int32"}),
    ("arange", {"start": 0, "stop": 3, "repeat": 2}),
    ("arange", {"start": 0, "stop": 1, "step": 0.1, "dtype": "float64"}),
    ("eye", {"N": 3}),
    ("eye", {"N": 2, "M": 4, "k": 1}),
    ("eye", {"N": 3, "M": 3, "k": -2, "dtype": "int32"}),
    ("linspace", {"start": 0, "stop": 1, "num": 5}),
    ("linspace", {"start": 2, "stop": -2, "num": 4, "endpoint": False}),
    ("linspace", {"start": 3, "stop": 9, "num": 1, "dtype": "float64"}),
]
for name, attrs in CALLS:
    family.add(name, [], attrs, pure=False)

OPERATORS = [
    ("_zeros", {"shape": (2, 3)}),
    ("_zeros", {"shape": (2,), "dtype": "float64"}),
    ("_zeros", {"shape": (1, 4), "dtype": "int32"}),
    ("_ones", {"shape": (2, 3)}),
    ("_ones", {"shape": (2,), "dtype": "uint8"}),
    ("_ones", {"shape": (1,), "dtype": "float16"}),
    ("_full", {"shape": (2, 2), "value": 1.5}),
    ("_full", {"shape": (2,), "value": 3.0, "dtype": "int64"}),
    ("_full", {"shape": (1, 1), "value": -1.0, "dtype": "float64"}),
    ("_arange", {"start": 0.0, "stop": 4.0}),
    ("_arange", {"start": 0.0, "stop": 4.0, "infer_range": False}),
    ("_arange", {"start": 1.0, "stop": 2.0, "step": 0.25, "repeat": 2}),
    ("_arange", {"start": 3.0, "stop": None, "dtype": "int32"}),
    ("_eye", {"N": 3}),
    ("_eye", {"N": 2, "M": 3, "k": -1}),
    ("_eye", {"N": 2, "M": 0, "dtype": "float64"}),
    ("_linspace", {"start": 0.0, "stop": 1.0, "num": 3, "endpoint": True}),
]
for name, attrs in OPERATORS:
    family.add(name, [], attrs)

family.error("zeros", [])
family.error("zeros", [], {"shape": ()})
family.error("zeros", [], {"shape": (2, -1)})
family.error("ones", [])
family.error("ones", [], {"shape": (0,)})
family.error("ones", [], {"shape": (2,), "dtype": "float99"})
family.error("full", [], {"shape": (2,), "val": "a"})
family.error("arange", [], {"start": 3, "stop": 3})
family.error("linspace", [], {"start": 0, "stop": 1, "num": -1})
family.error("_zeros", [])
family.error("_ones", [], {"shape": (2, 0)})
family.error("_full", [], {"shape": (2,)})
family.error("_arange", [])
family.error("_eye", [])
family.error("_linspace", [], {"start": 0.0, "stop": 1.0})
family.error("zeros", [], {"shape": (1, 0, 2)})  # zeros in shapes exist under np-shape only
family.error("zeros", [], {"shape": (2, 3), "dtype": "float99"})
family.error("full", [], {"shape": (2,)})
family.error("arange", [], {"start": 0, "stop": 4, "step": 0})
family.error("eye", [], {"N": -1})
family.error("linspace", [], {"start": 0, "stop": 1})
