"""Every layer kind of Keras with several choices of its options, as small models in every file format.

`python keras_layers.py OUT [NAME...]` writes OUT/<case>-<flavour>/{model.h5, model.keras, static.keras, io.npz}: the first two with a
dynamic batch, the third with a batch of 2; io.npz holds inputs `in_<name>` and outputs `out_<name>` by their names in the signature.
"""
import fnmatch
import os
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import keras
import numpy as np
import tensorflow as tf
import tf_keras

import keras_operations

CASES = {}
BATCH = 2
COMPILED = ("conv_channels_first", "conv_transpose_dilated", "spectrograms", "activations_channels_first")
OPEN = 7


def case(name, *inputs, flavours=("keras2", "keras3"), tol=1e-5):
    """Registers `build(K, L, *tensors) -> outputs`. An input is a shape without the batch, None for an open size, or (shape, dtype, low, high) for integers."""

    def add(build):
        CASES[name] = (inputs, build, flavours, tol)
        return build

    return add


def spec_of(x):
    return x if len(x) == 4 and isinstance(x[1], str) else (x, "float32", None, None)


# ---- core

@case("dense", (6,), (4, 6), (2, 3, 6))
def _(K, L, x, y, z):
    return [L.Dense(5, activation="relu")(x), L.Dense(5, use_bias=False)(y), L.Dense(3, activation="tanh")(z), L.Dense(40, activation="softmax")(y)]


@case("activations", (3, 8))
def _(K, L, x):
    names = "relu sigmoid tanh softmax elu selu softplus softsign exponential swish gelu hard_sigmoid linear".split()
    if K is keras:
        names += "relu6 silu mish leaky_relu log_softmax hard_silu celu glu hard_shrink hard_tanh log_sigmoid soft_shrink sparse_plus squareplus tanh_shrink sparse_sigmoid sparsemax".split()
    else:
        names += "mish".split()
    def make(n):
        return L.Activation(n)(x)
    return [make(n) for n in names]


@case("activation_layers", (3, 8))
def _(K, L, x):
    slope = {"alpha": 0.1} if K is tf_keras else {"negative_slope": 0.1}
    outs = [L.ReLU()(x), L.ReLU(6.0)(x), L.ReLU(max_value=1.5, negative_slope=0.2)(x), L.ReLU(threshold=0.5)(x), L.ReLU(max_value=2.0, negative_slope=0.3, threshold=0.4)(x),
            L.LeakyReLU()(x), L.LeakyReLU(**slope)(x), L.ELU()(x), L.ELU(0.5)(x), L.Softmax()(x), L.Softmax(axis=1)(x), L.Softmax(axis=[1, 2])(x),
            L.PReLU()(x), L.PReLU(shared_axes=[1])(x)]
    if K is tf_keras:
        outs += [L.ThresholdedReLU(0.7)(x)]
    return outs


@case("softmax_mask", (3, 8), ((3, 8), "bool", 0, 2))
def _(K, L, x, m):
    return L.Softmax()(x, mask=m)


@case("identities", (4, 4, 3), (4, 4, 3, 2))
def _(K, L, x, y):
    outs = [L.Dropout(0.5)(x), L.SpatialDropout2D(0.5)(x), L.SpatialDropout3D(0.5)(y), L.GaussianNoise(1.0)(x), L.GaussianDropout(0.5)(x), L.AlphaDropout(0.5)(x),
            L.ActivityRegularization(l2=0.1)(x), L.Identity()(x)]
    return [L.ReLU()(o) for o in outs]


@case("embedding", ((5,), "int32", 0, 9), ((2, 3), "int32", 0, 9), ((4,), "float32", 0, 9))
def _(K, L, i, j, f):
    return [L.Embedding(9, 4)(i), L.Embedding(9, 3)(j), L.Embedding(9, 2)(f)]


@case("einsum_dense", (4, 6), (3, 4, 6))
def _(K, L, x, y):
    return [L.EinsumDense("abc,cd->abd", output_shape=(None, 5), bias_axes="d")(x), L.EinsumDense("...x,xy->...y", output_shape=7, bias_axes="y", activation="relu")(y),
            L.EinsumDense("abc,bcd->abd", output_shape=(4, 5), bias_axes="bd")(x), L.EinsumDense("abc,cde->abde", output_shape=(None, 2, 3), bias_axes="de")(x),
            L.EinsumDense("abcd,cde->abe", output_shape=(None, 5))(y), L.EinsumDense("abc,cde->abde", output_shape=(4, 4, 1), bias_axes="de")(x)]


# ---- convolution

@case("conv1d", (12, 4))
def _(K, L, x):
    return [L.Conv1D(6, 3, activation="relu")(x), L.Conv1D(6, 3, padding="same", strides=2)(x), L.Conv1D(6, 3, padding="causal", dilation_rate=2)(x),
            L.Conv1D(6, 3, groups=2, use_bias=False)(x), L.Conv1D(6, 2, padding="causal", strides=2)(x), L.Conv1D(6, 3, padding="same", dilation_rate=3)(x)]


@case("conv2d", (9, 10, 4))
def _(K, L, x):
    return [L.Conv2D(6, 3)(x), L.Conv2D(6, (3, 2), padding="same", strides=(2, 1), activation="relu")(x), L.Conv2D(6, 3, dilation_rate=2, use_bias=False)(x),
            L.Conv2D(6, 3, groups=2)(x), L.Conv2D(6, 3, padding="same", dilation_rate=(2, 1), activation="tanh")(x)]


@case("conv3d", (5, 6, 7, 3))
def _(K, L, x):
    return [L.Conv3D(4, 3)(x), L.Conv3D(4, (1, 2, 3), padding="same", strides=2, activation="relu")(x), L.Conv3D(4, 2, use_bias=False, dilation_rate=2)(x)]


