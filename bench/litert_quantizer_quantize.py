"""litert_quantizer_quantize.py IN.tflite OUT.tflite RECIPE: litert-quantizer by one of its published recipes, as its guide says."""
import os
import resource
import sys

from litert_quantizer import quantizer, recipe

source, target, name = sys.argv[1:4]
q = quantizer.Quantizer(source)
q.load_quantization_recipe(getattr(recipe, name)())
with open(target, "wb") as fp:
    fp.write(q.quantize().quantized_model)
if "BENCH_PEAK_FILE" in os.environ:
    with open(os.environ["BENCH_PEAK_FILE"], "w") as fp:
        fp.write(str(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss))
