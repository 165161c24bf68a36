"""`python keras_judge.py CASES CLI`: converts what keras_layers.py wrote with `node CLI` and compares outputs with TensorFlow's. The last line counts."""
import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import numpy as np
from ai_edge_litert.interpreter import Interpreter, OpResolverType

import keras_layers


def differences(path, io, tol):
    it = Interpreter(model_path=path, experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES)
    runner = it.get_signature_runner(list(it.get_signature_list())[0])
    feeds = {k[3:]: io[k] for k in io.files if k.startswith("in_")}
    want = {k[4:]: io[k] for k in io.files if k.startswith("out_")}
    if set(runner.get_input_details()) != set(feeds) or set(runner.get_output_details()) != set(want):
        return [f"signature {sorted(runner.get_input_details())} -> {sorted(runner.get_output_details())}"]
    got = runner(**feeds)
    found = []
    for name, y in want.items():
        g = got[name]
        if g.shape != y.shape or g.dtype != y.dtype:
            found.append(f"{name} is {g.dtype}{g.shape}, TensorFlow has {y.dtype}{y.shape}")
            continue
        g, y = g.astype("float64"), y.astype("float64")
        finite = np.isfinite(y)
        if not np.array_equal(g[~finite], y[~finite], equal_nan=True):
            found.append(f"{name}: {g[~finite]} where TensorFlow has {y[~finite]}")
        error = float(np.max(np.abs(g[finite] - y[finite]), initial=0))
        if not error <= tol * max(1, float(np.max(np.abs(y[finite]), initial=0))):
            found.append(f"{name}: max error {error:.3g}")
    return found


def main(cases, cli):
    passed = failed = 0
    for name, (_, _, flavours, tol) in keras_layers.CASES.items():
        for flavour in flavours:
            folder = os.path.join(cases, f"{name}-{flavour}")
            for source in ("model.h5", "model.keras", "static.keras"):
                path, target = os.path.join(folder, source), os.path.join(folder, f"{source}.tflite")
                p = subprocess.run(["node", cli, "convert", path, "-o", target, "--quiet"], capture_output=True, text=True)
                wrong = [p.stderr.strip()] if p.returncode else differences(target, np.load(os.path.join(folder, "io.npz")), tol)
                passed, failed = passed + (not wrong), failed + bool(wrong)
                if wrong:
                    print(f"FAIL  {name}-{flavour}/{source}  {'; '.join(wrong)}", flush=True)
    print(f"{passed} passed, {failed} failed")
    return 1 if failed or not passed else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
