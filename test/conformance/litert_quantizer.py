"""`python litert_quantizer.py CLI`: models of one op, quantized by litert-quantizer 0.11 and by `node CLI`, with every named recipe for weights.

Types, shapes, scales, zero points and bytes of each operand must be equal; LiteRT must load and run our file, and where it runs
litert-quantizer's, give the same result. The last line counts.
"""
import contextlib
import io
import json
import os
import subprocess
import sys
import tempfile

sys.path.pop(0)  # This file has the name of the package.
import numpy as np
from ai_edge_litert import schema_py_generated as fb
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from litert_quantizer import quantizer, recipe

RECIPES = [
    "dynamic_wi8_afp32", "dynamic_wi4_afp32", "dynamic_wi2c_afp32", "dynamic_legacy_wi8_afp32", "weight_only_wi8_afp32", "weight_only_wi4_afp32",
    "dynamic_wi4b32_afp32", "dynamic_wi4b64_afp32", "dynamic_wi2b32_afp32", "dynamic_wi8b32_afp32",
]
ALGORITHMS = {"MSE": (8, 4), "OCTAV": (8, 4, 2)}
rng = np.random.default_rng(5)


def model(op, x, weight, y, options=None, first=(), flip=False):
    """One op with `first` constant operands, then weight and x (or x and weight), and a bias where there is one."""
    m = fb.ModelT()
    m.version, m.description, m.buffers = 3, "made by hand", [fb.BufferT()]
    graph = fb.SubGraphT()
    graph.name, graph.tensors, graph.operators = "main", [], []

    def tensor(name, kind, shape, data=None):
        t = fb.TensorT()
        t.name, t.type, t.shape, t.hasRank = name, kind, list(shape), True
        t.buffer = 0
        if data is not None:
            b = fb.BufferT()
            b.data = np.frombuffer(data.tobytes(), np.uint8)
            m.buffers.append(b)
            t.buffer = len(m.buffers) - 1
        graph.tensors.append(t)
        return len(graph.tensors) - 1

    i32, f32 = fb.TensorType.INT32, fb.TensorType.FLOAT32
    is_lookup = op == fb.BuiltinOperator.EMBEDDING_LOOKUP
    at_x = tensor("x", i32 if is_lookup else f32, x)
    heads = [tensor(f"c{i}", i32, c.shape, c) for i, c in enumerate(first)]
    at_w = tensor("weight", f32, weight.shape, weight)
    at_y = tensor("y", f32, y)
    o = fb.OperatorT()
    o.opcodeIndex, o.outputs = 0, [at_y]
    # The kernels of convolutions want a bias.
    bias = [tensor("bias", f32, y[-1:], np.ones(y[-1], np.float32))] if op in BIASED else []
    o.inputs = heads + ([at_w, at_x] if flip else [at_x, at_w]) + bias
    if options:
        o.builtinOptionsType, o.builtinOptions = options
    graph.inputs, graph.outputs, graph.operators = [at_x], [at_y], [o]
    code = fb.OperatorCodeT()
    code.builtinCode, code.deprecatedBuiltinCode, code.version = op, min(op, 127), 4 if is_lookup else 1
    m.operatorCodes, m.subgraphs = [code], [graph]
    return m


B, O = fb.BuiltinOperator, fb.BuiltinOptions
BIASED = (B.CONV_2D, B.DEPTHWISE_CONV_2D, B.FULLY_CONNECTED)


def options(kind, table, **fields):
    t = table()
    for k, v in fields.items():
        setattr(t, k, v)
    return kind, t


def weights(*shape):
    return (rng.standard_t(3, size=shape) * rng.uniform(0.01, 2, size=shape[-1:])).astype(np.float32)


conv = dict(padding=0, strideW=1, strideH=1, dilationWFactor=1, dilationHFactor=1)
MODELS = {
    "conv": lambda: model(B.CONV_2D, (1, 8, 8, 5), weights(7, 3, 3, 5), (1, 8, 8, 7), options(O.Conv2DOptions, fb.Conv2DOptionsT, **conv)),
    "dw": lambda: model(B.DEPTHWISE_CONV_2D, (1, 8, 8, 9), weights(1, 3, 3, 9), (1, 8, 8, 9),
                        options(O.DepthwiseConv2DOptions, fb.DepthwiseConv2DOptionsT, depthMultiplier=1, **conv)),
    "tconv": lambda: model(B.TRANSPOSE_CONV, (1, 4, 4, 6), weights(5, 3, 3, 6), (1, 8, 8, 5),
                           options(O.TransposeConvOptions, fb.TransposeConvOptionsT, padding=0, strideW=2, strideH=2),
                           [np.array([1, 8, 8, 5], np.int32)], flip=True),
    "fc": lambda: model(B.FULLY_CONNECTED, (3, 128), weights(24, 128), (3, 24), options(O.FullyConnectedOptions, fb.FullyConnectedOptionsT)),
    "fc small": lambda: model(B.FULLY_CONNECTED, (3, 64), weights(15, 64), (3, 15), options(O.FullyConnectedOptions, fb.FullyConnectedOptionsT)),
    "embedding": lambda: model(B.EMBEDDING_LOOKUP, (4,), weights(20, 64), (4, 64)),
    "bmm": lambda: model(B.BATCH_MATMUL, (2, 3, 32), weights(2, 32, 9), (2, 3, 9), options(O.BatchMatMulOptions, fb.BatchMatMulOptionsT)),
    "bmm adj": lambda: model(B.BATCH_MATMUL, (2, 3, 32), weights(2, 9, 32), (2, 3, 9),
                             options(O.BatchMatMulOptions, fb.BatchMatMulOptionsT, adjY=True)),
}


