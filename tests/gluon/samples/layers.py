"""Samples of the layers of gluon.nn and gluon.contrib."""

from __future__ import annotations

from .layer import parse

BASIC = parse("layers", """
nn.Dense(3) @ 2x4
nn.Dense(3, in_units=4) @ 2x4
nn.Dense(3, activation='relu') @ 2x4
nn.Dense(3, activation='tanh', use_bias=False) @ 2x4
nn.Dense(3, flatten=False) @ 2x5x4
nn.Dense(3) @ 2x5x4
nn.Dense(3, dtype='float64') @ 2x4:float64
nn.Dense(3) @ 4
nn.Dense(3, weight_initializer='ones', bias_initializer='ones', prefix='mine_') @ 2x4
nn.Dense(1, activation='sigmoid') @ 5x1
nn.Dropout(0.5) @ 2x4 random
nn.Dropout(0.5, axes=(1,)) @ 2x4 random
nn.Dropout(0) @ 2x4
nn.Embedding(3, 4) @ 2x5:3
nn.Embedding(3, 4) @ 2x5:int32
nn.Embedding(3, 4, dtype='float64', weight_initializer='normal') @ 3:float64:3
nn.Flatten() @ 2x3x4
nn.Lambda('tanh') @ 2x3
nn.Lambda(lambda x: x * 2) @ 2x3
nn.HybridLambda('tanh') @ 2x3
nn.HybridLambda(lambda F, x: F.relu(x)) @ 2x3
nn.Dense(3, activation='relu', in_units=4, flatten=False, use_bias=False) @ 2x2x4
nn.Dense(3, activation='softrelu', weight_initializer=mx.init.Constant(0.2)) @ 2x2x2
nn.Dropout(0.25) @ 2x3x4:float64 random
nn.Embedding(3, 4, sparse_grad=True) @ 2x5:3
nn.Embedding(3, 4, sparse_grad=True) @ 4:int32
nn.Embedding(5, 1) @ 3x2x2:5
nn.Embedding(5, 2, weight_initializer='ones') @ 1:int64:5
nn.Flatten() @ 3
nn.Flatten() @ 2x3:int32
nn.Lambda('concat') @ 2x3, 2x2
nn.Lambda(lambda x, y: (x * y, [y])) @ 2x3, 2x3
nn.HybridLambda(lambda F, x, y: F.concat(x, y, dim=0)) @ 2x3, 1x3
nn.HybridLambda(lambda F, x, s: (x + s[0], [s[1]])) @ 2x3, [2x3, 2x3]
nn.HybridLambda('broadcast_add') @ 2x3, 1x3
""")  # fmt: skip

ACTIVATIONS = parse("layers", """
nn.Activation('relu') @ 2x4
nn.Activation('sigmoid') @ 2x4
nn.Activation('softrelu') @ 2x4
nn.Activation('softsign') @ 2x4
nn.Activation('tanh') @ 2x4
nn.LeakyReLU(0.1) @ 2x4
nn.PReLU() @ 2x4
nn.PReLU(in_channels=4) @ 2x4
nn.PReLU(mx.init.Constant(0.5), 3) @ 2x3x2
nn.ELU() @ 2x4
nn.ELU(0.5) @ 2x4
nn.SELU() @ 2x4 wrong
nn.GELU() @ 2x4
nn.Swish() @ 2x4
nn.Swish(2.0) @ 2x4
nn.Activation('relu') @ 2x3x2:float64
nn.LeakyReLU(0.0) @ 2x4
nn.LeakyReLU(alpha=1.5) @ 2x4
nn.PReLU('zeros', 3) @ 2x3x2x2
nn.ELU(2.0) @ 2x3x2
nn.SELU() @ 2x3x2 wrong
nn.GELU() @ 2x3x2
nn.Swish(-1.0) @ 2x4
""")  # fmt: skip

