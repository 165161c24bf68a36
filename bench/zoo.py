"""zoo.py OUT NAME...: the larger models of the benchmark as SavedModels in OUT/NAME, random weights from a fixed seed.

NAME: mobilenet_v2, resnet50, efficientnet_b7, bert_base. One that is there already is left alone.
"""
import os
import shutil
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
import numpy as np
import tensorflow as tf
import tf_keras

L = tf_keras.layers


def bert(blocks=12, width=768, heads=12, hidden=3072, length=128, vocabulary=30522):
    """An encoder of BERT-base's size with a mask and a head of two classes."""
    ids = L.Input((length,), dtype="int32", name="ids")
    mask = L.Input((length,), dtype="int32", name="mask")
    x = L.Embedding(vocabulary, width)(ids) + L.Embedding(length, width)(tf.range(length)[None])
    x = L.LayerNormalization(epsilon=1e-12)(x)
    allowed = tf.cast(mask[:, None, :], tf.bool)
    for _ in range(blocks):
        attended = L.MultiHeadAttention(heads, width // heads)(x, x, attention_mask=allowed)
        x = L.LayerNormalization(epsilon=1e-12)(x + attended)
        y = L.Dense(width)(L.Dense(hidden, activation="gelu")(x))
        x = L.LayerNormalization(epsilon=1e-12)(x + y)
    return tf_keras.Model([ids, mask], L.Dense(2)(x[:, 0]))


A = tf_keras.applications
ZOO = {
    "mobilenet_v2": lambda: A.MobileNetV2(weights=None),
    "resnet50": lambda: A.ResNet50(weights=None),
    "efficientnet_b7": lambda: A.EfficientNetB7(weights=None),
    "bert_base": bert,
}


def randomise(model):
    """Statistics and biases that differ, so that no two constants are equal by accident."""
    rng = np.random.default_rng(0)
    for w in model.weights:
        if "gamma" in w.name or "variance" in w.name:
            w.assign(rng.uniform(0.5, 1.5, w.shape).astype("float32"))
        elif "beta" in w.name or "mean" in w.name or "bias" in w.name:
            w.assign((rng.standard_normal(w.shape) * 0.1).astype("float32"))


def main(out, names):
    for name in names:
        target = os.path.join(out, name)
        if os.path.exists(target):
            continue
        tf_keras.utils.set_random_seed(0)
        model = ZOO[name]()
        randomise(model)
        partial = f"{target}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        tf.saved_model.save(model, partial)
        os.rename(partial, target)
        print(f"made {name}: {model.count_params():,} parameters", flush=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