@case("conv_channels_first", (4, 9, 10), (4, 12), (3, 5, 6, 7), flavours=("keras3",))
def _(K, L, x, s, v):
    c = {"data_format": "channels_first"}
    return [L.Conv2D(6, 3, padding="same", **c)(x), L.SeparableConv2D(6, 3, **c)(x), L.BatchNormalization(axis=1)(x), L.Flatten(**c)(x),
            L.UpSampling2D(2, **c)(x), L.ZeroPadding2D(((1, 2), (0, 1)), **c)(x), L.Cropping2D(((1, 2), (0, 1)), **c)(x), L.GlobalAveragePooling2D(**c)(x),
            L.GlobalMaxPooling1D(**c)(s)]


@case("channels_first_movement", (4, 9, 10), (4, 12), (3, 5, 6, 7), flavours=("keras2",))
def _(K, L, x, s, v):
    c = {"data_format": "channels_first"}
    return [L.BatchNormalization(axis=1)(x), L.Flatten(**c)(x), L.UpSampling2D(2, **c)(x), L.ZeroPadding2D(((1, 2), (0, 1)), **c)(x), L.Cropping2D(((1, 2), (0, 1)), **c)(x),
            L.GlobalAveragePooling2D(**c)(x), L.GlobalMaxPooling1D(**c)(s), L.ZeroPadding3D(1, **c)(v), L.GlobalAveragePooling3D(keepdims=True, **c)(v)]


@case("separable", (9, 10, 4), (12, 4))
def _(K, L, x, s):
    return [L.SeparableConv2D(6, 3, activation="relu")(x), L.SeparableConv2D(6, (2, 3), padding="same", strides=2, depth_multiplier=2)(x), L.SeparableConv1D(6, 3, padding="same")(s),
            L.SeparableConv1D(5, 3, padding="causal" if K is tf_keras else "same", depth_multiplier=2, activation="relu", use_bias=False)(s), L.SeparableConv2D(6, 3, dilation_rate=2)(x)]


@case("depthwise", (9, 10, 4), (12, 4))
def _(K, L, x, s):
    return [L.DepthwiseConv2D(3)(x), L.DepthwiseConv2D((2, 3), padding="same", strides=2, depth_multiplier=2, activation="relu")(x), L.DepthwiseConv1D(3, padding="same")(s),
            L.DepthwiseConv1D(3, strides=2, depth_multiplier=3, use_bias=False)(s), L.DepthwiseConv2D(3, dilation_rate=2)(x)]


@case("locally_connected", (7, 8, 3), (9, 4), flavours=("keras2",))
def _(K, L, x, s):
    return [L.LocallyConnected2D(4, (3, 2), strides=(2, 1), activation="relu")(x), L.LocallyConnected2D(2, 2, use_bias=False)(x), L.LocallyConnected1D(5, 3)(s), L.LocallyConnected1D(3, 2, strides=2)(s)]


@case("locally_connected_layouts", (6, 7, 3), (9, 4), flavours=("keras2",))
def _(K, L, x, s):
    c = {"data_format": "channels_first"}
    outs = [L.LocallyConnected2D(2, (3, 2), strides=(2, 1), implementation=1, **c)(x), L.LocallyConnected1D(3, 2, activation="softmax", implementation=1, **c)(s)]
    for i in (2, 3):
        outs += [L.LocallyConnected2D(2, (3, 2), strides=(2, 1), implementation=i)(x), L.LocallyConnected2D(2, (2, 3), strides=(1, 2), padding="same", implementation=i, activation="relu")(x), L.LocallyConnected2D(2, 2, implementation=i, **c)(x),
                 L.LocallyConnected1D(3, 3, strides=2, padding="same", implementation=i)(s), L.LocallyConnected1D(2, 2, implementation=i, use_bias=False, **c)(s)]
    return outs


@case("activations_channels_first", (4, 9, 10), (4, 12), flavours=("keras3",))
def _(K, L, x, s):
    c = {"data_format": "channels_first"}
    return [L.Conv2D(6, 3, activation="softmax", **c)(x), L.Conv2D(6, 3, activation="glu", **c)(x), L.Conv1D(5, 3, activation="log_softmax", **c)(s), L.SeparableConv2D(3, 2, activation="sparsemax", **c)(x),
            L.Conv2D(6, 3, activation="relu", **c)(x)]


@case("conv_transpose", (5, 6, 4), (7, 4))
def _(K, L, x, s):
    return [L.Conv2DTranspose(3, 3)(x), L.Conv2DTranspose(3, 3, strides=2, padding="same", activation="relu")(x), L.Conv2DTranspose(3, (2, 3), strides=(3, 2), use_bias=False)(x),
            L.Conv2DTranspose(3, 3, strides=2, padding="same", output_padding=1)(x), L.Conv1DTranspose(3, 3, strides=2, padding="same")(s), L.Conv1DTranspose(3, 4)(s),
            L.Conv2DTranspose(3, 4, strides=3, output_padding=(1, 2))(x), L.Conv1DTranspose(2, 5, strides=3, output_padding=1)(s), L.Conv2DTranspose(3, 2, strides=3)(x)]


@case("conv3d_transpose", (3, 4, 5, 2))
def _(K, L, x):
    return [L.Conv3DTranspose(3, 3)(x), L.Conv3DTranspose(3, 3, strides=2, padding="same", activation="relu")(x)]


@case("conv_transpose_dilated", (5, 6, 4), (7, 4), flavours=("keras3",))
def _(K, L, x, s):
    return [L.Conv2DTranspose(3, 3, dilation_rate=2)(x)]


# ---- pooling

@case("pooling", (9, 10, 4), (12, 4))
def _(K, L, x, s):
    return [L.MaxPooling2D()(x), L.MaxPooling2D((3, 2), strides=(2, 1), padding="same")(x), L.AveragePooling2D(3, strides=2, padding="same")(x), L.AveragePooling2D(2)(x),
            L.MaxPooling1D(3)(s), L.AveragePooling1D(3, strides=2, padding="same")(s), L.MaxPooling1D(2, strides=1, padding="same")(s)]


