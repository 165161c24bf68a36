"""`python applications.py CLI [NAME...]`: the families of keras.applications with random weights, against TensorFlow's outputs.

Each model is made by Keras 2 and Keras 3 at a small input size, saved as SavedModel, .h5 and .keras, converted with `node CLI` and run with
LiteRT. The largest error must be within 1e-4 of the range of the outputs. NAME: classes of keras.applications; default: one of each
family, `all` for every class. Nothing is kept. The last line counts.
"""
import gc
import os
import shutil
import subprocess
import sys
import tempfile
import time
import zlib

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
import keras
import numpy as np
import tensorflow as tf
import tf_keras
from ai_edge_litert.interpreter import Interpreter

FAMILIES = (
    "MobileNet", "MobileNetV2", "MobileNetV3Small", "MobileNetV3Large", "ResNet50", "ResNet50V2", "DenseNet121", "InceptionV3", "InceptionResNetV2",
    "Xception", "NASNetMobile", "EfficientNetB0", "EfficientNetV2B0", "ConvNeXtTiny", "VGG16",
)
TOLERANCE = 1e-4
# NASNet and InceptionV3 refuse smaller pictures.
SIZES = {"InceptionV3": 96, "InceptionResNetV2": 96, "Xception": 96, "NASNetMobile": 64, "NASNetLarge": 96}


def build(K, name):
    size = SIZES.get(name, 64)
    options = dict(weights=None, input_shape=(size, size, 3), classes=10)
    make = getattr(K.applications, name)
    try:
        return make(classifier_activation=None, **options)
    except TypeError:
        return make(**options)


def randomise(K, model, name):
    """Statistics of batch normalization that do something: fresh ones are all zeros and ones. Normalization layers keep a copy of theirs."""
    rng = np.random.default_rng(zlib.crc32(name.encode()))
    for w in (w for layer in model.layers if not isinstance(layer, K.layers.Normalization) for w in layer.weights):
        path = getattr(w, "path", w.name)
        if "gamma" in path or "variance" in path:
            w.assign(rng.uniform(0.5, 1.5, w.shape).astype("float32"))
        elif "beta" in path or "mean" in path or "bias" in path:
            w.assign((rng.standard_normal(w.shape) * 0.1).astype("float32"))


def save(K, model, folder):
    if K is keras:
        model.export(os.path.join(folder, "saved"), verbose=False)
    else:
        tf.saved_model.save(model, os.path.join(folder, "saved"))
    model.save(os.path.join(folder, "model.h5"))
    model.save(os.path.join(folder, "model.keras"))


def run(path, x):
    interpreter = Interpreter(model_path=path, num_threads=2)
    runner = interpreter.get_signature_runner("serving_default" if "serving_default" in interpreter.get_signature_list() else None)
    (name,) = runner.get_input_details()
    (y,) = runner(**{name: x}).values()
    return y


def judge(K, flavour, name, cli):
    """Yields (what, problem or None) for each format."""
    folder = tempfile.mkdtemp(prefix="downcast-applications-")
    try:
        K.utils.set_random_seed(7)
        model = build(K, name)
        randomise(K, model, name)
        x = np.random.default_rng(1).uniform(0, 255, (1,) + tuple(model.input_shape[1:])).astype("float32")
        want = np.asarray(model(tf.constant(x), training=False))
        save(K, model, folder)
        del model
        K.backend.clear_session()
        gc.collect()
        span = float(np.max(want) - np.min(want))
        for source in ("saved", "model.h5", "model.keras"):
            what = f"{name} {flavour} {source}"
            out = os.path.join(folder, "ours.tflite")
            start = time.monotonic()
            p = subprocess.run(["node", cli, "convert", os.path.join(folder, source), "-o", out, "--no-check", "--quiet"], capture_output=True, text=True)
            seconds = time.monotonic() - start
            if p.returncode:
                yield what, p.stderr.strip().replace("\n", " | ")[:600]
                continue
            error = float(np.max(np.abs(run(out, x) - want))) / span
            print(f"      {what}: {error:.2e} of the range, {os.path.getsize(out):,} bytes, {seconds:.2f} s", flush=True)
            yield what, None if error <= TOLERANCE else f"max error {error:.3g} of the range {span:.3g}"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def main(cli, names):
    if names == ["all"]:
        names = sorted(n for n in dir(keras.applications) if n[0].isupper())
    passed = failed = 0
    for name in names or FAMILIES:
        for flavour, K in (("keras2", tf_keras), ("keras3", keras)):
            if not hasattr(K.applications, name):
                continue
            for what, problem in judge(K, flavour, name, cli):
                passed, failed = passed + (problem is None), failed + (problem is not None)
                print(f"pass  {what}" if problem is None else f"FAIL  {what}  {problem}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
