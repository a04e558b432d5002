"""Samples of gluon.loss: predictions, labels, then weights of samples."""

from __future__ import annotations

from .layer import parse

NUMBERS = parse("losses", """
gluon.loss.L2Loss() @ 4x3, 4x3
gluon.loss.L2Loss() @ 4x3, 12
gluon.loss.L2Loss() @ 4, 4x1
gluon.loss.L2Loss(weight=3.0) @ 4x3x2, 4x3x2, 4x1x1:positive
gluon.loss.L2Loss(batch_axis=1) @ 4x3, 4x3
gluon.loss.L2Loss(batch_axis=-1, weight=2) @ 4x3, 4x3
gluon.loss.L2Loss(prefix='mine_') @ 4x3:float64, 4x3:float64
gluon.loss.L1Loss() @ 4x3, 4x3
gluon.loss.L1Loss(weight=0.5) @ 4, 4, 4:positive
gluon.loss.L1Loss(batch_axis=2) @ 2x3x4, 2x3x4
gluon.loss.HuberLoss() @ 4x3, 4x3 unnamed
gluon.loss.HuberLoss(0.5) @ 4x3, 3x4 unnamed
gluon.loss.HuberLoss(rho=2.5, weight=3) @ 4x3, 4x3, 4x1:positive unnamed
gluon.loss.HuberLoss(0.1, None, 1) @ 4x3, 4x3 unnamed
gluon.loss.PoissonNLLLoss() @ 4x3, 4x3:5
gluon.loss.PoissonNLLLoss() @ 4x3, 12
gluon.loss.PoissonNLLLoss(weight=2, batch_axis=1) @ 4x3, 4x3:5, 4x1:positive
gluon.loss.PoissonNLLLoss(from_logits=False) @ 4x3:positive, 4x3:5
gluon.loss.PoissonNLLLoss(from_logits=False) | net(*inputs, None, 0.1) @ 4x3:positive, 4x3:5
gluon.loss.PoissonNLLLoss(compute_full=True) @ 4x3, 4x3:float32:1-5 refused
gluon.loss.PoissonNLLLoss(compute_full=True, from_logits=False) @ 4x3:positive, 4x3:float32:1-5, 4x1:positive refused
""")  # fmt: skip

CLASSES = parse("losses", """
gluon.loss.SoftmaxCrossEntropyLoss() @ 4x5, 4:float32:5
gluon.loss.SoftmaxCrossEntropyLoss() @ 4x5, 4x1:float32:5
gluon.loss.SoftmaxCrossEntropyLoss() @ 4x5, 4:int32:5
gluon.loss.SoftmaxCrossEntropyLoss() @ 2x3x5, 2x3:float32:5
gluon.loss.SoftmaxCELoss(weight=2.0) @ 4x5, 4:float32:5, 4x1:positive
gluon.loss.SoftmaxCELoss(axis=1) @ 4x5x2, 4x2:float32:5
gluon.loss.SoftmaxCELoss(axis=1) @ 4x5x2, 4x2:float32:5, 4x1x2:positive
gluon.loss.SoftmaxCELoss(batch_axis=1) @ 2x3x5, 2x3:float32:5
gluon.loss.SoftmaxCELoss(batch_axis=1) @ 4x5, 4:float32:5
gluon.loss.SoftmaxCELoss(batch_axis=-1) @ 4x5, 4:float32:5
gluon.loss.SoftmaxCELoss(sparse_label=False) @ 4x5, 4x5:share
gluon.loss.SoftmaxCELoss(sparse_label=False) @ 4x5, 20:positive
gluon.loss.SoftmaxCELoss(sparse_label=False, axis=1, weight=0.5) @ 2x5x3, 2x5x3:share, 2x1x1:positive
gluon.loss.SoftmaxCELoss(from_logits=True) @ 4x5, 4:float32:5
gluon.loss.SoftmaxCELoss(sparse_label=False, from_logits=True) @ 4x5, 4x5:share
gluon.loss.SigmoidBinaryCrossEntropyLoss() @ 4x3, 4x3:binary
gluon.loss.SigmoidBCELoss() @ 4x3, 12:share
gluon.loss.SigmoidBCELoss() @ 4x3, 4x3:binary, 4x1:positive
gluon.loss.SigmoidBCELoss(weight=2) @ 4x3, 4x3:binary, 4x1:positive, 1x3:positive
gluon.loss.SigmoidBCELoss() @ 4x3, 4x3:binary, none, 1x3:positive
gluon.loss.SigmoidBCELoss(from_sigmoid=True) | net(F.sigmoid(x), *inputs[1:]) @ 4x3, 4x3:binary
gluon.loss.SigmoidBCELoss(True, 0.5, 1) | net(F.sigmoid(x), *inputs[1:]) @ 4x3, 4x3:binary, 1x3:positive
gluon.loss.SigmoidBCELoss(from_sigmoid=True) | net(F.sigmoid(x), *inputs[1:]) @ 4x3, 4x3:binary, none, 1x3:positive
gluon.loss.KLDivLoss() @ 4x3, 4x3:share
gluon.loss.KLDivLoss(weight=2) @ 4x3, 4x3:positive, 4x1:positive
gluon.loss.KLDivLoss(from_logits=False) @ 4x3, 4x3:share
gluon.loss.KLDivLoss(from_logits=False, axis=1, batch_axis=2) @ 2x3x4, 2x3x4:share
gluon.loss.HingeLoss() @ 4x3, 4x3:sign
gluon.loss.HingeLoss(margin=0.5, weight=2) @ 4x3, 12:sign, 4x1:positive
gluon.loss.HingeLoss(batch_axis=1) @ 4x3, 4x3:sign
gluon.loss.SquaredHingeLoss() @ 4x3, 4x3:sign
gluon.loss.SquaredHingeLoss(margin=0.5, weight=2) @ 4x3, 12:sign, 4x1:positive
gluon.loss.SquaredHingeLoss(1, None, 1) @ 4x3, 4x3:sign
gluon.loss.LogisticLoss() @ 4x3, 4x3:sign
gluon.loss.LogisticLoss(label_format='binary') @ 4x3, 4x3:binary
gluon.loss.LogisticLoss(2.0, 1, 'signed') @ 4x3, 12, 4x1:positive
""")  # fmt: skip

