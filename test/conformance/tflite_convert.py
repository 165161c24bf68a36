"""`python tflite_convert.py MODELS CLI`: TensorFlow's `tflite_convert` and `node CLI tflite_convert` with the same flags, compared.

MODELS holds folders with any of saved/ (or saved_model.pb), model.h5, frozen.pb. Both files must have the same inputs and outputs, types and grids
included, and the same results within the tolerance: for floats of the range, for integers in steps. The last line counts.
"""
import contextlib
import io
import os
import subprocess
import sys
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_USE_LEGACY_KERAS", "1")
import numpy as np
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter, OpResolverType
from tensorflow.lite.python import tflite_convert
from tensorflow.lite.python.convert import ConverterError
from tensorflow.python.framework import convert_to_constants

V1 = "--enable_v1_converter"
passed = failed = 0


def check(name, ok, detail=""):
    global passed, failed
    passed, failed = passed + bool(ok), failed + (not ok)
    print(("pass  " if ok else "FAIL  ") + name + (f"  {detail}" if detail and not ok else ""), flush=True)


def reference(flags):
    """None when TensorFlow converts, else what it says."""
    argv, sys.argv = sys.argv, ["tflite_convert", *flags]
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            tflite_convert.run_main(None)
        return None
    except (Exception, SystemExit) as e:  # pylint: disable=broad-except
        kind = "cannot" if isinstance(e, (ConverterError, TypeError)) else "refuses"
        return f"TensorFlow {kind}: {str(e).strip().splitlines()[-1:]}"
    finally:
        sys.argv = argv


def ours(cli, flags):
    p = subprocess.run(["node", cli, "tflite_convert", *flags, "--quiet"], capture_output=True, text=True)
    return None if p.returncode == 0 else f"{p.returncode}: {p.stderr.strip()}"


