"""`python keras_fixtures.py CASES ROOT`: packs what keras_layers.py wrote into ROOT/fixtures/keras/layers-keras2.zip and -keras3.zip, for `npm test`."""
import json
import os
import sys
import zipfile

import keras_layers


def main(cases, root):
    for flavour in ("keras2", "keras3"):
        target = os.path.join(root, "fixtures", "keras", f"layers-{flavour}.zip")
        names = [n for n, (_, _, flavours, _) in keras_layers.CASES.items() if flavour in flavours]
        index = {n: keras_layers.CASES[n][3] for n in names}
        with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
            add = lambda name, data: z.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), data, zipfile.ZIP_DEFLATED, 9)
            add("index.json", json.dumps(index))
            for n in names:
                for file in ("model.h5", "static.keras", "io.npz"):
                    path = os.path.join(cases, f"{n}-{flavour}", file)
                    if os.path.exists(path):
                        add(f"{n}/{file}", open(path, "rb").read())
        print(target, os.path.getsize(target))


if __name__ == "__main__":
    main(*sys.argv[1:3])