def operands(path):
    """What each op reads that is constant."""
    m = flatbuffer_utils.read_model(path)
    found = []
    for g in m.subgraphs:
        for o in g.operators:
            code = m.operatorCodes[o.opcodeIndex]
            for i in o.inputs:
                t = g.tensors[i] if i >= 0 else None
                data = None if t is None else m.buffers[t.buffer].data
                if data is None:
                    continue
                q, blocks = t.quantization, None
                scale = () if q is None or q.scale is None else tuple(np.asarray(q.scale, np.float32).tolist())
                zero = () if q is None or q.zeroPoint is None else tuple(np.asarray(q.zeroPoint).tolist())
                if q is not None and q.detailsType:
                    s = g.tensors[q.details.scales]
                    blocks = (q.details.blockSize, s.type, tuple(s.shape), bytes(m.buffers[s.buffer].data), q.details.zeroPoints)
                axis = q.quantizedDimension if len(scale) > 1 else None
                op = max(code.builtinCode, code.deprecatedBuiltinCode)
                found.append((op, t.type, tuple(t.shape), axis, scale, zero, blocks, bytes(data)))
    return found


def result(path):
    it = Interpreter(model_path=path, num_threads=1)
    it.allocate_tensors()
    own = np.random.default_rng(1)
    for d in it.get_input_details():
        it.set_tensor(d["index"], (own.integers(0, 9, d["shape"]) if d["dtype"] == np.int32 else own.standard_normal(d["shape"])).astype(d["dtype"]))
    it.invoke()
    return it.get_tensor(it.get_output_details()[0]["index"])


def attempt(work):
    try:
        return work(), None
    except Exception as e:  # The judge's and the runtime's errors have no common class.
        return None, str(e).strip().splitlines()[-1]


def recipes():
    for name in RECIPES:
        yield name, getattr(recipe, name)()
    for key, widths in ALGORITHMS.items():
        for bits in widths:
            rules = recipe._dynamic_wix_afp32(bits)
            for rule in rules:
                rule["algorithm_key"] = key
            yield f"{key} {bits}", rules


def main(cli):
    good = bad = unrun = 0
    with tempfile.TemporaryDirectory() as folder:
        source, ours, theirs, rules = (os.path.join(folder, f) for f in ("m.tflite", "ours.tflite", "theirs.tflite", "rules.json"))
        for name, make in MODELS.items():
            flatbuffer_utils.write_model(make(), source)
            for title, given in recipes():
                q = quantizer.Quantizer(source)
                q.load_quantization_recipe(given)
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    made, refusal = attempt(lambda: q.quantize().quantized_model)
                if made is None:
                    print(f"skip  {name} {title}: litert-quantizer: {refusal}")
                    continue
                with open(theirs, "wb") as f:
                    f.write(made)
                with open(rules, "w") as f:
                    json.dump(given, f)
                chosen = title if title in RECIPES else rules
                ran = subprocess.run(["node", cli, "convert", source, "--recipe", chosen, "-o", ours, "--quiet"], capture_output=True, text=True)
                if ran.returncode != 0:
                    bad += 1
                    print(f"BAD   {name} {title}: {ran.stderr.strip()}")
                    continue
                a, b = operands(ours), operands(theirs)
                if a != b:
                    bad += 1
                    print(f"BAD   {name} {title}: operands differ: {[(x[:4], y[:4]) for x, y in zip(a, b) if x != y]}")
                    continue
                good += 1
                want, theirs_fail = attempt(lambda: result(theirs))
                got, ours_fail = attempt(lambda: result(ours))
                if got is None:
                    unrun += 1
                    print(f"norun {name} {title}: {ours_fail}{' (as theirs)' if want is None else ''}")
                    if want is not None:
                        bad += 1
                elif want is not None and not np.isfinite(want).all():
                    unrun += 1
                    print(f"norun {name} {title}: LiteRT gives NaN for litert-quantizer's own file")
                elif want is not None and not np.allclose(got, want, rtol=0.02, atol=0.02 * np.abs(want).max()):
                    bad += 1
                    print(f"BAD   {name} {title}: results differ by {np.abs(got - want).max()}")
    print(f"litert-quantizer: {good} of {good + bad} equal, {unrun} have no kernel in LiteRT")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
