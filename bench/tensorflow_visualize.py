"""tensorflow_visualize.py MODEL.tflite OUT.html: visualize.py as TensorFlow ships it."""
import os
import resource
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
from tensorflow.lite.tools import visualize

with open(sys.argv[2], "w") as fp:
    fp.write(visualize.create_html(sys.argv[1]))
if "BENCH_PEAK_FILE" in os.environ:
    with open(os.environ["BENCH_PEAK_FILE"], "w") as fp:
        fp.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
