"""Samples of the convolutional cells of gluon.contrib.rnn.

MXNet's oneDNN cannot read them back, so they are recorded with MXNET_MKLDNN_ENABLED=0 in the environment.
"""

from __future__ import annotations

from .layer import parse

LAYERS = parse("conv_recurrent", """
crnn.Conv1DRNNCell((2, 5), 3, 3, 3, i2h_pad=1) | net(x, inputs[1])[1] @ 2x2x5, [2x3x5]
crnn.Conv1DRNNCell((2, 7), 2, 3, 3, i2h_dilate=2, h2h_dilate=2, activation='relu') | net(x, inputs[1])[1] @ 1x2x7, [1x2x3]
crnn.Conv1DLSTMCell((2, 5), 2, 3, 3) | net(x, inputs[1])[1] @ 2x2x5, [2x2x3, 2x2x3]
crnn.Conv1DGRUCell((0, 5), 2, (3,), (1,), (1,), prefix='mine_') | net(x, inputs[1])[1] @ 2x2x5, [2x2x5]
crnn.Conv2DRNNCell((2, 4, 3), 2, (3, 1), (1, 3), i2h_pad=(1, 0), activation='sigmoid') | net(x, inputs[1])[1] @ 1x2x4x3, [1x2x4x3]
crnn.Conv2DLSTMCell((2, 3, 4), 2, 3, 3, i2h_pad=1) @ 1x2x3x4, [1x2x3x4, 1x2x3x4] wrong
crnn.Conv2DLSTMCell((2, 4, 4), 2, 3, 3, h2h_dilate=(2, 1), activation=nn.LeakyReLU(0.1)) @ 1x2x4x4, [1x2x2x2, 1x2x2x2] refused
crnn.Conv2DGRUCell((2, 3, 4), 2, 3, 1, i2h_pad=1, i2h_weight_initializer='ones', h2h_bias_initializer='ones') | net(x, inputs[1])[1] @ 1x2x3x4, [1x2x3x4]
crnn.Conv3DRNNCell((1, 3, 3, 3), 2, 3, 1, i2h_pad=1) | net(x, inputs[1])[1] @ 1x1x3x3x3, [1x2x3x3x3]
crnn.Conv3DLSTMCell((1, 3, 2, 2), 1, (3, 1, 1), (1, 1, 3), i2h_pad=(1, 0, 0)) | net(x, inputs[1])[1] @ 1x1x3x2x2, [1x1x3x2x2, 1x1x3x2x2]
crnn.Conv3DGRUCell((1, 2, 2, 3), 1, 1, 3) | net(x, inputs[1])[1] @ 1x1x2x2x3, [1x1x2x2x3]
crnn.Conv2DLSTMCell((3, 4, 2), 2, 3, 3, i2h_pad=1, conv_layout='NHWC') @ 1x3x4x2, [1x3x4x2, 1x3x4x2] refused
crnn.Conv2DLSTMCell((2, 3, 4), 2, 3, 3, i2h_pad=1) | net.unroll(2, x, merge_outputs=True) @ 1x2x2x3x4
crnn.Conv1DGRUCell((2, 5), 2, 3, 3, i2h_pad=1) | net.unroll(2, x, layout='TNCW') @ 2x1x2x5 wrong
""")  # noqa: E501 - a sample is a line  # fmt: skip