NORMS = parse("layers", """
nn.BatchNorm() @ 4x3
nn.BatchNorm() @ 2x3x4x4
nn.BatchNorm(in_channels=3) @ 2x3x4
nn.BatchNorm(axis=-1, momentum=0.5, epsilon=0.01) @ 2x4x3
nn.BatchNorm(axis=2) @ 2x4x3x2
nn.BatchNorm(center=False) @ 4x3
nn.BatchNorm(scale=False) @ 4x3 overwritten
nn.BatchNorm(use_global_stats=True) @ 4x3
nn.BatchNorm(beta_initializer='ones', gamma_initializer='zeros', running_mean_initializer='ones') @ 4x3
nn.LayerNorm() @ 4x3
nn.LayerNorm(in_channels=3, epsilon=0.1) @ 2x2x3
nn.LayerNorm(axis=1) @ 2x4x3
nn.LayerNorm(center=False, scale=False) @ 4x3
nn.InstanceNorm() @ 2x3x4
nn.InstanceNorm(scale=True, epsilon=0.01) @ 2x3x4x2
nn.InstanceNorm(axis=2, center=False) @ 2x4x3
nn.GroupNorm() @ 2x4x3
nn.GroupNorm(2, epsilon=0.01) @ 2x4x3
nn.BatchNorm(center=False, scale=False, use_global_stats=True) @ 4x3 overwritten
nn.BatchNorm(momentum=0.0, epsilon=0.001) @ 2x3x2x2x2
nn.BatchNorm(prefix='bn_', running_variance_initializer='zeros') @ 4x3
nn.BatchNormReLU() @ 2x3x4x4
nn.BatchNormReLU(momentum=0.5, epsilon=0.01, in_channels=3) @ 2x3x4x4
nn.BatchNormReLU(use_global_stats=True) @ 2x3x4x4
nn.BatchNormReLU(center=False) @ 2x3x4x4
nn.LayerNorm(axis=-2, beta_initializer='ones', gamma_initializer='zeros') @ 2x4x3
nn.InstanceNorm(in_channels=3, beta_initializer='ones') @ 2x3x4
nn.GroupNorm(4, center=False) @ 2x4x3x2
nn.GroupNorm(2, scale=False, prefix='gn_') @ 2x4x2
""")  # fmt: skip

CONVOLUTIONS = parse("layers", """
nn.Conv1D(2, 3) @ 2x3x7
nn.Conv1D(2, 3, strides=2, padding=1, dilation=2, activation='relu') @ 2x3x9
nn.Conv1D(4, 2, groups=2, in_channels=4, use_bias=False, activation='softsign') @ 2x4x5
nn.Conv2D(2, 3) @ 2x3x5x5
nn.Conv2D(2, kernel_size=3, in_channels=3, use_bias=False) @ 2x3x5x5
nn.Conv2D(4, (3, 2), strides=2, padding=(1, 0), dilation=(1, 2), groups=2, activation='tanh') @ 1x4x6x7
nn.Conv2D(2, [3, 3], strides=[1, 1], padding=[0, 1]) @ 1x1x5x5
nn.Conv2D(2, 1, weight_initializer='ones', bias_initializer='ones') @ 1x2x3x3
nn.Conv2D(3, 3, groups=3, padding=1, prefix='depth_') @ 1x3x4x4
nn.Conv2D(2, 3, layout='NHWC') @ 2x5x5x3 refused
nn.Conv2D(4, (3, 2), strides=2, padding=(1, 0), dilation=(1, 2), groups=2, activation='tanh', layout='NHWC') \
@ 1x6x7x4 refused
nn.Conv2D(2, 3, layout='NHWC', in_channels=3, use_bias=False) @ 1x4x4x3 refused
nn.Conv3D(2, 2) @ 1x2x3x4x3
nn.Conv3D(2, (1, 2, 3), strides=(1, 2, 1), padding=(0, 1, 1), groups=2, activation='sigmoid') @ 1x2x2x3x3
nn.Conv3D(2, 2, layout='NDHWC') @ 1x3x3x3x2 refused
nn.Conv1DTranspose(2, 3) @ 2x3x5
nn.Conv1DTranspose(4, 3, strides=2, padding=1, output_padding=1, groups=2, in_channels=2) @ 2x2x4
nn.Conv1DTranspose(2, 2, strides=3, dilation=2, activation='relu', use_bias=False) @ 1x3x4
nn.Conv2DTranspose(2, 3) @ 2x3x4x4
nn.Conv2DTranspose(2, 3, strides=2, padding=1, output_padding=1, in_channels=3) @ 1x3x3x3
nn.Conv2DTranspose(4, (3, 2), strides=(2, 3), padding=(1, 0), output_padding=(0, 2), groups=2, in_channels=2) @ 1x2x3x3
nn.Conv2DTranspose(2, 2, dilation=2, activation='tanh', use_bias=False) @ 1x2x3x3
nn.Conv2DTranspose(2, 4, strides=2, padding=1, weight_initializer=mx.init.Bilinear()) @ 1x2x3x3
nn.Conv2DTranspose(2, 3, layout='NHWC') @ 1x4x4x3 refused
nn.Conv2DTranspose(4, 3, strides=2, padding=1, output_padding=1, groups=2, in_channels=2, layout='NHWC') @ \
1x3x3x2 refused
nn.Conv3DTranspose(2, 2) @ 1x2x2x3x2
nn.Conv3DTranspose(2, (2, 1, 3), strides=2, padding=(1, 0, 1), output_padding=1, activation='relu') @ 1x2x2x2x2
nn.Conv3DTranspose(2, 2, strides=2, groups=2, in_channels=2, layout='NDHWC') @ 1x2x2x2x2 refused
""")  # fmt: skip

