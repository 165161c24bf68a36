"""`python litert_quantizer_static.py CLI CELLS`: the models of one op that matrix.ts wrote to CELLS, with integer activations by litert-quantizer 0.11
and by `node CLI`, from the same recipe, samples and moving averages.

Operators must be the same, types and zero points equal, scales to two units in the last place, constants byte for byte. The last line counts.
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

sys.path.pop(0)  # The other script there has the name of the package.
import numpy as np
from ai_edge_litert.tools import flatbuffer_utils
from litert_quantizer import quantizer, recipe

NO_RULE = """ABS ARG_MAX ARG_MIN BATCH_TO_SPACE_ND DEPTH_TO_SPACE EXP EXPAND_DIMS GREATER GREATER_EQUAL L2_NORMALIZATION LEAKY_RELU LESS
LESS_EQUAL LOG LOG_SOFTMAX MINIMUM PRELU REDUCE_MAX REDUCE_PROD RELU6 RELU_0_TO_1 RELU_N1_TO_1 REVERSE_V2 SCATTER_ND SPACE_TO_BATCH_ND SPLIT_V
SQUEEZE TILE TOPK_V2 UNIDIRECTIONAL_SEQUENCE_LSTM""".split()
OTHER = {
    **{op: "litert-quantizer has no rule for it" for op in NO_RULE},
    "BATCH_MATMUL": "a constant has a scale for each channel there, of which LiteRT's kernel reads one: its results are wrong",
    "PACK": "scales of tensors of other ranks never count as equal there: a QUANTIZE that does nothing goes between",
}
FOUR_BITS = ("CONV_2D", "FULLY_CONNECTED")


def recipes(op):
    yield "static_wi8_ai8", recipe.static_wi8_ai8()
    yield "static_wi8_ai16", recipe.static_wi8_ai16()
    if op in FOUR_BITS:
        for make in (recipe.static_wi8_ai8, recipe.static_wi8_ai16):
            rules = make()
            rules[0]["op_config"]["weight_tensor_config"]["num_bits"] = 4
            yield make.__name__.replace("wi8", "wi4"), rules


def contents(path):
    """Codes of the operators, and types, zero points, scales and bytes of the tensors that have a scale."""
    m = flatbuffer_utils.read_model(path)
    graph = m.subgraphs[0]
    tensors = []
    for t in graph.tensors:
        if t.quantization is None or t.quantization.scale is None:
            continue
        data = m.buffers[t.buffer].data
        zeros = tuple(np.asarray(t.quantization.zeroPoint).tolist())
        scales = tuple(np.asarray(t.quantization.scale, np.float32).tolist())
        tensors.append((t.type, len(scales), zeros, b"" if data is None else bytes(data), scales))
    codes = [m.operatorCodes[o.opcodeIndex] for o in graph.operators]
    return [max(c.builtinCode, c.deprecatedBuiltinCode) for c in codes], sorted(tensors)


def differ(ours, theirs):
    (a, s), (b, t) = contents(ours), contents(theirs)
    if a != b:
        return f"operators {a}, there {b}"
    if [x[:4] for x in s] != [y[:4] for y in t]:
        return f"tensors {[x[:3] for x in s]}, there {[y[:3] for y in t]}"
    worst = max((abs(p - q) / q for x, y in zip(s, t) for p, q in zip(x[4], y[4])), default=0)
    return f"a scale is off by {worst:.2g} of it" if worst > 2**-22 else None


def main(cli, cells):
    good = bad = 0
    unused = dict(OTHER)
    with open(os.path.join(cells, "cells.json")) as f:
        found = [c for c in json.load(f) if c["name"].endswith(": int8") and all(i["shape"] for i in c["inputs"])]
    with tempfile.TemporaryDirectory() as folder:
        ours, theirs, rules, data = (os.path.join(folder, f) for f in ("ours.tflite", "theirs.tflite", "rules.json", "data.npz"))
        for cell in found:
            op, source = cell["name"].split(":")[0], os.path.join(cells, cell["file"] + ".float.tflite")
            whole = {i["name"]: np.array(i["values"], np.int32 if i["isInt"] else np.float32).reshape(i["shape"]) for i in cell["inputs"]}
            part = {k: v if v.dtype == np.int32 else v * np.float32(0.7) for k, v in whole.items()}
            np.savez(data, **{k: np.stack([v, part[k]]) for k, v in whole.items()})
            for title, given in recipes(op):
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    q = quantizer.Quantizer(source)
                    q.load_quantization_recipe(given)
                    made = q.quantize(q.calibrate({"serving_default": [whole, part]})).quantized_model
                with open(theirs, "wb") as f:
                    f.write(made)
                with open(rules, "w") as f:
                    json.dump(given, f)
                arguments = ["--recipe", rules, "--calibration", data, "--estimator", "moving-average", "-o", ours, "--quiet"]
                ran = subprocess.run(["node", cli, "convert", source, *arguments], capture_output=True, text=True)
                problem = ran.stderr.strip() if ran.returncode != 0 else differ(ours, theirs)
                if problem is None:
                    good += 1
                elif op in OTHER:
                    unused.pop(op, None)
                    print(f"known {op} {title}: {OTHER[op]}")
                else:
                    bad += 1
                    print(f"BAD   {op} {title}: {problem}")
    for op in unused:
        bad += 1
        print(f"BAD   {op}: equal after all")
    print(f"litert-quantizer, static: {good} of {good + bad} equal")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