def load(path):
    try:
        it = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_REF)
    except ValueError:  # The reference kernels are not all there: ELU is not.
        it = Interpreter(path, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    it.allocate_tensors()
    return it


def grid(d):
    return tuple(np.float32(s) for s in d["quantization_parameters"]["scales"]), tuple(d["quantization_parameters"]["zero_points"])


def by_name(details):
    # TensorFlow calls the ports of a SavedModel serving_default_x:0 where there is no signature.
    return {d["name"].replace("serving_default_", "").removesuffix(":0"): d for d in details}


def outputs(it):
    """In the order of their names in the signature, where there is one."""
    details = it.get_output_details()
    indices = [i for s in it._get_full_signature_list().values() for _, i in sorted(s["outputs"].items())]
    return [next(d for d in details if d["index"] == i) for i in indices] if len(indices) == len(details) else details


def results(it, feeds):
    inputs = by_name(it.get_input_details())
    for (name, x), d in zip(feeds.items(), it.get_input_details()):
        it.set_tensor(inputs.get(name, d)["index"], x)
    it.invoke()
    return [it.get_tensor(d["index"]) for d in outputs(it)]


def same(label, want, got, tolerance):
    a, b = load(want), load(got)
    ins, mine = by_name(a.get_input_details()), by_name(b.get_input_details())
    check(f"{label}: inputs", {n: d["dtype"] for n, d in ins.items()} == {n: d["dtype"] for n, d in mine.items()}, f"{list(ins)} / {list(mine)}")
    outs, my_outs = outputs(a), outputs(b)
    check(f"{label}: types of outputs", [d["dtype"] for d in outs] == [d["dtype"] for d in my_outs], f"{outs} / {my_outs}")
    differing = [n for n in ins if n in mine and grid(ins[n]) != grid(mine[n])] + [x["name"] for x, y in zip(outs, my_outs) if grid(x) != grid(y)]
    check(f"{label}: grids", not differing, f"{differing}")
    rng = np.random.default_rng(5)
    feeds = {}
    for name, d in ins.items():
        if d["dtype"] == np.float32:
            feeds[name] = rng.uniform(-1, 1, d["shape"]).astype(np.float32)
        else:
            feeds[name] = rng.integers(0, 4 if d["dtype"] == np.int32 else 127, d["shape"]).astype(d["dtype"])
    for x, y in zip(results(a, feeds), results(b, feeds)):
        x, y = x.astype(np.float64), y.astype(np.float64)
        limit = tolerance * max(1.0, np.max(np.abs(x))) if my_outs[0]["dtype"] == np.float32 else 1
        worst = np.max(np.abs(x - y)) if x.shape == y.shape else np.inf
        check(f"{label}: results", worst <= limit, f"off by {worst:.3g}, allowed are {limit:.3g}")


def compare(label, cli, folder, flags, tolerance):
    files = [os.path.join(folder, f"{side}.tflite") for side in ("tf", "ours")]
    refused = reference([*flags, f"--output_file={files[0]}"]), ours(cli, [*flags, f"--output_file={files[1]}"])
    if (refused[0] or "").startswith("TensorFlow cannot"):
        print(f"more  {label}: {refused[0]}; downcast: {refused[1] or 'converts'}")
        return
    if refused[0] is not None:
        check(f"{label}: refused by both", refused[1] is not None, refused[0])
        return
    check(f"{label}: converts", refused[1] is None, refused[1])
    if refused[1] is None:
        same(label, *files, tolerance)


def flags_of(folder):
    """Flags for each way a model is stored, with the tolerance."""
    saved = next((p for p in (os.path.join(folder, "saved"), folder) if os.path.exists(os.path.join(p, "saved_model.pb"))), None)
    small = (([], 1e-5), (["--post_training_quantize"], 5e-3), (["--post_training_quantize", "--quantize_to_float16"], 2e-3))
    if saved:
        yield "TF2", [f"--saved_model_dir={saved}"], 1e-5
        yield "abbreviated", ["--out", os.path.join(folder, "nowhere"), "--saved_model_d", saved, "--saved_model_t=serve"], 1e-5
        for extra, tolerance in small:
            yield " ".join(extra) or "v1", [f"--saved_model_dir={saved}", V1, *extra], tolerance
        yield "float16 alone", [f"--saved_model_dir={saved}", V1, "--quantize_to_float16"], 1e-5
    keras = os.path.join(folder, "model.h5")
    if os.path.exists(keras):
        yield "h5", ["--keras_model_file", keras], 1e-5


def graphs(folder):
    """Frozen graphs of their own: (label, flags, tolerance)."""
    rng = np.random.default_rng(7)
    k, b, w = (rng.standard_normal(s).astype(np.float32) * 0.3 for s in ((3, 3, 3, 8), (8,), (512, 5)))

    def frozen(name, call, *shapes):
        f = tf.function(call).get_concrete_function(*[tf.TensorSpec(s, tf.float32, name=n) for n, s in shapes])
        graph = convert_to_constants.convert_variables_to_constants_v2(f).graph
        path = os.path.join(folder, f"{name}.pb")
        with open(path, "wb") as fp:
            fp.write(graph.as_graph_def().SerializeToString())
        return path

    def conv(x):
        y = tf.nn.relu6(tf.nn.bias_add(tf.nn.conv2d(x, k, 1, "SAME"), b), name="body")
        return tf.nn.softmax(tf.matmul(tf.reshape(y, [1, 512]), w), name="out")

    def two(x, y):
        return tf.concat([x * 2.0, y], -1, name="out")

    def trained(x):
        fq = tf.quantization.fake_quant_with_min_max_args
        y = fq(tf.nn.relu6(tf.nn.bias_add(tf.nn.conv2d(x, fq(k, -1.0, 1.0, narrow_range=True), 1, "SAME"), b)), 0.0, 6.0)
        return tf.nn.softmax(fq(tf.matmul(tf.reshape(y, [1, 512]), fq(w, -2.0, 1.5)), -10.0, 12.0), name="out")

    plain = ["--graph_def_file", frozen("conv", conv, ("x", [1, 8, 8, 3])), "--input_arrays=x", "--output_arrays=out"]
    pair = ["--graph_def_file", frozen("two", two, ("x", [None, 3]), ("y", [None, 4])), "--input_arrays", "x,y", "--output_arrays", "out"]
    qat = ["--graph_def_file", frozen("trained", trained, ("x", [1, 8, 8, 3])), "--input_arrays=x", "--output_arrays=out"]
    uint8 = ["--inference_type=QUANTIZED_UINT8", "--mean_values=128", "--std_dev_values=127"]
    dummy = ["--default_ranges_min", "-6", "--default_ranges_max=6"]
    yield "uint8, trained", [V1, *qat, *uint8], 0
    yield "uint8, trained, float inputs", [V1, *qat, *uint8, "--inference_input_type=float"], 4e-3
    yield "uint8, default ranges", [V1, *plain, *uint8, *dummy], 0
    yield "int8, default ranges", [V1, *plain, *uint8, *dummy, "--inference_type=INT8", "--mean_values=0"], 0
    yield "uint8, mean not whole", [V1, *qat, *uint8, "--mean_values=127.5"], 0
    yield "uint8 without means", [V1, *qat, "--inference_type=UINT8"], 0
    yield "frozen", [V1, *plain], 1e-5
    yield "frozen, cut", [V1, *plain, "--output_arrays=body"], 1e-5
    yield "frozen, dynamic", [V1, *plain, "--post_training_quantize"], 5e-3
    yield "frozen, old name", [V1, *plain, "--quantize_weights"], 5e-3
    yield "frozen, shapes", [V1, *pair, "--input_shapes", "2,3:2,4"], 1e-5
    yield "frozen, idle flags", [V1, *plain, "--drop_control_dependency", "--change_concat_input_ranges=false", "--reorder_across_fake_quant"], 1e-5
    yield "custom ops allowed", [V1, *plain, "--allow_custom_ops=TRUE", "--target_ops", "TFLITE_BUILTINS,SELECT_TF_OPS"], 1e-5
    yield "no outputs", [V1, *plain[:-1]], 0
    yield "shapes of one", [V1, *pair, "--input_shapes", "2,3"], 0
    yield "means alone", [V1, *plain, "--mean_values=0"], 0
    yield "half a range", [V1, *plain, "--default_ranges_min=-6"], 0
    yield "video alone", [V1, *plain, "--dump_graphviz_video"], 0
    yield "unknown set", [V1, *plain, "--target_ops=TFLITE"], 0
    yield "user ops alone", [V1, *plain, "--experimental_select_user_tf_ops=Foo"], 0
    yield "definitions alone", [V1, *plain, "--custom_opdefs=name:'Foo'"], 0
    yield "two models", [V1, *plain, "--saved_model_dir=x"], 0
    yield "no such tensor", [V1, *plain, "--output_arrays=nothing"], 0
    yield "ambiguous", [V1, *plain, "--input"], 0
    yield "a bad boolean", [V1, *plain, "--allow_custom_ops=maybe"], 0
    yield "a switch with a value", [V1, *plain, "--post_training_quantize=true"], 0


def main(models, cli):
    with tempfile.TemporaryDirectory() as folder:
        for label, flags, tolerance in graphs(folder):
            compare(label, cli, folder, flags, tolerance)
        for name in sorted(os.listdir(models)):
            for label, flags, tolerance in flags_of(os.path.join(models, name)) if os.path.isdir(os.path.join(models, name)) else ():
                compare(f"{name}, {label}", cli, folder, flags, tolerance)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