@case("pooling3d", (5, 6, 7, 3))
def _(K, L, x):
    return [L.MaxPooling3D(2)(x), L.MaxPooling3D((2, 3, 2), strides=(1, 2, 2), padding="same")(x), L.AveragePooling3D(2)(x), L.AveragePooling3D(3, strides=2, padding="same")(x)]


@case("pooling_channels_first", (4, 9, 10), (4, 12), flavours=("keras3",))
def _(K, L, x, s):
    c = {"data_format": "channels_first"}
    return [L.AveragePooling1D(2, **c)(s), L.AveragePooling2D(2, **c)(x)]


@case("global_pooling", (9, 10, 4), (12, 4), (3, 4, 5, 2))
def _(K, L, x, s, v):
    return [L.GlobalAveragePooling1D()(s), L.GlobalAveragePooling2D()(x), L.GlobalAveragePooling3D()(v), L.GlobalMaxPooling1D()(s), L.GlobalMaxPooling2D()(x), L.GlobalMaxPooling3D()(v),
            L.GlobalAveragePooling2D(keepdims=True)(x), L.GlobalMaxPooling1D(keepdims=True)(s)]


@case("adaptive_pooling", (9, 10, 4), (12, 4), (5, 6, 7, 2), flavours=("keras3",))
def _(K, L, x, s, v):
    return [L.AdaptiveAveragePooling2D(3)(x), L.AdaptiveAveragePooling2D((4, 7))(x), L.AdaptiveMaxPooling2D((4, 3))(x), L.AdaptiveAveragePooling1D(5)(s), L.AdaptiveMaxPooling1D(4)(s),
            L.AdaptiveAveragePooling3D((2, 3, 4))(v), L.AdaptiveMaxPooling3D(2)(v)]


@case("adaptive_pooling_open", (None, None, 4), (None, 3), ((None, 3), "int32", -9, 9), flavours=("keras3",))
def _(K, L, x, s, i):
    return [L.AdaptiveAveragePooling2D(3)(x), L.AdaptiveMaxPooling2D((4, 9))(x), L.AdaptiveAveragePooling1D(5)(s), L.AdaptiveMaxPooling1D(4)(s), L.AdaptiveMaxPooling1D(2)(i)]


# ---- normalization

@case("batch_normalization", (5, 6, 4), (7,))
def _(K, L, x, y):
    return [L.BatchNormalization()(x), L.BatchNormalization(axis=1, epsilon=0.01)(x), L.BatchNormalization(scale=False)(y), L.BatchNormalization(center=False, axis=[3] if K is tf_keras else 3)(x)]


@case("layer_normalization", (5, 6, 4), (7,))
def _(K, L, x, y):
    return [L.LayerNormalization()(x), L.LayerNormalization(axis=[1, 2], epsilon=0.01)(x), L.LayerNormalization(axis=1)(x), L.LayerNormalization(scale=False)(y),
            L.LayerNormalization(center=False, axis=-1)(x), L.LayerNormalization(axis=[2, 3])(x)]


@case("group_normalization", (5, 6, 8), (7, 8))
def _(K, L, x, y):
    return [L.GroupNormalization(4)(x), L.GroupNormalization(-1)(x), L.GroupNormalization(2, scale=False)(y), L.GroupNormalization(1, center=False, epsilon=0.1)(y), L.GroupNormalization(2, axis=2)(x)]


@case("unit_normalization", (5, 6))
def _(K, L, x):
    return [L.UnitNormalization()(x), L.UnitNormalization(axis=1)(x), L.UnitNormalization(axis=[1, 2])(x)]


@case("rms_normalization", (5, 6), flavours=("keras3",))
def _(K, L, x):
    return [L.RMSNormalization()(x), L.RMSNormalization(epsilon=0.01)(x), L.RMSNormalization(axis=[1, 2])(x)]


@case("rms_normalization_axis", (6, 6), (2, 6, 6), flavours=("keras3",))
def _(K, L, x, z):
    return [L.RMSNormalization(axis=1)(x), L.RMSNormalization(axis=-2)(z), L.RMSNormalization(axis=[2, 3])(z)]


@case("spectral_normalization", (5, 6, 3), (4,), flavours=("keras3",))
def _(K, L, x, y):
    return [L.SpectralNormalization(L.Conv2D(4, 2, activation="relu"))(x), L.SpectralNormalization(L.Dense(3))(y)]


@case("normalization", (5, 3), (4,))
def _(K, L, x, y):
    a, b, c = L.Normalization(), L.Normalization(mean=[0.5, 1.0, 2.0], variance=[1.0, 4.0, 0.25]), L.Normalization(axis=None)
    d = L.Normalization(mean=[0.5, 1.0, 2.0], variance=[1.0, 4.0, 0.25], invert=True)
    return [a(x), b(x), c(y), d(x), L.Normalization(axis=1)(x), L.Normalization(axis=(1, 2))(x)]


# ---- reshaping

@case("reshaping", (4, 6), (4, 5, 6))
def _(K, L, x, y):
    return [L.Reshape((3, 8))(x), L.Reshape((-1, 2))(x), L.Reshape((24,))(x), L.Flatten()(y), L.Permute((2, 1))(x), L.Permute((3, 1, 2))(y), L.RepeatVector(3)(L.Flatten()(x))]


@case("reshaping_open", (None, 4), flavours=("keras3",))
def _(K, L, x):
    return [L.Reshape((None, 2))(x), L.Reshape((None, 2, 2))(x), L.Reshape((-1,))(x)]


@case("upsampling", (3, 4), (3, 4, 2), (2, 3, 4, 2))
def _(K, L, x, y, z):
    return [L.UpSampling1D(3)(x), L.UpSampling2D()(y), L.UpSampling2D((2, 3), interpolation="bilinear")(y), L.UpSampling3D((2, 1, 3))(z)]


@case("upsampling_bicubic", (3, 4, 2))
def _(K, L, y):
    return [L.UpSampling2D(2, interpolation="bicubic")(y)]


