"""Small models with random weights, saved in every format that the first importers read.

`python models.py OUT` writes OUT/<model>-<flavour>/{saved/, model.h5, model.keras, io.npz}.
"""
import os
import sys
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
import keras
import numpy as np
import tensorflow as tf
import tf_keras


def mlp(L):
    return (28, 28, 1), [L.Flatten(), L.Dense(100, activation="relu"), L.Dropout(0.2), L.Dense(10), L.Softmax()]


def cnn(L):
    return (20, 16, 3), [
        L.Rescaling(1 / 127.5, offset=-1.0),
        L.Conv2D(8, 3, strides=2, padding="same", use_bias=False), L.BatchNormalization(), L.ReLU(6.0),
        L.DepthwiseConv2D(3, padding="same", depth_multiplier=2), L.BatchNormalization(), L.Activation("relu"),
        L.ZeroPadding2D(((0, 1), (1, 2))), L.Conv2D(24, 3, activation="relu"),
        L.MaxPooling2D(2), L.Conv2D(32, (1, 3), dilation_rate=1, activation="tanh"), L.AveragePooling2D(2, padding="same"),
        L.Flatten(), L.Dense(48, activation="elu"), L.Reshape((6, 8)), L.Flatten(), L.Dense(7, activation="softmax"),
    ]


def head(L):
    return (8, 8, 4), [
        L.Conv2D(16, 1), L.LeakyReLU(0.1), L.BatchNormalization(center=False), L.Conv2D(40, 3, padding="valid"),
        L.GlobalAveragePooling2D(), L.Dense(30, activation="sigmoid"), L.Dense(30), L.BatchNormalization(), L.Activation("softplus"), L.Dense(2),
    ]


SEQUENTIAL = {"mlp": mlp, "cnn": cnn, "head": head}


def randomise(model, name):
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for w in model.weights:
        scale = rng.uniform(0.5, 1.5, w.shape) if "gamma" in w.name or "variance" in w.name else rng.standard_normal(w.shape) * 0.2
        w.assign(scale.astype("float32"))


def record(folder, call, shape, name):
    x = np.random.default_rng(1).uniform(-1, 1, (4,) + shape).astype("float32")
    np.savez(os.path.join(folder, "io.npz"), x=x, y=np.asarray(call(tf.constant(x))))


class Branches(tf.Module):
    """Add, concat, pad and mean outside any Keras."""

    def __init__(self):
        rng = np.random.default_rng(3)
        v = lambda *s: tf.Variable((rng.standard_normal(s) * 0.3).astype("float32"))
        self.k, self.b, self.w = v(3, 3, 3, 12), v(12), v(24, 60)

    @tf.function(input_signature=[tf.TensorSpec([None, 9, 9, 3], tf.float32, name="image")])
    def __call__(self, image):
        a = tf.nn.relu(tf.nn.bias_add(tf.nn.conv2d(image, self.k, 1, "SAME"), self.b))
        b = tf.pad(image, [[0, 0], [1, 1], [1, 1], [0, 0]])
        b = tf.nn.relu6(tf.nn.conv2d(b, self.k, 1, "VALID") * 0.5 + 0.25)
        y = tf.concat([a, a + b], -1)
        y = tf.nn.max_pool2d(y, 2, 2, "VALID")
        return {"scores": tf.nn.softmax(tf.matmul(tf.reduce_mean(y, [1, 2]), self.w))}


def tf1(folder):
    with tf.Graph().as_default(), tf.compat.v1.Session() as s:
        x = tf.compat.v1.placeholder(tf.float32, [None, 6, 6, 2], name="image")
        k = tf.compat.v1.get_variable("conv/kernel", [3, 3, 2, 16], initializer=tf.compat.v1.random_normal_initializer(seed=5))
        w = tf.compat.v1.get_variable("dense/kernel", [144, 40], initializer=tf.compat.v1.random_normal_initializer(seed=6), use_resource=True)
        y = tf.nn.relu(tf.nn.conv2d(x, k, strides=2, padding="SAME"))
        y = tf.nn.softmax(tf.matmul(tf.reshape(y, [-1, 144]), w), name="scores")
        s.run(tf.compat.v1.global_variables_initializer())
        tf.compat.v1.saved_model.simple_save(s, os.path.join(folder, "saved"), {"image": x}, {"scores": y})
        data = np.random.default_rng(1).uniform(-1, 1, (4, 6, 6, 2)).astype("float32")
        np.savez(os.path.join(folder, "io.npz"), x=data, y=s.run(y, {x: data}))


def main(out):
    for name, build in SEQUENTIAL.items():
        for flavour, K in (("keras2", tf_keras), ("keras3", keras)):
            folder = os.path.join(out, f"{name}-{flavour}")
            os.makedirs(folder)
            shape, layers = build(K.layers)
            model = K.Sequential([K.layers.InputLayer(shape), *layers])
            randomise(model, name)
            record(folder, lambda x, model=model: model(x, training=False), shape, name)
            if K is keras:
                model.export(os.path.join(folder, "saved"), verbose=False)
                model.save(os.path.join(folder, "model.keras"))
            else:
                tf.saved_model.save(model, os.path.join(folder, "saved"))
            model.save(os.path.join(folder, "model.h5"))
    folder = os.path.join(out, "branches-module")
    os.makedirs(folder)
    module = Branches()
    tf.saved_model.save(module, os.path.join(folder, "saved"))
    record(folder, lambda x: module(x)["scores"], (9, 9, 3), "branches")
    folder = os.path.join(out, "small-tf1")
    os.makedirs(folder)
    tf1(folder)


if __name__ == "__main__":
    main(sys.argv[1])
