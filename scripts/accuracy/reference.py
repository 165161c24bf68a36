"""The references of docs/accuracy.md, and its judge. Each command reads DIR/jobs.json and works on DIR/<model>/.

`reference.py tensorflow DIR`: samples.npz (not those of the calibration), expected.npz (the SavedModel's outputs), <row>.tensorflow.tflite
`reference.py litert-quantizer DIR`: <row>.litert-quantizer.tflite, from TensorFlow's float file
`reference.py judge DIR`: runs every file on the samples with LiteRT as it is by default and writes DIR/judged.json
"""
import gzip
import json
import os
import sys
import traceback

import numpy as np

COUNT = 512


def in_child(work):
    """Runs `work` in a process of its own, for converters and kernels may crash; -> what it returns, or {"error": why}."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            result = work()
        except Exception as e:
            result = {"error": traceback.format_exception_only(type(e), e)[-1].strip().splitlines()[0]}
        with os.fdopen(write, "w") as fp:
            json.dump(result, fp)
        os._exit(0)
    os.close(write)
    with os.fdopen(read) as fp:
        text = fp.read()
    _, status = os.waitpid(pid, 0)
    return json.loads(text) if status == 0 and text else {"error": f"the process ended with {status}"}


def digits(folder):
    def read(name, skip):
        with gzip.open(os.path.join(folder, name)) as fp:
            return np.frombuffer(fp.read()[skip:], np.uint8)
    images = read("t10k-images-idx3-ubyte.gz", 16).reshape(-1, 28, 28, 1).astype("float32") / np.float32(255)
    return images, read("t10k-labels-idx1-ubyte.gz", 8)


def samples(representative, seed):
    """More of what the model is calibrated on, which is evenly drawn from a range, or the same in each sample."""
    rng = np.random.default_rng(seed)
    out = {}
    for name, a in representative.items():
        shape = (COUNT,) + a.shape[1:]
        if (a == a[:1]).all():
            out[name] = np.broadcast_to(a[:1], shape).copy()
        elif a.dtype.kind == "i" or (a == np.round(a)).all():
            out[name] = rng.integers(a.min(), a.max() + 1, shape).astype(a.dtype)
        else:
            out[name] = rng.uniform(0, 1, shape).astype(a.dtype)
    return out


def tensorflow_file(folder, mode, target):
    import tensorflow as tf
    rep = dict(np.load(os.path.join(folder, "representative.npz")))
    count = len(next(iter(rep.values())))
    conv = tf.lite.TFLiteConverter.from_saved_model(folder)
    ops = tf.lite.OpsSet
    if mode != "float":
        conv.optimizations = [tf.lite.Optimize.DEFAULT]
    if mode == "float16":
        conv.target_spec.supported_types = [tf.float16]
    if mode.startswith("int"):
        conv.representative_dataset = lambda: ({k: a[i:i + 1] for k, a in rep.items()} for i in range(count))
    if mode == "int8_uint8io":
        conv.target_spec.supported_ops = [ops.TFLITE_BUILTINS_INT8]
        conv.inference_input_type = conv.inference_output_type = tf.uint8
    if mode == "int16x8":
        conv.target_spec.supported_ops = [ops.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8, ops.TFLITE_BUILTINS]
    with open(target, "wb") as fp:
        fp.write(conv.convert())
    return {}


def tensorflow(root, jobs):
    errors = {}
    for model, rows in jobs["models"].items():
        folder = os.path.join(root, model)

        def expect():
            import tensorflow as tf
            if model.startswith("mnist"):
                x, labels = digits(jobs["digits"])
                [name] = np.load(os.path.join(folder, "representative.npz")).files
                feeds, more = {name: x}, {"labels": labels}
            else:
                feeds, more = samples(dict(np.load(os.path.join(folder, "representative.npz"))), 2000), {}
            fn = tf.saved_model.load(folder).signatures["serving_default"]
            out = {n: a.numpy() for n, a in fn(**{n: tf.constant(a) for n, a in feeds.items()}).items()}
            np.savez(os.path.join(folder, "samples.npz"), **feeds)
            np.savez(os.path.join(folder, "expected.npz"), **out, **more)
            return {}
        problem = in_child(expect)
        if problem:
            raise SystemExit(f"{model}: {problem['error']}")
        for row in rows:
            if row["tensorflow"]:
                target = os.path.join(folder, f"{row['id']}.tensorflow.tflite")
                errors[f"{model} {row['id']} tensorflow"] = in_child(lambda: tensorflow_file(folder, row["tensorflow"], target))
    return errors


def litert_quantizer_file(folder, wanted, target):
    from ai_edge_litert.interpreter import Interpreter
    from litert_quantizer import quantizer, recipe
    source = os.path.join(folder, "0.tensorflow.tflite")
    rep = dict(np.load(os.path.join(folder, "representative.npz")))
    q = quantizer.Quantizer(source)
    rules = getattr(recipe, wanted)() if isinstance(wanted, str) else wanted
    q.load_quantization_recipe(rules)
    seen = None
    if any("activation_tensor_config" in r["op_config"] for r in rules):
        [key] = Interpreter(source).get_signature_list()
        count = len(next(iter(rep.values())))
        seen = q.calibrate({key: [{k: a[i:i + 1] for k, a in rep.items()} for i in range(count)]})
    model = q.quantize(seen).quantized_model
    with open(target, "wb") as fp:
        fp.write(model)
    return {}


def litert_quantizer(root, jobs):
    errors = {}
    for model, rows in jobs["models"].items():
        folder = os.path.join(root, model)
        for row in rows:
            if row["litertQuantizer"]:
                target = os.path.join(folder, f"{row['id']}.litert-quantizer.tflite")
                key = f"{model} {row['id']} litert-quantizer"
                errors[key] = in_child(lambda: litert_quantizer_file(folder, row["litertQuantizer"], target))
    return errors


def run(path, feeds):
    """Outputs by name, one sample at a time."""
    from ai_edge_litert.interpreter import Interpreter
    it = Interpreter(model_path=path, num_threads=1)
    it.allocate_tensors()
    runner = it.get_signature_runner(next(iter(it.get_signature_list())))
    ins, outs = runner.get_input_details(), runner.get_output_details()
    del runner  # An interpreter does not run while a runner holds it.
    found = {name: [] for name in outs}
    for i in range(len(next(iter(feeds.values())))):
        for name, a in feeds.items():
            d = ins[name]
            x = a[i:i + 1]
            if d["dtype"] != x.dtype:
                scale, zero = d["quantization"]
                info = np.iinfo(d["dtype"])
                x = np.clip(np.round(x / scale + zero), info.min, info.max).astype(d["dtype"])
            it.set_tensor(d["index"], x)
        it.invoke()
        for name, d in outs.items():
            y = it.get_tensor(d["index"])
            if y.dtype.kind in "iu":
                scale, zero = d["quantization"]
                y = (y.astype("float32") - zero) * np.float32(scale)
            found[name].append(y)
    return {name: np.concatenate(rows) for name, rows in found.items()}


def judge_file(folder, path):
    feeds = dict(np.load(os.path.join(folder, "samples.npz")))
    want = dict(np.load(os.path.join(folder, "expected.npz")))
    labels = want.pop("labels", None)
    got = run(path, feeds)
    if sorted(got) != sorted(want):
        raise ValueError(f"outputs {sorted(got)}")
    result = {"bytes": os.path.getsize(path), "samples": len(next(iter(feeds.values())))}
    worst, mean = 0.0, 0.0
    for name, w in want.items():
        error = np.abs(got[name].reshape(w.shape).astype("float64") - w) / float(w.max() - w.min())
        # NaN is an error without bound.
        worst, mean = (max(a, b if b == b else 1e9) for a, b in ((worst, error.max()), (mean, error.mean())))
    result["maxError"], result["meanError"] = worst, mean
    [(name, w), *more] = want.items()
    if not more and w.ndim == 2 and w.shape[1] > 1:
        top = got[name].argmax(1)
        result["agree"] = int((top == w.argmax(1)).sum())
        if labels is not None:
            result["correct"] = int((top == labels).sum())
    return result


def judge(root, jobs):
    results = {}
    for model, rows in jobs["models"].items():
        folder = os.path.join(root, model)
        for row in rows:
            for tool in ("downcast", "tensorflow", "litert-quantizer"):
                path = os.path.join(folder, f"{row['id']}.{tool}.tflite")
                if os.path.exists(path):
                    results[f"{model} {row['id']} {tool}"] = in_child(lambda: judge_file(folder, path))
    return results


if __name__ == "__main__":
    command, root = sys.argv[1:]
    with open(os.path.join(root, "jobs.json")) as fp:
        wanted = json.load(fp)
    done = {"tensorflow": tensorflow, "litert-quantizer": litert_quantizer, "judge": judge}[command](root, wanted)
    with open(os.path.join(root, f"{command}.json"), "w") as fp:
        json.dump(done, fp)
