"""Samples of the recurrent layers and cells of gluon.rnn and gluon.contrib.rnn; see also conv_recurrent.py.

Where an output is also a state, as in most cells, MXNet counts the gradient of one of the two: those are "wrong".
"""

from __future__ import annotations

from .layer import parse

STACK = (
    "(lambda s: [s.add(rnn.LSTMCell(3)), s.add(rnn.DropoutCell(0)), s.add(rnn.ResidualCell(rnn.GRUCell(3))), s][-1])"
)

NETWORKS = parse("recurrent", """
rnn.RNN(3) @ 4x2x5 imperative
rnn.RNN(3, activation='tanh', num_layers=2, input_size=5) | net(x) @ 4x2x5
rnn.RNN(3, 2, 'relu', 'NTC', bidirectional=True) | net(x) @ 2x4x5
rnn.RNN(3, i2h_weight_initializer='ones', h2h_weight_initializer='zeros', i2h_bias_initializer='ones', h2h_bias_initializer='ones', prefix='mine_') | net(x) @ 3x2x4
rnn.LSTM(3) | net(x) @ 4x2x5
rnn.LSTM(3, layout='NTC') | net(x) @ 2x4x5
rnn.LSTM(3, num_layers=2, bidirectional=True, input_size=5) | net(x) @ 4x2x5
rnn.LSTM(3, 2, 'NTC', bidirectional=True) @ 2x1x5 imperative
rnn.LSTM(3, dtype='float64', h2h_bias_initializer=mx.init.LSTMBias(2.0)) | net(x) @ 4x2x5:float64
rnn.LSTM(3, num_layers=3, dropout=0.5) | net(x) @ 4x2x5 random
rnn.LSTM(3, 1, 'TNC', 0, False, 5, 'ones', 'zeros', 'ones', 'ones') | net(x) @ 4x2x5
rnn.LSTM(5, projection_size=3, h2r_weight_initializer='ones') | net(x) @ 4x2x6 refused
rnn.LSTM(5, 2, bidirectional=True, projection_size=3) | net(x) @ 4x2x6 refused
rnn.LSTM(3, state_clip_min=-0.3, state_clip_max=0.2, state_clip_nan=True) | net(x) @ 4x2x5 refused
rnn.LSTM(3, use_sequence_length=True) | net(x, sequence_length=inputs[1]) @ 4x3x5, 3:float32:1-4 refused
rnn.GRU(3) | net(x) @ 4x2x5
rnn.GRU(3, num_layers=2, layout='NTC', input_size=5) @ 2x4x5 imperative
rnn.GRU(3, bidirectional=True) | net(x) @ 4x2x5
rnn.GRU(3, 2, dropout=0.5, bidirectional=True) | net(x) @ 4x2x5 random
rnn.RNN(3) | net(x, inputs[1]) @ 4x2x5, 1x2x3
rnn.RNN(3, 2, bidirectional=True) | net(x, [inputs[1]]) @ 4x2x5, 4x2x3
rnn.LSTM(3) | net(x, inputs[1]) @ 4x2x5, [1x2x3, 1x2x3]
rnn.LSTM(3, 2, 'NTC', bidirectional=True) | net(x, inputs[1:]) @ 2x4x5, 4x2x3, 4x2x3
rnn.GRU(3, 2) | net(net(x), inputs[1]) @ 4x2x3, 2x2x3
""")  # noqa: E501 - a sample is a line  # fmt: skip

CELLS = parse("recurrent", """
rnn.RNNCell(3) @ 2x4, [2x3] wrong
rnn.RNNCell(3, activation='relu', input_size=4) | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.RNNCell(3, activation='sigmoid', prefix='mine_') | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.RNNCell(3, 'softsign', 'ones', 'zeros', 'ones', 'ones') | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.RNNCell(3, activation='softrelu') | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.RNNCell(3, activation=nn.LeakyReLU(0.2)) @ 2x4, [2x3] refused
rnn.LSTMCell(3) @ 2x4, [2x3, 2x3] wrong
rnn.LSTMCell(3, input_size=4, activation='relu', recurrent_activation='softsign') | net(x, inputs[1])[1] @ 2x4, [2x3, 2x3]
rnn.LSTMCell(3, i2h_bias_initializer=mx.init.LSTMBias(1.0)) | net(x, inputs[1])[1] @ 2x4, [2x3, 2x3]
rnn.GRUCell(3) | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.GRUCell(3, input_size=4, h2h_weight_initializer='ones') | net(x, inputs[1])[1] @ 2x4, [2x3]
rnn.DropoutCell(0.5) | net(x, []) @ 2x4 random
rnn.DropoutCell(0) | net(x, []) @ 2x4
rnn.DropoutCell(0.5, axes=(1,)) | net(x, []) @ 2x4 random
rnn.ResidualCell(rnn.RNNCell(4)) @ 2x4, [2x4]
rnn.ZoneoutCell(rnn.RNNCell(3)) | net(x, inputs[1])[1] @ 2x4, [2x3]
crnn.LSTMPCell(4, 3) @ 2x5, [2x3, 2x4] wrong
crnn.LSTMPCell(4, 3, input_size=5, h2r_weight_initializer='ones', i2h_bias_initializer='ones') | net(x, inputs[1])[1] @ 2x5, [2x3, 2x4]
crnn.VariationalDropoutCell(rnn.LSTMCell(3)) | net(x, inputs[1])[1] @ 2x4, [2x3, 2x3]
""")  # noqa: E501 - a sample is a line  # fmt: skip