@case("padding_cropping", (5, 4), (5, 6, 3), (5, 6, 7, 2))
def _(K, L, x, y, z):
    return [L.ZeroPadding1D(2)(x), L.ZeroPadding1D((1, 2))(x), L.ZeroPadding2D((1, 2))(y), L.ZeroPadding2D(((1, 2), (0, 3)))(y), L.ZeroPadding3D(((1, 2), (0, 3), (2, 1)))(z), L.Cropping1D((1, 2))(x),
            L.Cropping1D(1)(x), L.Cropping2D(1)(y), L.Cropping2D(((1, 0), (2, 1)))(y), L.Cropping3D(((1, 1), (2, 1), (0, 3)))(z), L.Cropping3D(1)(z)]


# ---- merging

@case("merging", (4, 6), (4, 6), (6,))
def _(K, L, x, y, z):
    return [L.Add()([x, y]), L.Subtract()([x, y]), L.Multiply()([x, y, x]), L.Average()([x, y, y]), L.Maximum()([x, y]), L.Minimum()([x, y, x]), L.Concatenate()([x, y]), L.Concatenate(axis=1)([x, y, x]),
            L.Add()([x, L.Reshape((1, 6))(z)])]


@case("merging_ranks", (4, 6), (6,))
def _(K, L, x, z):
    return [L.Add()([x, z]), L.Multiply()([z, x])]


@case("dot", (4, 6), (4, 6), (6,), (6,), (6, 3))
def _(K, L, x, y, u, v, w):
    return [L.Dot(1)([u, v]), L.Dot(1, normalize=True)([u, v]), L.Dot(2)([x, y]), L.Dot(1)([x, y]), L.Dot((2, 1))([x, w]), L.Dot((2, 1))([x, u]), L.Dot(2, normalize=True)([x, y]), L.Dot(-1)([x, y])]


# ---- attention

@case("attention", (4, 6), (5, 6), (5, 6))
def _(K, L, q, v, k):
    return [L.Attention()([q, v]), L.Attention(use_scale=True)([q, v, k]), L.AdditiveAttention()([q, v, k]), L.AdditiveAttention(use_scale=False)([q, v]), L.Attention(score_mode="concat")([q, v])]


@case("attention_scores", (4, 6), (5, 6))
def _(K, L, q, v):
    return list(L.Attention()([q, v], return_attention_scores=True)) + [L.Attention()([q, q], use_causal_mask=True)]


@case("attention_masks", (4, 6), (5, 6), ((4,), "bool", 0, 2), ((5,), "bool", 0, 2))
def _(K, L, q, v, qm, vm):
    return [L.Attention()([q, v], mask=[qm, vm]), L.AdditiveAttention()([q, v], mask=[qm, vm]), L.Attention(use_scale=True)([q, v, v], mask=[qm, vm])]


@case("multi_head_attention", (4, 6), (5, 6), (2, 3, 6))
def _(K, L, q, v, z):
    return [L.MultiHeadAttention(2, 3)(q, v), L.MultiHeadAttention(2, 3, value_dim=4, use_bias=False, output_shape=5)(q, v, v), *L.MultiHeadAttention(2, 3)(q, q, return_attention_scores=True),
            L.MultiHeadAttention(2, 3)(q, q, use_causal_mask=True), L.MultiHeadAttention(2, 3, attention_axes=(2,))(z, z), L.MultiHeadAttention(2, 3, attention_axes=(1, 2))(z, z)]


@case("multi_head_attention_mask", (4, 6), (5, 6), ((4, 5), "bool", 0, 2), ((2, 4, 5), "bool", 0, 2))
def _(K, L, q, v, m, n):
    return [L.MultiHeadAttention(2, 3)(q, v, attention_mask=m), L.MultiHeadAttention(2, 3)(q, v, attention_mask=n)]


@case("grouped_query_attention", (4, 6), (5, 6), ((4, 5), "bool", 0, 2), flavours=("keras3",))
def _(K, L, q, v, m):
    return [L.GroupQueryAttention(3, 4, 2)(q, v), L.GroupQueryAttention(3, 4, 1, use_bias=False)(q, v, attention_mask=m), L.GroupQueryAttention(3, 2, 2)(q, q, use_causal_mask=True)]


# ---- masks that flow

@case("implicit_masks", ((5,), "int32", 0, 3), (5, 4), flavours=("keras2", "keras3"))
def _(K, L, i, x):
    e = L.Embedding(3, 4, mask_zero=True)(i)
    m = L.Masking(0.0)(x)
    d = L.Dense(4)(e)
    return [L.GlobalAveragePooling1D()(d), L.GlobalAveragePooling1D()(L.Dropout(0.5)(m)), L.GlobalAveragePooling1D()(L.Add()([e, L.Dense(4)(x)])), L.GlobalAveragePooling1D()(L.Concatenate()([e, x])),
            L.GlobalAveragePooling1D()(L.Concatenate(axis=1)([e, x if K is keras else m])), L.Attention()([d, d]), L.MultiHeadAttention(2, 3)(e, e), L.GlobalAveragePooling1D()(L.Add()([e, m])),
            L.GlobalAveragePooling1D()(L.TimeDistributed(L.Dense(3))(e)), L.GlobalAveragePooling1D()(L.Softmax()(L.Dense(4)(x)))]


@case("masked_merging", ((5,), "int32", 0, 3), (5, 4), (5, 4), flavours=("keras3",))
def _(K, L, i, x, y):
    e = L.Embedding(3, 4, mask_zero=True)(i)
    m = L.Masking(0.0)(L.ReLU()(y))
    r = L.ReversibleEmbedding(3, 4, mask_zero=True)(i)
    pool = L.GlobalAveragePooling1D()
    merged = [layer()(parts) for layer in (L.Multiply, L.Maximum, L.Minimum) for parts in ([e, x], [x, e], [e, m], [m, x, e], [e, m, r])]
    return merged + [pool(t) for t in merged] + [pool(r), L.Attention()([x, e])]


