"""Lists of operators for float16."""

from __future__ import annotations

from . import conditional, losses, of

FP16_FUNCS = of("low")
FP16_FP32_FUNCS = of(None)
FP32_FUNCS = of("float32")
CONDITIONAL_FP32_FUNCS = conditional()
WIDEST_TYPE_CASTS = of("widest")
LOSS_OUTPUT_FUNCTIONS = losses()
