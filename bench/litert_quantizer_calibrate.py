"""litert_quantizer_calibrate.py MODEL.tflite SAMPLES.npy N: litert-quantizer's calibration of the first N samples, as its guide says."""
import os
import resource
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from litert_quantizer import quantizer, recipe

model, samples, count = sys.argv[1], np.load(sys.argv[2], mmap_mode="r"), int(sys.argv[3])
signatures = Interpreter(model).get_signature_list()
key = list(signatures)[0]
name = signatures[key]["inputs"][0]
q = quantizer.Quantizer(model)
q.load_quantization_recipe(recipe.static_wi8_ai8())
q.calibrate({key: [{name: np.array(x[None])} for x in samples[:count]]})
if "BENCH_PEAK_FILE" in os.environ:
    with open(os.environ["BENCH_PEAK_FILE"], "w") as fp:
        fp.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