@case("masks_of_models", ((5,), "int32", 0, 3), (5, 4), flavours=("keras2", "keras3"))
def _(K, L, i, x):
    e = L.Embedding(3, 4, mask_zero=True)(i)
    a = K.Input((5, 4))
    inner = K.Model(a, L.Dense(4)(L.Dropout(0.5)(a)))
    h = inner(L.Bidirectional(L.GRU(2, return_sequences=True))(e))
    # Attention takes the mask off what it reads in Keras 3, so that the sum has none.
    t = L.Embedding(3, 4, mask_zero=True)(i)
    block = L.LayerNormalization()(L.Add()([t, L.MultiHeadAttention(2, 3)(t, t)]))
    return [L.GlobalAveragePooling1D()(h), L.LSTM(2)(h), L.GlobalAveragePooling1D()(block), L.GRU(3)(block)]


@case("zero_masking", (5, 4))
def _(K, L, x):
    return [L.Masking(1.0)(L.ReLU(1.0)(x)), L.GlobalAveragePooling1D()(L.Masking(0.0)(L.ReLU()(x)))]


# ---- preprocessing

@case("preprocessing", (6, 7, 3), ((6, 7, 3), "uint8", 0, 256))
def _(K, L, x, b):
    outs = [L.Rescaling(1 / 127.5, offset=-1)(x), L.Rescaling([1.0, 2.0, 3.0], offset=[0.0, -1.0, 1.0])(x), L.Rescaling(1 / 255)(b), L.Resizing(4, 5)(x), L.Resizing(9, 11, interpolation="nearest")(x),
            L.CenterCrop(4, 4)(x), L.CenterCrop(3, 6)(x), L.Resizing(6, 6, crop_to_aspect_ratio=True)(x), L.Resizing(3, 3, interpolation="nearest")(x), L.Resizing(7, 3)(b)]
    if K is keras:
        outs += [L.Resizing(8, 8, pad_to_aspect_ratio=True)(x), L.Resizing(12, 5, interpolation="bicubic")(x)]
    return [L.ReLU()(o) for o in outs]


@case("augmentation_of_integers", ((6, 7, 3), "uint8", 0, 256), ((6, 7, 3), "int32", -9, 9))
def _(K, L, b, i):
    return [f(t) for t in (b, i) for f in (L.RandomFlip(), L.RandomRotation(0.2), L.RandomContrast(0.2), L.RandomCrop(4, 5))]


@case("augmentation", (6, 7, 3))
def _(K, L, x):
    layers = [L.RandomFlip(), L.RandomRotation(0.2), L.RandomZoom(0.2), L.RandomTranslation(0.1, 0.1), L.RandomContrast(0.2), L.RandomCrop(4, 5)]
    return [L.ReLU()(layer(x)) for layer in layers]


@case("spectrograms", (64, 2), (64,), (2, 64), flavours=("keras3",), tol=1e-4)
def _(K, L, x, s, c):
    modes = [L.STFTSpectrogram(mode=m, frame_length=16, frame_step=6, window=None, scaling=None)(x) for m in ("log", "magnitude", "psd", "real", "imag", "stft")]
    return modes + [L.STFTSpectrogram(frame_length=12, fft_length=16, expand_dims=True, padding="same", window=None, scaling=None)(x), L.STFTSpectrogram(frame_length=16, window=None, scaling=None, data_format="channels_first")(c),
                    L.MelSpectrogram(fft_length=32, sequence_stride=8, num_mel_bins=6)(s),
                    L.MelSpectrogram(fft_length=32, sequence_length=20, sequence_stride=10, num_mel_bins=5, sampling_rate=8000, min_freq=100.0, max_freq=3000, power_to_db=False, mag_exp=1.0, window="hamming")(s)]


@case("auto_contrast", (6, 7, 3), flavours=("keras3",))
def _(K, L, x):
    return [L.AutoContrast()(x), L.AutoContrast(value_range=(-1, 1))(x), L.Pipeline([L.Rescaling(2.0, offset=1.0), L.RandomFlip(), L.Resizing(4, 5)])(x)]


@case("category_encoding", ((3,), "int32", 0, 5), ((1,), "int32", 0, 5), (4,))
def _(K, L, i, j, x):
    return [L.CategoryEncoding(5, output_mode="multi_hot")(i), L.CategoryEncoding(5, output_mode="one_hot")(j), L.CategoryEncoding(5, output_mode="count")(i), L.Discretization(bin_boundaries=[-0.5, 0.0, 0.7])(x)]


# ---- recurrent

@case("lstm", (5, 4))
def _(K, L, x):
    return [L.LSTM(3)(x), L.LSTM(3, return_sequences=True)(x), L.LSTM(3, go_backwards=True, use_bias=False)(x), *L.LSTM(3, return_state=True, return_sequences=True)(x),
            L.LSTM(3, activation="relu", recurrent_activation="hard_sigmoid")(x), L.LSTM(3, unroll=True, return_sequences=True)(x), L.LSTM(3, unroll=True, go_backwards=True)(x)]


@case("gru", (5, 4))
def _(K, L, x):
    return [L.GRU(3)(x), L.GRU(3, return_sequences=True, reset_after=False)(x), L.GRU(3, reset_after=False, use_bias=False)(x), *L.GRU(3, return_state=True)(x), L.GRU(3, unroll=True)(x),
            L.GRU(3, activation="relu", go_backwards=True, return_sequences=True)(x)]


@case("simple_rnn", (5, 4))
def _(K, L, x):
    return [L.SimpleRNN(3)(x), L.SimpleRNN(3, return_sequences=True, use_bias=False)(x), L.SimpleRNN(3, unroll=True, activation="relu")(x)]


@case("initial_states", (5, 4), (3,), (3,))
def _(K, L, x, h, c):
    y, a, b = L.LSTM(3, return_state=True)(x)
    return [L.LSTM(3)(x, initial_state=[h, c]), L.GRU(3, return_sequences=True)(x, initial_state=h), L.LSTM(3, return_sequences=True)(x, initial_state=[a, b]), y]


