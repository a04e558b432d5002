"""Lists of operators for bfloat16: those for float16."""

from __future__ import annotations

from . import conditional, keep_float32_inputs, losses, of

BF16_FUNCS = of("low")
BF16_FP32_FUNCS = of(None)
BF16_USE_FP32_PARAMS = keep_float32_inputs()
FP32_FUNCS = of("float32")
CONDITIONAL_FP32_FUNCS = conditional()
WIDEST_TYPE_CASTS = of("widest")
LOSS_OUTPUT_FUNCTIONS = losses()
