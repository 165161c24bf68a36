"""tensorflow_convert.py SAVED_MODEL OUT.tflite none|dynamic|float16: TensorFlow's own converter, as its guide says."""
import os
import resource
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf

source, target, mode = sys.argv[1:4]
converter = tf.lite.TFLiteConverter.from_saved_model(source)
if mode != "none":
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
if mode == "float16":
    converter.target_spec.supported_types = [tf.float16]
with open(target, "wb") as fp:
    fp.write(converter.convert())
if "BENCH_PEAK_FILE" in os.environ:
    with open(os.environ["BENCH_PEAK_FILE"], "w") as fp:
        fp.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