@case("rnn_cells", (5, 4))
def _(K, L, x):
    return [L.RNN(L.LSTMCell(3))(x), L.RNN(L.GRUCell(3), return_sequences=True)(x), L.RNN(L.SimpleRNNCell(3), unroll=True)(x), L.RNN([L.LSTMCell(3), L.GRUCell(2), L.LSTMCell(4)], return_sequences=True)(x),
            L.RNN(L.StackedRNNCells([L.GRUCell(3), L.SimpleRNNCell(2)]))(x)]


@case("bidirectional", (5, 4))
def _(K, L, x):
    return [L.Bidirectional(L.LSTM(3))(x), L.Bidirectional(L.LSTM(3, return_sequences=True))(x), L.Bidirectional(L.GRU(3, return_sequences=True), merge_mode="sum")(x),
            L.Bidirectional(L.SimpleRNN(3), merge_mode="ave")(x), L.Bidirectional(L.LSTM(3), backward_layer=L.LSTM(3, go_backwards=True, activation="relu"), merge_mode="mul")(x),
            *L.Bidirectional(L.LSTM(3, return_state=True))(x)]


@case("recurrent_masks", ((5,), "int32", 0, 3))
def _(K, L, i):
    e = L.Embedding(3, 4, mask_zero=True)(i)
    s = L.LSTM(3, return_sequences=True)(e)
    return [L.LSTM(3)(e), s, L.GRU(3)(s), L.Bidirectional(L.GRU(2, return_sequences=True))(e), L.SimpleRNN(3, go_backwards=True)(e), L.LSTM(3, unroll=True)(e), L.GlobalAveragePooling1D()(s),
            L.Dense(2)(L.GRU(3, return_sequences=True)(e))]


@case("unrolled_masks", ((5,), "int32", 0, 3))
def _(K, L, i):
    e = L.Embedding(3, 4, mask_zero=True)(i)
    return [L.Bidirectional(L.GRU(2, return_sequences=True, unroll=True), merge_mode="concat")(e), L.LSTM(3, unroll=True, go_backwards=True, return_sequences=True)(e)]


@case("conv_lstm", (3, 6, 7, 2), (3, 8, 2))
def _(K, L, x, s):
    return [L.ConvLSTM2D(3, 3)(x), L.ConvLSTM2D(2, 3, padding="same", return_sequences=True)(x), L.ConvLSTM1D(3, 3)(s), L.ConvLSTM2D(2, 2, strides=2)(x)]


# ---- wrappers and models


@case("integer_lookup", ((3,), "int64", 0, 40))
def _(K, L, i):
    return [
        L.IntegerLookup(vocabulary=[10, 25, 7, 30])(i),
        L.IntegerLookup(vocabulary=[10, 25, 7, 30], num_oov_indices=3, mask_token=0)(i),
        L.IntegerLookup(vocabulary=[0, -1, 10, 25], mask_token=0, oov_token=-1)(i),
        L.IntegerLookup(vocabulary=[10, 2000000, 7, -3000000])(i),
        *(L.IntegerLookup(vocabulary=list(range(5, 30)), output_mode=m)(i) for m in ("multi_hot", "count")),
    ]


@case("discretization_modes", (4,))
def _(K, L, x):
    return [L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5], output_mode=m)(x) for m in ("int", "multi_hot", "count")]


@case("discretization_of_sequences", (3, 4), flavours=("keras3",))
def _(K, L, x):
    return [L.Discretization(bin_boundaries=[-0.5, 0.0, 0.5], output_mode=m)(x) for m in ("int", "multi_hot", "count", "one_hot")]


@case("resizing_modes", (10, 12, 3), flavours=("keras2",))
def _(K, L, x):
    return [L.Resizing(7, 15, interpolation=m)(x) for m in ("area", "gaussian", "mitchellcubic", "lanczos5")]


@case("convlstm_volumes", (2, 3, 4, 4, 2))
def _(K, L, x):
    return [*L.ConvLSTM3D(2, 2, padding="same", return_sequences=True, return_state=True)(x), L.ConvLSTM3D(2, (2, 3, 2), strides=(1, 2, 1), go_backwards=True)(x)]


@case("time_distributed", (3, 4), (3, 8, 8, 2))
def _(K, L, x, y):
    inner = K.Sequential([L.InputLayer((8, 8, 2)), L.Conv2D(3, 3, activation="relu"), L.GlobalAveragePooling2D(), L.Dense(4)])
    h = K.Input((4,))
    functional = K.Model(h, L.Dense(2)(L.Dense(5, activation="relu")(h)))
    return [L.TimeDistributed(L.Dense(5))(x), L.TimeDistributed(L.Conv2D(3, 3))(y), L.TimeDistributed(inner)(y), L.TimeDistributed(L.BatchNormalization())(x), L.TimeDistributed(functional)(x),
            L.TimeDistributed(L.Flatten())(y), L.TimeDistributed(L.TimeDistributed(L.Dense(3)))(y)]


@case("nested", (6,), (6,))
def _(K, L, x, y):
    a = K.Input((6,))
    shared = L.Dense(6, activation="tanh")
    inner = K.Model(a, L.Add()([shared(a), shared(shared(a))]), name="inner")
    p, q = K.Input((6,)), K.Input((6,))
    two = K.Model([p, q], [L.Add()([p, q]), L.Subtract()([p, q])], name="two")
    seq = K.Sequential([L.Dense(4), L.BatchNormalization(), L.Activation("relu")], name="seq")
    outer = K.Sequential([L.InputLayer((6,)), inner, seq], name="outer")
    s, d = two([inner(x), inner(y)])
    return [outer(x), seq(d), L.Concatenate()([s, outer(y)])]


@case("dict_ports", (6,), (6,))
def _(K, L, x, y):
    return {"sum": L.Add()([x, y]), "a": L.Dense(3)(x)}


