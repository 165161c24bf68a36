"""`python matrix.py DIR`: runs the models that matrix.ts wrote to DIR in LiteRT's interpreter, with its delegate and without, float beside quantized.

Results may differ by the tolerance of the cell times the largest result, in one of both. The last line counts.
"""
import json
import os
import sys

import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

# The runtime has no kernel, or a wrong one; a cell that runs after all fails the run.
EXPECTED = {
    **{f"CONV_2D: dynamic 2 bits, by recipe{how}": "the kernel reads weights of 2 bits wrongly" for how in ("", ", per tensor")},
    **{f"FULLY_CONNECTED: blocks 2 bits, of {n}": "no kernel, nor the delegate, takes blocks of 2 bits" for n in (32, 64, 128, 256)},
}


def run(path, inputs, resolver):
    it = Interpreter(model_path=path, num_threads=1, experimental_op_resolver_type=resolver)
    it.allocate_tensors()
    by_name = {d["name"]: d for d in it.get_input_details()}
    for i in inputs:
        it.set_tensor(by_name[i["name"]]["index"], np.array(i["values"], np.int32 if i["isInt"] else np.float32).reshape(i["shape"]))
    it.invoke()
    return [it.get_tensor(d["index"]) for d in it.get_output_details()]


def problem(folder, cell, resolver):
    try:
        want = run(os.path.join(folder, cell["file"] + ".float.tflite"), cell["inputs"], resolver)
        got = run(os.path.join(folder, cell["file"] + ".tflite"), cell["inputs"], resolver)
    except (RuntimeError, ValueError) as e:
        return str(e).strip().splitlines()[-1]
    for w, g in zip(want, got):
        worst = np.max(np.abs(w.astype(np.float64) - g))
        limit = cell["tolerance"] * np.max(np.abs(w))
        if not worst <= limit:
            return f"off by {worst:.3g}, allowed are {limit:.3g}"
    return None


def main(folder):
    good = bad = 0
    with open(os.path.join(folder, "cells.json")) as f:
        cells = json.load(f)
    for cell in cells:
        found = [problem(folder, cell, r) for r in (OpResolverType.AUTO, OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)]
        fails = None not in found
        if cell["name"] in EXPECTED:
            bad += not fails
            print(f"{'known' if fails else 'BAD  '} {cell['name']}: {EXPECTED[cell['name']]}")
        elif fails:
            bad += 1
            print(f"BAD   {cell['name']}: {found[0]}; without delegate: {found[1]}")
        else:
            good += 1
            if any(found):
                print(f"half  {cell['name']}: {'with' if found[0] else 'without'} delegate: {found[0] or found[1]}")
    print(f"{good} passed, {bad} failed")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
