"""`python litert_quantizer_rotated.py CLI`: fully connected and embedding models, with Hadamard rotations by litert-quantizer 0.11 and by `node CLI`;
and fully connected layers by GPTQ and OSCAR of both, on the same samples.

Rotations: operators, options of the custom op, types, shapes and zero points must be equal. NumPy multiplies by the matrix in float32, in an order
that depends on the processor, and we round once: scales agree to float32 rounding and no more than 1 of 200 integers is off by one. LiteRT must
run our file, and give the result of litert-quantizer's to the same precision.
GPTQ: scales must be equal, and our squared error of the layer's results on the samples no larger than theirs, which takes errors by rows of the
inverse of the Hessian where the paper takes them by those of its Cholesky factor.
OSCAR: litert-quantizer's own calibration leaves out what its rule asks for (need_calibration in recipe_manager.py knows GPTQ alone), and then stores clipped
weights without factors. Given the mean squares of the samples, its operators, multipliers, scales and integers must be ours, as with rotations, for
we round products to float32; and our squared error must be no larger than what it makes by itself. The last line counts.
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
from ai_edge_litert import schema_py_generated as fb
from ai_edge_litert.interpreter import Interpreter
from ai_edge_litert.tools import flatbuffer_utils
from litert_quantizer import quantizer, recipe

rng = np.random.default_rng(7)
B, O, F32, I32 = fb.BuiltinOperator, fb.BuiltinOptions, fb.TensorType.FLOAT32, fb.TensorType.INT32


def weights(*shape):
    return (rng.standard_t(3, size=shape) * rng.uniform(0.01, 2, size=shape[-1:])).astype(np.float32)


class Graph:
    def __init__(self):
        self.m, self.g = fb.ModelT(), fb.SubGraphT()
        self.m.version, self.m.description, self.m.buffers = 3, "made by hand", [fb.BufferT()]
        self.m.operatorCodes, self.m.subgraphs = [], [self.g]
        self.g.name, self.g.tensors, self.g.operators, self.g.inputs, self.g.outputs = "main", [], [], [], []

    def tensor(self, name, shape, data=None, kind=F32, open_batch=False):
        t = fb.TensorT()
        t.name, t.type, t.shape, t.hasRank, t.buffer = name, kind, list(shape), True, 0
        if open_batch:
            t.shapeSignature = [-1, *shape[1:]]
        if data is not None:
            b = fb.BufferT()
            b.data = np.frombuffer(data.tobytes(), np.uint8)
            self.m.buffers.append(b)
            t.buffer = len(self.m.buffers) - 1
        self.g.tensors.append(t)
        return len(self.g.tensors) - 1

    def op(self, code, inputs, output, options=None, version=1):
        for index, c in enumerate(self.m.operatorCodes):
            if c.builtinCode == code:
                break
        else:
            c, index = fb.OperatorCodeT(), len(self.m.operatorCodes)
            c.builtinCode, c.deprecatedBuiltinCode, c.version = code, min(code, 127), version
            self.m.operatorCodes.append(c)
        o = fb.OperatorT()
        o.opcodeIndex, o.inputs, o.outputs = index, inputs, [output]
        if options:
            o.builtinOptionsType, o.builtinOptions = options
        self.g.operators.append(o)

    def fc(self, name, x, y, w):
        at_w, at_b = self.tensor(f"{name}/w", w.shape, w), self.tensor(f"{name}/b", w.shape[:1], np.ones(len(w), np.float32))
        self.op(B.FULLY_CONNECTED, [x, at_w, at_b], y, (O.FullyConnectedOptions, fb.FullyConnectedOptionsT()))


def dense(rows, columns, out):
    s = Graph()
    x, y = s.tensor("x", (rows, columns)), s.tensor("y", (rows, out))
    s.fc("fc", x, y, weights(out, columns))
    s.g.inputs, s.g.outputs = [x], [y]
    return s.m


def shared():
    """Two layers read one input, and one reads the result of another."""
    s = Graph()
    x, a, b, y = s.tensor("x", (3, 64)), s.tensor("a", (3, 32)), s.tensor("b", (3, 32)), s.tensor("y", (3, 8))
    s.fc("one", x, a, weights(32, 64))
    s.fc("two", x, b, weights(32, 64))
    s.fc("three", a, y, weights(8, 32))
    s.g.inputs, s.g.outputs = [x], [b, y]
    return s.m


def embedding():
    s = Graph()
    x, w, y = s.tensor("x", (4,), kind=I32), None, s.tensor("y", (4, 64))
    table = weights(20, 64)
    w = s.tensor("table", table.shape, table)
    s.op(B.EMBEDDING_LOOKUP, [x, w], y, version=1)
    s.g.inputs, s.g.outputs = [x], [y]
    return s.m


def embedding_dense():
    s = Graph()
    x, h, y = s.tensor("x", (4,), kind=I32), s.tensor("h", (4, 64)), s.tensor("y", (4, 16))
    table = weights(20, 64)
    s.op(B.EMBEDDING_LOOKUP, [x, s.tensor("table", table.shape, table)], h, version=1)
    s.fc("fc", h, y, weights(16, 64))
    s.g.inputs, s.g.outputs = [x], [y]
    return s.m


MODELS = {
    "128": lambda: dense(3, 128, 24), "48": lambda: dense(2, 48, 9), "256": lambda: dense(1, 256, 10), "512": lambda: dense(4, 512, 7), "6": lambda: dense(5, 6, 4),
    "shared": shared, "embedding": embedding, "embedding and 64": embedding_dense,
}
PUBLISHED = ["dynamic_wi8c_hr_afp32", "dynamic_wi4c_hr_afp32", "dynamic_wi2c_hr_afp32"]


def recipes():
    for name in PUBLISHED:
        yield name, getattr(recipe, name)()
    for bits in (8, 4):
        rules = recipe._dynamic_wix_afp32(bits)
        for rule in rules:
            rule["algorithm_key"] = "HADAMARD_ROTATION"
        yield f"HADAMARD_ROTATION {bits}", rules
    rules = recipe._dynamic_wix_afp32(4)
    for rule in rules:
        rule["algorithm_key"] = "HADAMARD_ROTATION"
        rule["op_config"]["weight_tensor_config"]["algorithm_params"] = {"max_hadamard_size": 20}
    yield "HADAMARD_ROTATION 4, 20 at most", rules
    for file in ("dynamic_wi4_afp32_hadamard", "dynamic_wi8_afp32_hadamard"):
        with open(os.path.join(os.path.dirname(quantizer.__file__), "recipes", f"{file}_recipe.json")) as f:
            yield file, json.load(f)


def elements(data, kind):
    raw = np.frombuffer(bytes(data), np.uint8)
    if kind == fb.TensorType.INT4:
        return np.stack([(raw << 4).view(np.int8) >> 4, raw.view(np.int8) >> 4], 1).ravel()
    if kind == fb.TensorType.INT2:
        return np.stack([(raw << s).view(np.int8) >> 6 for s in (6, 4, 2, 0)], 1).ravel()
    return raw.view({fb.TensorType.INT8: np.int8, F32: np.float32, I32: np.int32}[kind])


def structure(path):
    """Operators with the names of what they compute, and constants with their scales."""
    m = flatbuffer_utils.read_model(path)
    g = m.subgraphs[0]
    ops, constants = [], []
    for o in g.operators:
        code = m.operatorCodes[o.opcodeIndex]
        shapes = [(bytes(g.tensors[i].name).decode(), tuple(g.tensors[i].shape)) for i in o.outputs]
        custom = code.builtinCode == B.CUSTOM
        ops.append((max(code.builtinCode, code.deprecatedBuiltinCode), bytes(code.customCode) if custom else b"", shapes, bytes(o.customOptions) if custom else b""))
        for i in o.inputs:
            t = g.tensors[i] if i >= 0 else None
            if t is None or m.buffers[t.buffer].data is None:
                continue
            scale = None if t.quantization is None or t.quantization.scale is None else np.asarray(t.quantization.scale, np.float32)
            if t.quantization is not None and t.quantization.detailsType == fb.QuantizationDetails.BlockwiseQuantization:
                scale = np.frombuffer(bytes(m.buffers[g.tensors[t.quantization.details.scales].buffer].data), np.float16).astype(np.float32)
            constants.append((t.type, tuple(t.shape), scale, elements(m.buffers[t.buffer].data, t.type)))
    return ops, constants


def difference(ours, theirs):
    (a, c), (b, d) = structure(ours), structure(theirs)
    if a != b:
        return f"operators {a} against {b}"
    if [x[:2] for x in c] != [x[:2] for x in d]:
        return "constants of other types"
    for (kind, shape, s, q), (_, _, t, p) in zip(c, d):
        if (s is None) != (t is None) or (s is not None and not np.allclose(s, t, rtol=1e-5)):
            return f"scales of {shape}"
        if s is None and not np.allclose(q, p, rtol=1e-6):
            return f"elements of {shape}"
        if s is not None and (np.abs(q.astype(int) - p).max() > 1 or (q != p).mean() > 1 / 200):
            return f"integers of {shape}: {(q != p).mean():.4f} differ"
    return None


def results(path, feeds):
    it = Interpreter(model_path=path, num_threads=1)
    it.allocate_tensors()
    for d in it.get_input_details():
        it.set_tensor(d["index"], feeds(d))
    it.invoke()
    return [it.get_tensor(d["index"]) for d in it.get_output_details()]


def feed(d):
    own = np.random.default_rng(1)
    return own.integers(0, 9, d["shape"]).astype(np.int32) if d["dtype"] == np.int32 else own.standard_normal(d["shape"]).astype(np.float32)


def quantize(source, rules, statistics=None):
    q = quantizer.Quantizer(source)
    q.load_quantization_recipe(rules)
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        found = None if statistics is None else q.calibrate({"serving_default": statistics})
        return q.quantize(found).quantized_model


def convert(cli, source, ours, *more):
    ran = subprocess.run(["node", cli, "convert", source, "-o", ours, "--quiet", *more], capture_output=True, text=True)
    return None if ran.returncode == 0 else ran.stderr.strip()


def rotations(cli, at):
    good = bad = 0
    for name, make in MODELS.items():
        flatbuffer_utils.write_model(make(), at("m.tflite"))
        for title, rules in recipes():
            with open(at("theirs.tflite"), "wb") as f:
                f.write(quantize(at("m.tflite"), rules))
            with open(at("rules.json"), "w") as f:
                json.dump(rules, f)
            published = title.startswith("dynamic")
            problem = convert(cli, at("m.tflite"), at("ours.tflite"), "--recipe", title if published else at("rules.json"))
            problem = problem or difference(at("ours.tflite"), at("theirs.tflite"))
            if problem is None:
                for a, b in zip(results(at("ours.tflite"), feed), results(at("theirs.tflite"), feed)):
                    if not np.allclose(a, b, rtol=0.02, atol=0.02 * np.abs(b).max()):
                        problem = f"results differ by {np.abs(a - b).max()}"
            good += problem is None
            bad += problem is not None
            if problem:
                print(f"BAD   {name} {title}: {problem}")
    return good, bad


def signed(model):
    """The model with a signature, by which calibration goes."""
    s, x, y = fb.SignatureDefT(), fb.TensorMapT(), fb.TensorMapT()
    x.name, x.tensorIndex, y.name, y.tensorIndex = "x", 0, "y", 1
    s.signatureKey, s.subgraphIndex, s.inputs, s.outputs = "serving_default", 0, [x], [y]
    model.signatureDefs = [s]
    return model


def gptq(cli, at):
    good = bad = 0
    for columns, out, bits in ((64, 16, 4), (96, 24, 4), (64, 16, 8)):
        flatbuffer_utils.write_model(signed(dense(1, columns, out)), at("m.tflite"))
        mix = rng.standard_normal((columns // 6, columns))
        samples = np.maximum(rng.standard_normal((160, len(mix))) @ mix + 0.3 * rng.standard_normal((160, columns)), 0).astype(np.float32)
        np.savez(at("samples.npz"), x=samples[:, None, :])
        rules = recipe._dynamic_wix_afp32(bits)
        for rule in rules:
            rule["algorithm_key"] = "GPTQ"
            rule["operation"] = "FULLY_CONNECTED"
        with open(at("rules.json"), "w") as f:
            json.dump(rules, f)
        with open(at("theirs.tflite"), "wb") as f:
            f.write(quantize(at("m.tflite"), rules, [{"x": x[None]} for x in samples]))
        problem = convert(cli, at("m.tflite"), at("ours.tflite"), "--recipe", at("rules.json"), "--calibration", at("samples.npz"))
        if problem is None:
            (_, shape, s, q), (_, _, t, p) = (structure(at(f))[1][0] for f in ("ours.tflite", "theirs.tflite"))
            (_, _, _, w) = structure(at("m.tflite"))[1][0]
            lost = lambda codes, scale: ((samples @ (w.reshape(shape) - codes.reshape(shape) * scale[:, None]).T) ** 2).sum()
            nearest, ours, theirs = lost(np.round(w.reshape(shape) / s[:, None]).clip(-8 if bits == 4 else -127, 7 if bits == 4 else 127), s), lost(q, s), lost(p, t)
            print(f"      {out}x{columns} of {bits} bits: squared error, in parts of the nearest integers': ours {ours / nearest:.4f}, litert-quantizer {theirs / nearest:.4f}")
            problem = None if np.array_equal(s, t) else "scales differ"
            problem = problem or (None if ours <= theirs else "our error is larger")
        good += problem is None
        bad += problem is not None
        if problem:
            print(f"BAD   GPTQ {columns}: {problem}")
    return good, bad


def oscar_rules(bits, granularity):
    rules = recipe._dynamic_wix_afp32(bits)
    for rule in rules:
        rule["algorithm_key"], rule["operation"] = "OSCAR", "FULLY_CONNECTED"
        rule["op_config"]["weight_tensor_config"]["granularity"] = granularity
    return rules


def oscar(cli, at):
    good = bad = 0
    for columns, out, bits, granularity in (
        (64, 16, 4, "CHANNELWISE"), (96, 24, 8, "CHANNELWISE"), (50, 9, 2, "CHANNELWISE"), (64, 16, 4, "TENSORWISE"), (128, 12, 4, "BLOCKWISE_32"), (256, 6, 4, "BLOCKWISE_64"),
    ):
        flatbuffer_utils.write_model(signed(dense(1, columns, out)), at("m.tflite"))
        samples = (rng.standard_normal((64, columns)) * np.exp(1.5 * rng.standard_normal(columns))).astype(np.float32)
        rules = oscar_rules(bits, granularity)
        with open(at("rules.json"), "w") as f:
            json.dump(rules, f)
        np.savez(at("samples.npz"), x=samples[:, None, :])
        for name, found in (("theirs.tflite", {"x": {"mu2": (samples.astype(np.float64) ** 2).mean(0)}}), ("alone.tflite", {})):
            q = quantizer.Quantizer(at("m.tflite"))
            q.load_quantization_recipe(rules)
            with open(at(name), "wb") as f, contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                f.write(q.quantize(found).quantized_model)
        problem = convert(cli, at("m.tflite"), at("ours.tflite"), "--recipe", at("rules.json"), "--calibration", at("samples.npz"))
        problem = problem or difference(at("ours.tflite"), at("theirs.tflite"))
        if problem is None:
            w = structure(at("m.tflite"))[1][0][3].reshape(out, columns)
            ours, alone = (lost(at(f), w, samples) for f in ("ours.tflite", "alone.tflite"))
            print(f"      {out}x{columns} of {bits} bits, {granularity}: squared error by OSCAR in parts of litert-quantizer's by itself {ours / alone:.4f}")
            problem = None if ours <= alone else "our error is larger"
        good += problem is None
        bad += problem is not None
        if problem:
            print(f"BAD   OSCAR {columns} {bits} {granularity}: {problem}")
    return good, bad


def lost(path, w, samples):
    """Squared error of the products of the samples with the weights of a file, which has a MUL before its layer."""
    multiplier, *_ = (q for kind, shape, s, q in structure(path)[1] if s is None and len(shape) == 1 and shape[0] == w.shape[1])
    s, q = next((s, q) for _, _, s, q in structure(path)[1] if s is not None)
    q = q[: w.size]
    stored = q.reshape(len(w), -1) * s.reshape(len(s), 1) if len(s) in (1, len(w)) else (q.reshape(len(s), -1) * s[:, None]).reshape(w.shape)
    return (((w - stored * multiplier) @ samples.T.astype(np.float64)) ** 2).sum()


def main(cli):
    with tempfile.TemporaryDirectory() as folder:
        at = lambda name: os.path.join(folder, name)
        (r, s), (t, u), (v, w) = rotations(cli, at), gptq(cli, at), oscar(cli, at)
    print(f"litert-quantizer: {r} of {r + s} with rotations, {t} of {t + u} by GPTQ and {v} of {v + w} by OSCAR as they must be")
    return 1 if s + u + w else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