# ---- operators and functions in functional models

@case("operators", (4, 6), (4, 6))
def _(K, L, x, y):
    return [L.ReLU()(o) for o in [x + y, x * 2.0, 1.0 - x, x / (y * y + 1.0), -x, x[:, 1:3], x[:, 0], x[:, :, None], (y * y + 0.5) ** 2]]


@case("tf_functions", (4, 6), (4, 6), flavours=("keras2",))
def _(K, L, x, y):
    a, b = tf.split(x, 2, axis=2)
    outs = [tf.concat([x, y], axis=1), tf.matmul(x, y, transpose_b=True), tf.transpose(x, (0, 2, 1)), tf.reduce_mean(x, axis=[1]), tf.reduce_sum(x, axis=-1, keepdims=True), tf.nn.relu(x), tf.nn.softmax(x, axis=1),
            tf.reshape(x, (-1, 12)), tf.expand_dims(x, 1), tf.squeeze(tf.expand_dims(x, 1), 1), a - b, tf.where(x > y, x, y), tf.cast(x > 0.0, tf.float32), tf.stack([x, y], axis=2), tf.tile(x, [1, 2, 1]),
            tf.math.l2_normalize(x, axis=-1), tf.clip_by_value(x, -0.5, 0.5), tf.abs(x), tf.sqrt(tf.abs(x) + 1.0), tf.exp(x), tf.tanh(x), tf.sigmoid(x), tf.maximum(x, 0.2), tf.square(x - y), tf.pad(x, [[0, 0], [1, 1], [0, 2]]),
            tf.image.resize(tf.expand_dims(x, -1), (8, 9)), tf.nn.leaky_relu(x, 0.1), tf.gather(x, [2, 0], axis=1), tf.reduce_max(x, axis=1), tf.math.log(tf.abs(x) + 1.0),
            tf.nn.gelu(x), tf.pow(tf.abs(x), 1.5), tf.one_hot(tf.argmax(x, axis=-1), 6), tf.add_n([x, y]), tf.math.add(x, [[1.0]]), tf.unstack(x, axis=1)[2], tf.reshape(x, [tf.shape(x)[0], 24]), tf.broadcast_to(x[:1], tf.shape(x))]
    return [L.ReLU()(o) for o in outs]


@case("tf_functions_of_lists", (4, 6), (4, 6), flavours=("keras2",))
def _(K, L, x, y):
    outs = [tf.reduce_sum([x, y], axis=0), tf.reduce_max([[x, y], [y, x]], axis=[0, 1]), tf.add([x, y], 1.0), tf.multiply(tf.stack([x, y]), [y, x]), tf.reduce_mean(tf.convert_to_tensor([x, y]), 0), tf.maximum(x, [y, x])]
    return [L.ReLU()(o) for o in outs]


@case("tf_image_functions", (6, 8, 3), flavours=("keras2",))
def _(K, L, x):
    return [L.ReLU()(o) for o in [tf.nn.max_pool2d(x, 2, 2, "VALID"), tf.nn.avg_pool2d(x, 2, 2, "SAME"), tf.nn.depth_to_space(tf.tile(x, [1, 1, 1, 4]), 2), tf.nn.space_to_depth(x, 2), tf.reverse(x, [1]), tf.nn.relu6(x)]]


@case("keras_ops", (4, 6), (4, 6), flavours=("keras3",))
def _(K, L, x, y):
    O = K.ops
    a, b = O.split(x, 2, axis=2)
    c, d, e = O.split(x, [1, 4], axis=2)
    v, i = O.top_k(x, 2)
    outs = [O.concatenate([x, y], axis=1), O.matmul(x, O.transpose(y, (0, 2, 1))), O.mean(x, axis=1), O.sum(x, axis=-1, keepdims=True), O.relu(x), O.softmax(x, axis=1), O.reshape(x, (-1, 12)), O.expand_dims(x, 1),
            O.squeeze(O.expand_dims(x, 1), 1), a - b, d, O.where(x > y, x, 0.0), O.cast(x > 0.0, "float32"), O.stack([x, y], axis=2), O.tile(x, [1, 2, 1]), O.repeat(x, 2, axis=1), O.clip(x, -0.5, 0.5), O.abs(x), O.sqrt(O.abs(x) + 1),
            O.exp(x), O.tanh(x), O.sigmoid(x), O.maximum(x, 0.2), O.square(x - y), O.pad(x, [[0, 0], [1, 1], [0, 2]]), O.leaky_relu(x, 0.1), O.take(x, [2, 0], axis=1), O.max(x, axis=1), O.min(x, axis=(1, 2)), O.log(O.abs(x) + 1),
            O.einsum("abc,adc->abd", x, y), O.gelu(x), O.power(O.abs(x), 1.5), O.one_hot(O.argmax(x, axis=-1), 6), O.add(x, np.array([[1.0]], "float32")), v, O.cast(i, "float32"), O.swapaxes(x, 1, 2), O.moveaxis(x, 1, 2), O.flip(x, axis=1), O.roll(x, 1, axis=2),
            O.var(x, axis=1), O.std(x, axis=-1), O.normalize(x, axis=-1), O.logsumexp(x, axis=1), O.cumsum(x, axis=1), O.sign(x), O.logical_and(x > 0, y > 0) * 1.0, O.zeros_like(x) + y, O.ones_like(x) * y, O.dot(O.reshape(x, (-1, 6)), np.arange(6, dtype="float32").reshape(6, 1)),
            O.sin(x), O.floor(x), O.rsqrt(O.abs(x) + 1), O.silu(x), O.hard_sigmoid(x), O.log_softmax(x), O.elu(x), O.prod(x, axis=1), O.log1p(O.abs(x)), O.erf(x), O.minimum(x, y), O.negative(x), O.reciprocal(O.abs(x) + 1),
            O.mod(O.cast(x * 10, "int32"), 3) * 1.0, O.subtract(3, x), O.norm(x, axis=-1), O.vstack([x, y]), O.outer(x[0, 0], y[0, 0]), O.average(x, axis=1), O.unstack(x, axis=1)[1], O.relu6(x), O.round(x), O.logical_not(x > 0) * 1.0]
    return [L.ReLU()(o) for o in outs]