POOLINGS = parse("layers", """
nn.MaxPool1D() @ 1x2x7
nn.MaxPool1D(3, 2, 1) @ 1x2x7
nn.MaxPool1D(2, layout='NWC') @ 1x5x2
nn.MaxPool1D(3, 2, ceil_mode=True) @ 1x2x6
nn.MaxPool2D() @ 1x2x5x5
nn.MaxPool2D(3, strides=2, padding=1, ceil_mode=True) @ 1x2x6x6
nn.MaxPool2D((2, 3), (1, 2), (1, 0)) @ 1x2x4x5
nn.MaxPool2D(2, 1, layout='NHWC') @ 1x4x4x2
nn.MaxPool2D(3, 2, 1, layout='NHWC', ceil_mode=True) @ 1x6x5x2
nn.MaxPool3D() @ 1x1x4x4x4
nn.MaxPool3D((1, 2, 3), 2, (0, 1, 1), ceil_mode=True) @ 1x1x3x4x5
nn.MaxPool3D(2, layout='NDHWC') @ 1x2x4x2x2
nn.AvgPool1D() @ 1x2x7
nn.AvgPool1D(3, 2, 1, ceil_mode=True, count_include_pad=False) @ 1x2x6
nn.AvgPool1D(2, layout='NWC') @ 1x5x2
nn.AvgPool2D() @ 1x2x5x5
nn.AvgPool2D(3, strides=2, padding=1, ceil_mode=True) @ 1x2x6x6
nn.AvgPool2D(3, strides=2, padding=1, count_include_pad=False) @ 1x2x6x6
nn.AvgPool2D(2, 1, 1, layout='NHWC', count_include_pad=False) @ 1x4x3x2
nn.AvgPool3D() @ 1x1x4x4x4
nn.AvgPool3D(2, 1, 1, count_include_pad=False) @ 1x1x2x3x2
nn.AvgPool3D(2, layout='NDHWC') @ 1x2x4x2x2
nn.GlobalMaxPool1D() @ 1x2x5
nn.GlobalMaxPool1D('NWC') @ 1x5x2
nn.GlobalMaxPool2D() @ 2x2x3x5
nn.GlobalMaxPool2D('NHWC') @ 2x3x5x2
nn.GlobalMaxPool3D() @ 1x2x3x2x2
nn.GlobalMaxPool3D('NDHWC') @ 1x3x2x2x2
nn.GlobalAvgPool1D() @ 1x2x5
nn.GlobalAvgPool1D(layout='NWC') @ 1x5x2
nn.GlobalAvgPool2D() @ 2x2x3x5
nn.GlobalAvgPool2D('NHWC') @ 2x3x5x2
nn.GlobalAvgPool3D() @ 1x2x3x2x2
nn.GlobalAvgPool3D('NDHWC') @ 1x3x2x2x2
nn.ReflectionPad2D() @ 1x2x3x4
nn.ReflectionPad2D(1) @ 1x2x3x4
nn.ReflectionPad2D((0, 0, 0, 0, 1, 0, 2, 1)) @ 1x2x3x4
nn.HybridLambda(lambda F, x: F.contrib.AdaptiveAvgPooling2D(x, output_size=(2, 3))) @ 1x2x5x4
nn.HybridLambda(lambda F, x: F.Pooling(x, kernel=(2, 2), pool_type='lp', p_value=2)) @ 1x2x4x4
""")  # fmt: skip

