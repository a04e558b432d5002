"""``mx.contrib.tensorboard``: metrics of training loops for TensorBoard."""

from __future__ import annotations

import os
from typing import Any

from .._extras import require

__all__ = ["LogMetricsCallback"]


class LogMetricsCallback:
    """A function for the end of a batch or an epoch that writes the metrics for TensorBoard; the epoch is the step.

    Parameters
    ----------
    logging_dir : str
        The folder that TensorBoard is to read.
    prefix : str, optional
        Names become ``prefix-name``.

    Needs the extra ``regluon[tensorboard]``; raises ImportError without it.
    """

    def __init__(self, logging_dir: str | os.PathLike[str], prefix: str | None = None) -> None:
        self.prefix = prefix
        self.summary_writer = require("tensorboardX", "tensorboard").SummaryWriter(os.fspath(logging_dir))

    def __call__(self, param: Any) -> None:
        if param.eval_metric is not None:
            for name, value in param.eval_metric.get_name_value():
                if self.prefix is not None:
                    name = f"{self.prefix}-{name}"
                self.summary_writer.add_scalar(name, value, global_step=param.epoch)