@case("keras_image_ops", (6, 8, 3), flavours=("keras3",))
def _(K, L, x):
    O = K.ops
    return [L.ReLU()(o) for o in [O.max_pool(x, 2), O.average_pool(x, 2, padding="same"), O.image.resize(x, (9, 5)), O.image.resize(x, (3, 4), interpolation="nearest"), O.image.rgb_to_grayscale(x), O.depthwise_conv(x, np.ones((3, 3, 3, 1), "float32") / 9.0) if False else x]]


for family, (specs, calls) in keras_operations.FAMILIES.items():
    case(family, *specs, flavours=("keras3",))(lambda K, L, *xs, calls=calls: [y for f in calls for y in keras_operations.results(f(K.ops, *xs))])


@case("mixed_float16", (8, 8, 3), tol=2e-3)
def _(K, L, x):
    y = L.Conv2D(4, 3, dtype="mixed_float16")(x)
    y = L.BatchNormalization(dtype="mixed_float16")(y)
    return L.Dense(3, dtype="float32")(L.Flatten(dtype="mixed_float16")(y))


@case("integers", ((4,), "int32", 0, 9), ((4,), "int64", 0, 9), ((4,), "bool", 0, 2))
def _(K, L, i, j, b):
    return [L.Dense(3)(L.Rescaling(0.5)(i)), L.Concatenate()([i, i]), L.Flatten()(j), L.Add()([i, i])]


@case("bfloat16_weights", (5,), flavours=("keras3",), tol=3e-2)
def _(K, L, x):
    return L.Dense(3, dtype="float32")(L.Dense(4, dtype="bfloat16", activation="tanh")(x))


@case("integers_stay", ((4, 6, 3), "int32", -9, 9), ((4, 6, 3), "uint8", 0, 256), ((5, 3), "int64", -9, 9))
def _(K, L, i, b, s):
    return [*(f(t) for t in (i, b) for f in (L.ReLU(), L.ReLU(6), L.Activation("relu"), L.MaxPooling2D(2), L.GlobalMaxPooling2D(), L.GlobalAveragePooling2D(), L.UpSampling2D(2), L.LeakyReLU())),
            L.MaxPooling1D(2, padding="same")(s), L.GlobalMaxPooling1D(keepdims=True)(s), L.GlobalAveragePooling1D()(s), L.UpSampling1D(3)(s)]


def randomise(model, name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for w in model.weights:
        path = getattr(w, "path", w.name)
        if w.dtype not in ("float32", tf.float32, "float16", tf.float16):
            continue
        positive = any(s in path for s in ("gamma", "variance", "scale"))
        w.assign((rng.uniform(0.5, 1.5, w.shape) if positive else rng.standard_normal(w.shape) * 0.3).astype("float32"))


    for layer in model.layers:
        if hasattr(layer, "finalize_state"):
            layer.finalize_state()


def data_of(spec, batch, rng):
    shape, dtype, low, high = spec
    shape = (batch,) + tuple(d or OPEN for d in shape)
    if low is None:
        return rng.standard_normal(shape).astype(dtype)
    return rng.integers(low, high, shape).astype(dtype)


def build(K, name, batch):
    inputs, make, _, _ = CASES[name]
    K.backend.clear_session() if K is tf_keras else K.utils.clear_session()
    specs = [spec_of(i) for i in inputs]
    xs = [K.Input(shape=s[0], batch_size=batch, dtype=s[1], name=f"x{k}") for k, s in enumerate(specs)]
    ys = make(K, K.layers, *xs)
    return specs, K.Model(xs[0] if len(xs) == 1 else xs, ys)


def names_of(K, model, ys):
    """Names of outputs in the signature that `export` (Keras 3) or `tf.saved_model.save` (Keras 2) makes."""
    if isinstance(ys, dict):
        return dict(zip(model.output_names, [ys[k] for k in sorted(ys)])) if K is tf_keras else dict(ys)
    flat = ys if isinstance(ys, (list, tuple)) else [ys]
    return dict(zip(model.output_names if K is tf_keras else [f"output_{i}" for i in range(len(flat))], flat))


def record(out, name, flavour):
    K = tf_keras if flavour == "keras2" else keras
    folder = os.path.join(out, f"{name}-{flavour}")
    os.makedirs(folder, exist_ok=True)
    specs, model = build(K, name, None)
    randomise(model, name)
    rng = np.random.default_rng(zlib.crc32(name.encode()) + 1)
    xs = [data_of(s, BATCH, rng) for s in specs]
    # Compiled: the plain kernels of some operators do not take channels-first data.
    # Some operations of Keras do not run within a graph.
    run = lambda x: model(x, training=False)
    call = run if name in keras_operations.FAMILIES else tf.function(run, jit_compile=name in COMPILED)
    ys = names_of(K, model, call(xs[0] if len(xs) == 1 else xs))
    np.savez_compressed(os.path.join(folder, "io.npz"), **{f"in_x{i}": x for i, x in enumerate(xs)}, **{f"out_{n}": np.asarray(y) for n, y in ys.items()})
    model.save(os.path.join(folder, "model.h5"))
    model.save(os.path.join(folder, "model.keras"))
    _, static = build(K, name, BATCH)
    static.set_weights(model.get_weights())
    static.save(os.path.join(folder, "static.keras"))


def main(out, patterns):
    failed = 0
    for name, (_, _, flavours, _) in CASES.items():
        for flavour in flavours:
            if patterns and not any(fnmatch.fnmatch(f"{name}-{flavour}", p) or name == p for p in patterns):
                continue
            try:
                record(out, name, flavour)
            except Exception as e:
                failed += 1
                print(f"{name}-{flavour}: {type(e).__name__} {str(e)[:600]}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