UNROLLED = parse("recurrent", f"""
rnn.RNNCell(3) | net.unroll(3, x) @ 2x3x4 wrong
rnn.RNNCell(3) | net.unroll(3, x, layout='TNC', merge_outputs=True) @ 3x2x4
rnn.RNNCell(3) | net.unroll(2, inputs) @ 2x4, 2x4 wrong
rnn.RNNCell(3) | net.unroll(2, inputs, layout='TNC', merge_outputs=True) @ 2x4, 2x4
rnn.LSTMCell(3) | net.unroll(3, x, merge_outputs=True) @ 2x3x4
rnn.LSTMCell(3) | net.unroll(3, x, begin_state=inputs[1:]) @ 2x3x4, 2x3, 2x3 wrong
rnn.LSTMCell(3) | net.unroll(1, x) @ 2x1x4 wrong unnamed
rnn.GRUCell(3) | net.unroll(3, x, valid_length=inputs[1]) @ 2x3x4, 2:float32:1-3
rnn.LSTMCell(3) | net.unroll(3, x, valid_length=inputs[1], merge_outputs=False, layout='TNC') @ 3x2x4, 2:float32:1-3
rnn.BidirectionalCell(rnn.RNNCell(3, prefix='l_'), rnn.RNNCell(2, prefix='r_')) | net.unroll(3, x) @ 2x3x4
rnn.BidirectionalCell(rnn.LSTMCell(3), rnn.GRUCell(3), output_prefix='out_') | net.unroll(3, x, layout='TNC', merge_outputs=True) @ 3x2x4
rnn.BidirectionalCell(rnn.RNNCell(3), rnn.LSTMCell(3)) | net.unroll(3, x, valid_length=inputs[1], merge_outputs=True) @ 2x3x4, 2:float32:1-3
rnn.BidirectionalCell(rnn.GRUCell(3), rnn.GRUCell(3)) | net.unroll(3, x, valid_length=inputs[1], merge_outputs=False) @ 2x3x4, 2:float32:1-3
rnn.BidirectionalCell(rnn.GRUCell(3), rnn.RNNCell(3)) | net.unroll(2, inputs[:2], inputs[2:]) @ 2x4, 2x4, 2x3, 2x3
rnn.ResidualCell(rnn.GRUCell(4)) | net.unroll(3, x) @ 2x3x4
rnn.ResidualCell(rnn.LSTMCell(4)) | net.unroll(3, x, merge_outputs=True) @ 2x3x4
rnn.ResidualCell(rnn.RNNCell(4)) | net.unroll(3, x, valid_length=inputs[1]) @ 2x3x4, 2:float32:1-3
rnn.ResidualCell(rnn.BidirectionalCell(rnn.RNNCell(2), rnn.RNNCell(2))) | net.unroll(3, x, merge_outputs=True) @ 2x3x4
rnn.DropoutCell(0.5) | net.unroll(3, x) @ 2x3x4 random
rnn.DropoutCell(0.5) | net.unroll(3, x, merge_outputs=False) @ 2x3x4 random
rnn.ZoneoutCell(rnn.LSTMCell(3), 0.3, 0.2) | net.unroll(3, x, merge_outputs=True) @ 2x3x4 random
rnn.ZoneoutCell(rnn.RNNCell(3), 0.3) | net.unroll(3, x) @ 2x3x4 random
rnn.ZoneoutCell(rnn.GRUCell(3), 0, 0.3) | net.unroll(3, x, valid_length=inputs[1]) @ 2x3x4, 2:float32:1-3 random
crnn.LSTMPCell(4, 3) | net.unroll(3, x, merge_outputs=True) @ 2x3x5
crnn.VariationalDropoutCell(rnn.LSTMCell(3), 0.3, 0.2, 0.1) | net.unroll(3, x) @ 2x3x4 random
crnn.VariationalDropoutCell(rnn.GRUCell(3), 0.3, drop_outputs=0.3) | net.unroll(3, x) @ 2x3x4 random
crnn.VariationalDropoutCell(rnn.RNNCell(3), 0.3, 0, 0.3) | net.unroll(3, x, valid_length=inputs[1], layout='TNC') @ 3x2x4, 2:float32:1-3 random
{STACK}(rnn.HybridSequentialRNNCell()) | net.unroll(3, x) @ 2x3x4
{STACK}(rnn.HybridSequentialRNNCell()) | net.unroll(3, x, valid_length=inputs[1]) @ 2x3x4, 2:float32:1-3
{STACK}(rnn.HybridSequentialRNNCell(prefix='s_')) | net(x, inputs[1]) @ 2x4, [2x3, 2x3, 2x3]
{STACK}(rnn.SequentialRNNCell()) | net.unroll(3, x, layout='TNC', merge_outputs=True) @ 3x2x4
{STACK}(rnn.SequentialRNNCell()) | net(x, inputs[1]) @ 2x4, [2x3, 2x3, 2x3]
rnn.LSTM(3, 2, bidirectional=True)._unfuse() | net.unroll(3, x, layout='TNC', merge_outputs=True) @ 3x2x4
rnn.RNN(3, 2, dropout=0.5, input_size=4)._unfuse() | net.unroll(3, x) @ 2x3x4 random
rnn.GRU(3)._unfuse() | net.unroll(3, x) @ 2x3x4 wrong
rnn.RNNCell(3) | mx.gluon.contrib.rnn.rnn_cell.dynamic_unroll(net, x, inputs[1:]) @ 3x2x4, 2x3
rnn.LSTMCell(3) | mx.gluon.contrib.rnn.rnn_cell.dynamic_unroll(net, x, inputs[1:3], layout='NTC', valid_length=inputs[3]) @ 2x3x4, 2x3, 2x3, 2:float32:1-3
""")  # noqa: E501 - a sample is a line  # fmt: skip

LAYERS = [*NETWORKS, *CELLS, *UNROLLED]
