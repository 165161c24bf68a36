"""`python litert_quantizer_published.py MODELS`: every .tflite file below that folder, quantized by litert-quantizer 0.11 and by us with every
recipe that it publishes, by name and as a file, and with the rarer forms of one; from the same statistics.

Operators must be the same, types, shapes and zero points of what they read and give equal, scales to two units in the last place, constants
byte for byte; what one refuses the other must. Differences that remain are in expected-published.json. The last line counts.
"""
import collections
import contextlib
import glob
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile

sys.path.pop(0)  # The other script there has the name of the package.
import numpy as np
from ai_edge_litert import schema_py_generated as fb
from ai_edge_litert.tools import flatbuffer_utils
from litert_quantizer import quantizer, recipe
from litert_quantizer.utils import tfl_interpreter_utils

here = os.path.dirname(os.path.abspath(__file__))

def changed(rules, algorithm=None, **fields):
    """A recipe with other fields: `weight__num_bits=4` is of its weight_tensor_config."""
    rules = json.loads(json.dumps(rules))
    for rule in rules:
        rule["algorithm_key"] = algorithm or rule["algorithm_key"]
        for key, value in fields.items():
            at, _, field = key.rpartition("__")
            place = rule["op_config"] if not at else rule["op_config"][f"{at}_tensor_config"]
            place[field] = value
    return rules


def recipes():
    """Names with what litert-quantizer loads, and what we are given: a name or the text of a file."""
    for name in sorted(vars(recipe)):
        make = getattr(recipe, name)
        if name[0] == "_" or not callable(make) or isinstance(make, type):
            continue
        made = make()
        for part, rules in made.items() if isinstance(made, dict) else [("", made)]:
            full = f"{name}/{part}" if part else name
            yield full, rules, {"name": full}
    folder = os.path.join(os.path.dirname(recipe.__file__), "recipes")
    for file in sorted(glob.glob(os.path.join(folder, "*.json"))):
        with open(file) as f:
            text = f.read()
        rules = json.loads(text)
        if isinstance(rules, list):
            yield os.path.basename(file), rules, {"text": text}
    forms = {}
    for bits in (8, 4, 2):
        for algorithm in ("MSE", "OCTAV"):
            forms[f"{algorithm} dynamic {bits}"] = changed(recipe._dynamic_wix_afp32(bits), algorithm)
        forms[f"tensorwise dynamic {bits}"] = changed(recipe._dynamic_wix_afp32(bits), weight__granularity="TENSORWISE")
        forms[f"recovery dynamic {bits}"] = changed(recipe._dynamic_wix_afp32(bits), "dequantized_weight_recovery")
        for granularity in ("TENSORWISE", "BLOCKWISE_32"):
            forms[f"recovery dynamic {bits} {granularity}"] = changed(
                recipe._dynamic_wix_afp32(bits), "dequantized_weight_recovery", weight__granularity=granularity)
    for bits, make in ((8, recipe.weight_only_wi8_afp32), (4, recipe.weight_only_wi4_afp32)):
        forms[f"recovery weight-only {bits}"] = changed(make(), "dequantized_weight_recovery")
        forms[f"tensorwise weight-only {bits}"] = changed(make(), weight__granularity="TENSORWISE")
        forms[f"asymmetric weight-only {bits}"] = changed(make(), weight__symmetric=False)
    for make in (recipe.static_wi8_ai8, recipe.static_wi8_ai16):
        forms[f"{make.__name__} w4"] = changed(make(), weight__num_bits=4)
        forms[f"{make.__name__} tensorwise"] = changed(make(), weight__granularity="TENSORWISE")
        forms[f"{make.__name__} MSE"] = changed(make(), "MSE")
        forms[f"{make.__name__} OCTAV"] = changed(make(), "OCTAV")
        forms[f"{make.__name__} recovery"] = changed(make(), "dequantized_weight_recovery")
        forms[f"{make.__name__} recovery w4"] = changed(make(), "dequantized_weight_recovery", weight__num_bits=4)
    forms["recovery unchecked"] = [
        {**changed(recipe._dynamic_wix_afp32(4), "dequantized_weight_recovery", skip_checks=True)[0], "operation": "FULLY_CONNECTED"}]
    forms["static_wi8_ai8 symmetric"] = changed(recipe.static_wi8_ai8(), activation__symmetric=True)
    forms["static, unsigned ports"] = recipe.static_wi8_ai8() + [
        {**changed(recipe.static_wi8_ai8(), activation__dtype="UINT")[0], "operation": port} for port in ("INPUT", "OUTPUT")]
    forms["static, float ports"] = recipe.static_wi8_ai8() + [
        {"regex": ".*", "operation": port, "algorithm_key": "no_quantize"} for port in ("INPUT", "OUTPUT")]
    forms["float casting"] = changed(recipe.weight_only_wi8_afp32(), "float_casting", weight__num_bits=16, weight__dtype="FLOAT")
    for name, rules in forms.items():
        yield name, rules, {"text": json.dumps(rules)}


