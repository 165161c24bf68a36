"""`python judge.py MODELS CLI`: converts every model with TensorFlow and with `node CLI`, and compares.

Outputs against the framework's own (float within 1e-5 of the output's range), operators and weight bytes against TensorFlow's file,
size not larger than TensorFlow's. The last line counts.
"""
import fnmatch
import hashlib
import json
import os
import subprocess
import sys
from collections import Counter

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema
from ai_edge_litert.interpreter import Interpreter, OpResolverType

MODES = ("none", "dynamic", "float16")
EXPECTED = json.load(open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "expected-failures.json")))
passed = failed = known = 0


def check(name, ok, detail=""):
    """Counts a check. One that is listed as an expected failure must fail: the list only shrinks."""
    global passed, failed, known
    listed = [e["reason"] for e in EXPECTED if fnmatch.fnmatch(name, e["check"])]
    if listed and not ok:
        known += 1
        print(f"known {name}  {listed[0]}", flush=True)
        return
    if listed:
        ok, detail = False, "passes, so it must leave expected-failures.json"
    passed, failed = passed + bool(ok), failed + (not ok)
    print(("pass  " if ok else "FAIL  ") + name + (f"  {detail}" if detail and not ok else ""), flush=True)


def tensorflow_file(saved, target, mode):
    c = tf.lite.TFLiteConverter.from_saved_model(saved)
    if mode != "none":
        c.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        c.target_spec.supported_types = [tf.float16]
    with open(target, "wb") as fp:
        fp.write(c.convert())


def run(path, x):
    it = Interpreter(model_path=path, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    runner = it.get_signature_runner(list(it.get_signature_list())[0])
    (name,) = runner.get_input_details()
    (y,) = runner(**{name: x}).values()
    return y


def structure(path):
    m = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(bytearray(open(path, "rb").read()), 0))
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if isinstance(v, int)}
    ops, weights = Counter(), Counter()
    for g in m.subgraphs:
        for op in g.operators or []:
            code = m.operatorCodes[op.opcodeIndex]
            ops[f"{names[max(code.builtinCode, code.deprecatedBuiltinCode)]}.{code.version}"] += 1
        for t in g.tensors:
            data = m.buffers[t.buffer].data
            if data is not None and len(data) and t.type in (schema.TensorType.INT8, schema.TensorType.FLOAT16):
                weights[(t.type, tuple(t.shape), hashlib.sha1(bytes(bytearray(data))).hexdigest())] += 1
    return ops, weights


def judge(folder, cli):
    name = os.path.basename(folder)
    io = np.load(os.path.join(folder, "io.npz"))
    span = float(np.max(np.abs(io["y"])))
    for mode in MODES:
        golden = os.path.join(folder, f"tf.{mode}.tflite")
        tensorflow_file(os.path.join(folder, "saved"), golden, mode)
        reference = run(golden, io["x"])
        # Against TensorFlow's own file a quantized one may differ by what rounding the activations differently makes.
        tolerance = {"none": 1e-5, "float16": 1e-5, "dynamic": 2e-3}[mode]
        want = io["y"] if mode == "none" else reference
        for source in ("saved", "model.h5", "model.keras"):
            if not os.path.exists(os.path.join(folder, source)):
                continue
            label = f"{name}/{source} {mode}"
            ours = os.path.join(folder, f"ours.{source}.{mode}.tflite")
            p = subprocess.run(["node", cli, "convert", os.path.join(folder, source), "-o", ours, "--quantize", mode, "--quiet"], capture_output=True, text=True)
            check(f"{label}: converts", p.returncode == 0, p.stderr.strip())
            if p.returncode:
                continue
            got = run(ours, io["x"])
            error = float(np.max(np.abs(got - want)))
            (ops, weights), (ops_tf, weights_tf) = structure(ours), structure(golden)
            # Weights that more was folded into are rounded to half precision elsewhere: by half a unit of 11 bits.
            allowed = 2**-11 if mode == "float16" and ops != ops_tf else tolerance
            check(f"{label}: outputs", error <= allowed * max(span, 1), f"max error {error:.3g}")
            check(f"{label}: no more operators than TensorFlow", sum(ops.values()) <= sum(ops_tf.values()), f"{dict(ops - ops_tf)} / {dict(ops_tf - ops)}")
            # Folding a batch normalization rounds by the machine's rsqrt in TensorFlow: those weights may differ in the last bit.
            exact = name.startswith(("mlp", "small"))
            if exact:
                check(f"{label}: weights byte for byte", weights == weights_tf, f"{len(weights_tf - weights)} differ")
            check(f"{label}: size", os.path.getsize(ours) <= os.path.getsize(golden), f"{os.path.getsize(ours)} > {os.path.getsize(golden)}")


def main(models, cli):
    for name in sorted(os.listdir(models)):
        judge(os.path.join(models, name), cli)
    print(f"{known} expected failures")
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