CONTAINERS = parse("layers", """
[net := nn.HybridSequential(), net.add(nn.Dense(4, activation='relu'), nn.BatchNorm(), nn.Dense(2))][0] @ 3x2
[net := nn.Sequential(), net.add(nn.Dense(3), nn.Lambda('tanh'))][0] @ 2x2
[net := nn.HybridSequential(prefix='n_'), net.add(nn.Dense(3), nn.Dense(2), nn.Dense(1)), net[1:]][-1] @ 2x3
[net := nn.HybridSequential(), inner := nn.HybridSequential(), inner.add(nn.Dense(2), nn.ELU()), \
net.add(inner, nn.Flatten())][0] @ 2x3
""")  # fmt: skip

CONTRIB = parse("layers", """
[net := cnn_.Concurrent(), net.add(nn.Dense(2), nn.Dense(3, activation='tanh'))][0] @ 2x4
[net := cnn_.Concurrent(axis=1), net.add(nn.Lambda('tanh'), cnn_.Identity())][0] @ 2x3x2
[net := cnn_.HybridConcurrent(axis=1, prefix='c_'), net.add(nn.Dense(2), cnn_.Identity())][0] @ 2x4
[net := cnn_.HybridConcurrent(), net.add(nn.Conv2D(2, 1), nn.MaxPool2D(1))][0] @ 1x2x3x3
cnn_.Identity() @ 2x3
cnn_.PixelShuffle1D(2) @ 2x4x3
cnn_.PixelShuffle1D(1) @ 1x2x3
cnn_.PixelShuffle2D(2) @ 1x8x2x3
cnn_.PixelShuffle2D((2, 3)) @ 1x6x2x3
cnn_.PixelShuffle3D((2, 1, 3)) @ 1x6x2x2x1
cnn_.PixelShuffle3D(2) @ 2x8x1x2x1
cnn_.SyncBatchNorm() @ 2x3x4x4
cnn_.SyncBatchNorm(in_channels=3, num_devices=1, momentum=0.5, epsilon=0.01) @ 4x3
cnn_.SyncBatchNorm(center=False, use_global_stats=True) @ 2x3x2
cnn_.SyncBatchNorm(scale=False, beta_initializer='ones') @ 4x3x2x2 overwritten
ccnn.DeformableConvolution(2) @ 1x2x3x3
ccnn.DeformableConvolution(2, 3, padding=1, in_channels=2) @ 1x2x4x4
ccnn.DeformableConvolution(4, (3, 2), (2, 1), (1, 1), (1, 2), groups=2, num_deformable_group=2, \
use_bias=False, activation='relu') @ 1x4x5x5
ccnn.ModulatedDeformableConvolution(2, 3, padding=1) @ 1x2x4x4 wrong
ccnn.ModulatedDeformableConvolution(4, (3, 2), strides=2, groups=2, num_deformable_group=2, \
offset_use_bias=False, activation='tanh', prefix='m_') @ 1x4x5x5 wrong
""")  # fmt: skip