def data_of(detail, rng):
    shape, dtype = detail["shape"], detail["dtype"]
    if dtype == bool:
        return rng.integers(0, 2, shape).astype(bool)
    if np.issubdtype(dtype, np.integer):
        return rng.integers(0, 2, shape).astype(dtype)
    return rng.standard_normal(shape).astype(dtype)


def samples(path, count=3):
    """Inputs of every signature; ids and positions are 0 or 1, which every table has."""
    it = tfl_interpreter_utils.create_tfl_interpreter(path)
    rng = np.random.default_rng(5)
    found = {}
    for key in it.get_signature_list():
        details = it.get_signature_runner(key).get_input_details()
        found[key] = [{name: data_of(d, rng) for name, d in details.items()} for _ in range(count)]
    return found


def digest(data):
    return hashlib.sha256(bytes(data)).hexdigest()[:12]


def near(a, b):
    """Whether constants are equal but for the rounding of a rotation: 1 of 200 integers is off by one."""
    return a is not None and b is not None and len(a) == len(b) and (np.abs(a.astype(int) - b).max() <= 1 and (a != b).mean() <= 1 / 200)


def unpacked(data, kind):
    """Integers of fewer than 8 bits, from the least bits of a byte on; None for others."""
    bits = {fb.TensorType.INT4: 4, fb.TensorType.INT2: 2}.get(kind)
    if bits is None:
        return None
    parts = [(np.frombuffer(bytes(data), np.uint8) >> at) & (2**bits - 1) for at in range(0, 8, bits)]
    codes = np.stack(parts, -1).ravel().astype(np.int8)
    return np.where(codes >= 2 ** (bits - 1), codes - 2**bits, codes)


def tensor(m, graph, index):
    """What is said of a tensor but for its name: what must be equal, and its scales."""
    if index < 0:
        return ("none",), (), None
    t = graph.tensors[index]
    data = m.buffers[t.buffer].data
    q = t.quantization
    zero, axis, scales, blocks = (), None, (), None
    if q is not None and q.scale is not None and len(q.scale):
        scales = tuple(np.asarray(q.scale, np.float32).tolist())
        zero, axis = tuple(np.asarray(q.zeroPoint).tolist()), q.quantizedDimension if len(scales) > 1 else None
    if q is not None and q.detailsType:
        s = graph.tensors[q.details.scales]
        blocks = (q.details.blockSize, s.type, tuple(s.shape), digest(m.buffers[s.buffer].data), q.details.zeroPoints)
    shape = () if t.shape is None else tuple(np.asarray(t.shape).tolist())
    content = None if data is None or len(data) == 0 else digest(data)
    rotated = np.frombuffer(bytes(data), np.int8) if content and t.type == fb.TensorType.INT8 else unpacked(data, t.type) if content else None
    return (t.type, shape, axis, len(scales), zero if len(set(zero)) > 1 else zero[:1], blocks, content), scales, rotated


def idle(u, v):
    """Whether a QUANTIZE goes between grids that differ by rounding alone, as behind a moved constant, whose range there is that of its grid."""
    return u[0][:1] == v[0][:1] and u[0][4] == v[0][4] and close(u[1], v[1], False)


def contents(path):
    """For each graph its operators in order, with what they read and give, and its inputs and outputs."""
    m = flatbuffer_utils.read_model(path)
    graphs = []
    for g in m.subgraphs:
        ops = []
        for o in g.operators or []:
            code = m.operatorCodes[o.opcodeIndex]
            name = max(code.builtinCode, code.deprecatedBuiltinCode)
            name = code.customCode.decode() if code.customCode else flatbuffer_utils.opcode_to_name(m, o.opcodeIndex)
            inputs = list(o.inputs)
            while inputs and inputs[-1] < 0:  # An operand that is left out may also be no operand.
                inputs.pop()
            if name == "QUANTIZE" and idle(tensor(m, g, inputs[0]), tensor(m, g, o.outputs[0])):
                continue
            ops.append((name, [tensor(m, g, i) for i in inputs], [tensor(m, g, i) for i in o.outputs]))
        ports = [tensor(m, g, i) for i in list(g.inputs) + list(g.outputs)]
        graphs.append((ops, ports))
    return graphs


def close(a, b, isRotated):
    """Whether scales are equal, to two units in the last place."""
    limit = lambda x: 1e-5 * x if isRotated else 2 * np.spacing(np.float32(x))
    return len(a) == len(b) and all(abs(p - q) <= limit(max(abs(p), abs(q))) for p, q in zip(a, b))


def same(u, v, isRotated):
    return u[0] == v[0] or (isRotated and u[0][:-1] == v[0][:-1] and near(u[2], v[2]))