SEQUENCES = parse("losses", """
gluon.loss.CTCLoss() @ 2x6x4, 2x3:float32:3
gluon.loss.CTCLoss('TNC') @ 6x2x4, 2x3:float32:3
gluon.loss.CTCLoss('TNC', 'TN', 0.5) @ 6x2x4, 3x2:float32:3
gluon.loss.CTCLoss(label_layout='TN') @ 2x6x4, 3x2:float32:3, none, none, 2:positive
gluon.loss.CTCLoss() @ 2x6x4, 2x3:float32:3, 2:float32:5-6
gluon.loss.CTCLoss() @ 2x6x4, 2x3:float32:3, none, 2:float32:1-3
gluon.loss.CTCLoss() @ 2x7x4, 2x3:float32:3, 2:float32:5-6, 2:float32:1-3
gluon.loss.CTCLoss(weight=2) @ 3x7x4, 3x3:float32:3, 3:float32:5-7, 3:float32:1-3, 3:positive
gluon.loss.CTCLoss() | net(x, inputs[1] - 1) @ 3x6x4, 3x3:float32:3
""")  # fmt: skip

VECTORS = parse("losses", """
gluon.loss.TripletLoss() @ 4x3, 4x3, 4x3
gluon.loss.TripletLoss(margin=0.1, weight=2) @ 4x3, 12, 3x4
gluon.loss.TripletLoss(batch_axis=1) @ 2x3x4, 2x3x4, 2x3x4
gluon.loss.CosineEmbeddingLoss() @ 4x3, 4x3, 4:sign unnamed
gluon.loss.CosineEmbeddingLoss(margin=0.3) @ 4x3, 4x3, 4x1:sign unnamed
gluon.loss.CosineEmbeddingLoss(weight=2, margin=-0.5) @ 4x3, 4x3, 4:sign, 4x1:positive unnamed
gluon.loss.CosineEmbeddingLoss() @ 2x2x3, 2x2x3, 2x2:float32:3 unnamed
gluon.loss.SDMLLoss() @ 4x3, 4x3 imperative
gluon.loss.SDMLLoss(0.1) @ 3x5, 3x5 imperative
gluon.loss.SDMLLoss(smoothing_parameter=0.01, batch_axis=1) @ 4x3, 4x3 imperative
""")  # fmt: skip

LAYERS = [*NUMBERS, *CLASSES, *SEQUENCES, *VECTORS]