LAYERS = [*BASIC, *ACTIVATIONS, *NORMS, *CONVOLUTIONS, *POOLINGS, *CONTAINERS, *CONTRIB]

ERRORS = parse("layers", """
nn.Dense(-1) @ 2x4
nn.Dense(0) @ 2x4
nn.Dense('a') @ 2x4
nn.Dense(2.5) @ 2x4
nn.Dense(3, in_units=5) @ 2x4
nn.Dense(3, in_units=-1) @ 2x4
nn.Dense(3, activation='nope') @ 2x4
nn.Dense(3, activation=3) @ 2x4
nn.Dense(3, dtype='nope') @ 2x4
nn.Dense(3, units=4) @ 2x4
nn.Dense(3, weight_initializer='nope') @ 2x4
nn.Dense(3) @ 2x4:float64
nn.Dense(3, in_units=4) @ 2x4, 2x4
nn.Dense(3, in_units=4) @ [2x4]
nn.Dense(3) @ none
nn.Dropout(-0.1) @ 2x4
nn.Dropout(1.5) @ 2x4
nn.Dropout('a') @ 2x4
nn.Embedding(0, 3) @ 2:1
nn.Embedding(-1, 3) @ 2:1
nn.Embedding(3, 'a') @ 2:1
nn.Embedding(3, 4, dtype='nope') @ 2:1
nn.Flatten(3) @ 2x4
nn.Lambda('nope') @ 2x4
nn.Lambda(3) @ 2x4
nn.HybridLambda('nope') @ 2x4
nn.HybridLambda(None) @ 2x4
nn.HybridLambda(lambda F, x, y: x) @ 2x4
nn.Activation('nope') @ 2x4
nn.Activation(3) @ 2x4
nn.Activation(None) @ 2x4
nn.Activation() @ 2x4
nn.LeakyReLU(-1) @ 2x4
nn.LeakyReLU('a') @ 2x4
nn.LeakyReLU() @ 2x4
nn.PReLU(in_channels=3) @ 2x4
nn.PReLU(in_channels=-1) @ 2x4
nn.ELU('a') @ 2x4
nn.Swish('a') @ 2x4
nn.BatchNorm(axis=2) @ 4x3
nn.BatchNorm(axis=-3) @ 4x3
nn.BatchNorm(axis='a') @ 4x3
nn.BatchNorm(momentum='a') @ 4x3
nn.BatchNorm(in_channels=5) @ 4x3
nn.BatchNorm(in_channels=-1) @ 4x3
nn.BatchNorm() @ 4
nn.BatchNorm() @ 4x3:int32
nn.LayerNorm(axis=2) @ 4x3
nn.LayerNorm(in_channels=5) @ 4x3
nn.InstanceNorm(in_channels=5) @ 2x3x4
nn.InstanceNorm() @ 2x3
nn.GroupNorm(4) @ 2x6x4
nn.GroupNorm(0) @ 2x6x4
nn.GroupNorm(-1) @ 2x6x4
nn.GroupNorm('a') @ 2x6x4
nn.Conv1D(2, 3, layout='NWC') @ 1x5x2
nn.Conv1D(2, 3, layout='NCHW') @ 1x2x5
nn.Conv1D(2, (3, 3)) @ 1x2x5
nn.Conv2D(2, 3, layout='nchw') @ 1x2x5x5
nn.Conv2D(2, 3, layout=None) @ 1x2x5x5
nn.Conv2D(2, (3, 3, 3)) @ 1x2x5x5
nn.Conv2D(2, 'a') @ 1x2x5x5
nn.Conv2D(2, None) @ 1x2x5x5
nn.Conv2D('a', 3) @ 1x2x5x5
nn.Conv2D(-2, 3) @ 1x2x5x5
nn.Conv2D(2, 0) @ 1x2x5x5
nn.Conv2D(2, -3) @ 1x2x5x5
nn.Conv2D(2, 3, strides=0) @ 1x2x5x5
nn.Conv2D(2, 3, strides=-1) @ 1x2x5x5
nn.Conv2D(2, 3, padding=-1) @ 1x2x5x5
nn.Conv2D(2, 3, dilation=0) @ 1x2x5x5
nn.Conv2D(2, 3, strides=(1, 1, 1)) @ 1x2x5x5
nn.Conv2D(2, 3, groups=0) @ 1x2x5x5
nn.Conv2D(2, 3, groups=-1) @ 1x2x5x5
nn.Conv2D(2, 3, groups=3) @ 1x2x5x5
nn.Conv2D(2, 3, groups=2) @ 1x3x5x5
nn.Conv2D(2, 3, in_channels=3) @ 1x2x5x5
nn.Conv2D(2, 3, activation='nope') @ 1x2x5x5
nn.Conv2D(2, 3) @ 1x2x5
nn.Conv2D(2, 7) @ 1x2x5x5
nn.Conv2D(2, 3) @ 1x2x5x5:int32
nn.Conv3D(2, 3, layout='NCHW') @ 1x2x3x3x3
nn.Conv3D(2, 3) @ 1x2x5x5
nn.Conv1DTranspose(2, 3, layout='NWC') @ 1x5x2
nn.Conv2DTranspose(2, 3, layout='NCW') @ 1x2x5x5
nn.Conv2DTranspose(2, (3, 2, 1)) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, output_padding=1) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, strides=2, output_padding=-1) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, strides=2, output_padding=(1,)) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, strides=(2,)) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, padding=(1, 1, 1)) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, dilation=0) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, strides=-1) @ 1x2x5x5
nn.Conv2DTranspose(2, 3, padding=-1) @ 1x2x5x5
nn.Conv2DTranspose(0, 3) @ 1x2x5x5
nn.Conv2DTranspose(2, 0) @ 1x2x5x5
nn.Conv2DTranspose(3, 3, groups=2, in_channels=2) @ 1x2x5x5
nn.Conv2DTranspose(4, 3, groups=2, in_channels=3) @ 1x3x5x5
nn.Conv2DTranspose(2, 3, in_channels=3) @ 1x2x5x5
nn.Conv2DTranspose(2, 3) @ 1x2x5
nn.Conv2DTranspose(2, 3, padding=9) @ 1x2x5x5
nn.Conv3DTranspose(2, 3, layout='NHWDC') @ 1x2x3x3x3
nn.MaxPool1D(2, layout='NHW') @ 1x2x5
nn.MaxPool2D(2, layout='NCW') @ 1x2x5x5
nn.MaxPool2D((1, 2, 3)) @ 1x2x5x5
nn.MaxPool2D('a') @ 1x2x5x5
nn.MaxPool2D(0) @ 1x2x5x5
nn.MaxPool2D(-1) @ 1x2x5x5
nn.MaxPool2D(2, 0) @ 1x2x5x5
nn.MaxPool2D(2, -1) @ 1x2x5x5
nn.MaxPool2D(2, 1, -1) @ 1x2x5x5
nn.MaxPool2D(2, (1,)) @ 1x2x5x5
nn.MaxPool2D(2, 1, (1, 1, 1)) @ 1x2x5x5
nn.MaxPool2D(2, padding=2) @ 1x2x5x5
nn.MaxPool2D(6) @ 1x2x5x5
nn.MaxPool2D(2) @ 1x2x5
nn.MaxPool2D(2) @ 2x5
nn.AvgPool2D(2) @ 1x2x5x5x5
nn.AvgPool2D(6) @ 1x2x5x5
nn.AvgPool3D(2, layout='NCHW') @ 1x2x5x5x5
nn.GlobalAvgPool2D('NCW') @ 1x2x5x5
nn.GlobalAvgPool1D() @ 1x2
nn.GlobalMaxPool2D() @ 1x2x5
nn.GlobalMaxPool3D('x') @ 1x2x5x5x5
nn.ReflectionPad2D((1, 2)) @ 1x2x3x4
nn.ReflectionPad2D('a') @ 1x2x3x4
nn.ReflectionPad2D(-1) @ 1x2x3x4
nn.ReflectionPad2D(4) @ 1x2x3x4
nn.ReflectionPad2D(1) @ 2x3x4
nn.ReflectionPad2D((1, 1, 0, 0, 1, 1, 1, 1)) @ 1x2x3x4
[net := nn.HybridSequential(), net.add(nn.Lambda('tanh'))][0] @ 2x3
[net := nn.HybridSequential(), net.add(3)][0] @ 2x3
[net := nn.HybridSequential()][0][0] @ 2x3
[net := nn.HybridSequential()][0]['a'] @ 2x3
[net := nn.HybridSequential(), net.add(nn.Dense(3, in_units=3), nn.Dense(3, in_units=2))][0] @ 2x3
nn.HybridSequential(nn.Dense(3), nn.Dense(2)) @ 2x3
nn.Sequential(nn.Dense(3)) @ 2x3
cnn_.Concurrent() @ 2x3
cnn_.HybridConcurrent() @ 2x3
[net := cnn_.HybridConcurrent(axis=1), net.add(nn.Dense(2), nn.Dense(2, flatten=False))][0] @ 2x3x4
[net := cnn_.HybridConcurrent(), net.add(nn.Lambda('tanh'))][0] @ 2x3
cnn_.PixelShuffle1D((2,)) @ 1x4x3
cnn_.PixelShuffle1D('a') @ 1x4x3
cnn_.PixelShuffle1D(0) @ 1x4x3
cnn_.PixelShuffle1D(-1) @ 1x4x3
cnn_.PixelShuffle1D(3) @ 1x4x3
cnn_.PixelShuffle1D(2) @ 1x4
cnn_.PixelShuffle2D((2, 3, 4)) @ 1x6x2x2
cnn_.PixelShuffle2D('ab') @ 1x6x2x2
cnn_.PixelShuffle2D(2) @ 1x6x2x2
cnn_.PixelShuffle2D(2) @ 1x8x2
cnn_.PixelShuffle3D((2, 3)) @ 1x8x2x2x2
cnn_.PixelShuffle3D(2) @ 1x6x2x2x2
cnn_.SparseEmbedding(3, 4) @ 2:3
cnn_.SyncBatchNorm(in_channels=2) @ 4x3
ccnn.DeformableConvolution(2, 3, layout='NHWX') @ 1x2x5x5
ccnn.DeformableConvolution(2, 3, layout='NHWC') @ 1x5x5x2
ccnn.DeformableConvolution(2, 3, adj=(1, 1)) @ 1x2x5x5
ccnn.DeformableConvolution(2, (3, 3, 3)) @ 1x2x5x5
ccnn.DeformableConvolution(2, 3, strides=(1,)) @ 1x2x5x5
ccnn.DeformableConvolution(0, 3) @ 1x2x5x5
ccnn.DeformableConvolution(2, (0, 3)) @ 1x2x5x5
ccnn.DeformableConvolution(3, 3, groups=2) @ 1x2x5x5
ccnn.DeformableConvolution(2, 3, num_deformable_group=0) @ 1x2x5x5
ccnn.DeformableConvolution(2, 3, num_deformable_group=3) @ 1x2x5x5
ccnn.DeformableConvolution(2, 3, activation='nope') @ 1x2x5x5
ccnn.DeformableConvolution(2, 3) @ 1x2x5
ccnn.ModulatedDeformableConvolution(2, 3, in_channels=3) @ 1x2x5x5
ccnn.ModulatedDeformableConvolution(2, 3, layout='NCW') @ 1x2x5x5
""")  # fmt: skip