def differ(ours, theirs, isRotated):
    """The first differences, None where there is none."""
    found = []
    for g, ((a, p), (b, q)) in enumerate(zip(contents(ours), contents(theirs))):
        names = [collections.Counter(o[0] for o in ops) for ops in (a, b)]
        if names[0] != names[1]:
            more, less = names[0] - names[1], names[1] - names[0]
            found.append(f"graph {g}: operators: ours alone {dict(more)}, theirs alone {dict(less)}")
            continue
        order = lambda ops: sorted(ops, key=lambda o: repr((o[0], [t[0] for t in o[1]], [t[0] for t in o[2]], [t[1] for t in o[1] + o[2]])))
        for x, y in zip(order(a), order(b)):
            for kind, s, t in zip(("reads", "gives"), x[1:], y[1:]):
                for k, (u, v) in enumerate(zip(s, t)):
                    if not same(u, v, isRotated):
                        found.append(f"graph {g}: {x[0]} {kind} {k}: ours {u[0]}, theirs {v[0]}")
                    elif not close(u[1], v[1], isRotated):
                        found.append(f"graph {g}: {x[0]} {kind} {k}: scales {u[1][:3]}, theirs {v[1][:3]}")
            if len(x[1]) != len(y[1]):
                found.append(f"graph {g}: {x[0]} has {len(x[1])} operands, theirs {len(y[1])}")
        for k, (u, v) in enumerate(zip(p, q)):
            if u[0] != v[0] or not close(u[1], v[1], isRotated):
                found.append(f"graph {g}: port {k}: ours {u[:2]}, theirs {v[:2]}")
    return "; ".join(found[:3]) or None


def reference(path, rules, data):
    """What litert-quantizer makes of a model, and the ranges that it was given."""
    q = quantizer.Quantizer(path)
    q.load_quantization_recipe(json.loads(json.dumps(rules)))
    statistics = q.calibrate(data) if q.need_calibration else None
    made = q.quantize(statistics, enable_progress_report=False).quantized_model
    ranges = {}
    for name, s in (statistics or {}).items():
        if "min" in s and np.size(s["min"]) == 1:
            ranges[name] = [float(np.ravel(s["min"])[0]), float(np.ravel(s["max"])[0])]
    return made, ranges


def rotates(job):
    return "rotat" in json.dumps(job["recipe"]).lower() or "_hr" in job["recipe"].get("name", "")


def main(models, only="", verbose=""):
    """`only` chooses models by a part of their names; with `verbose` every case is told that is not equal, and files stay in that folder."""
    with contextlib.ExitStack() as stack:
        return compare(models, only, verbose, verbose or stack.enter_context(tempfile.TemporaryDirectory()))


def compare(models, only, verbose, folder):
    os.makedirs(folder, exist_ok=True)
    jobs, names, refused = [], [], {}
    for path in sorted(glob.glob(os.path.join(models, "**", "*.tflite"), recursive=True)):
        data = None
        title = os.path.relpath(path, models).removesuffix(".tflite")
        if only and only not in title:
            continue
        for name, rules, given in recipes():
            job = {"model": path, "recipe": given, "ranges": {}, "output": os.path.join(folder, f"{len(jobs)}.tflite")}
            try:
                with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                    data = data or samples(path)
                    made, job["ranges"] = reference(path, rules, data)
                with open(os.path.join(folder, f"{len(jobs)}.theirs"), "wb") as f:
                    f.write(made)
            except Exception as e:  # The judge's errors have no common class.
                refused[len(jobs)] = f"{type(e).__name__}: {str(e).strip()[:300]}"
            jobs.append(job)
            names.append((title, name))
    with open(os.path.join(folder, "jobs.json"), "w") as f:
        json.dump(jobs, f)
    script = os.path.join(here, "litert_quantizer_published.ts")
    ran = subprocess.run(["npx", "tsx", script, os.path.join(folder, "jobs.json")], capture_output=True, text=True, check=True)
    ours = json.loads(ran.stdout)
    with open(os.path.join(here, "expected-published.json")) as f:
        expected = json.load(f)
    unused = {e["reason"]: e["model"] for e in expected}
    counts = collections.Counter()
    for i, (title, name) in enumerate(names):
        mine, theirs = ours.get(str(i)), refused.get(i)
        if theirs:
            # What it cannot do we may; what crashes here is a defect all the same.
            kind = "BAD" if mine and mine.startswith("crash") else "both refuse" if mine else "refused there"
            problem = mine if kind == "BAD" else f"{theirs} / ours: {mine}"
        else:
            problem = f"only ours refuses: {mine}" if mine else differ(jobs[i]["output"], os.path.join(folder, f"{i}.theirs"), rotates(jobs[i]))
            kind = "BAD" if problem else "equal"
        known = next((e["reason"] for e in expected if re.fullmatch(e["model"], title) and re.search(e["recipe"], name)), None)
        if kind == "BAD" and known:
            kind = "known"
            unused.pop(known, None)
        counts[kind] += 1
        if kind == "BAD" or (verbose and kind != "equal"):
            print(f"{kind:13} {title} | {name}: {problem}")
    for reason, model in unused.items():
        if not only or only in model:
            counts["BAD"] += 1
            print(f"BAD           equal after all in {model}: {reason}")
    print(f"litert-quantizer, published: {counts['equal']} of {len(names)} equal, {counts['known']} as expected-published.json has them,"
          f" {counts['refused there']} refused there alone, {counts['both refuse']} by both, {counts['BAD']} bad")
    return 1 if counts["BAD"] else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
