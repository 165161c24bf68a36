import type { ByteSource } from '../../core/bytes.ts'
import type { NdArray } from '../../core/nd-array.ts'
import { isNpy, readNpy } from '../../wire/npy.ts'
import { readNpz } from '../../wire/npz.ts'
import { isBatchable } from '../batch.ts'
import type { SignatureInfo, TensorInfo } from '../runner.ts'
import { type DataSet, makeDataSet } from './sample.ts'

/**
 * Arrays that are, each as a whole, what the inputs take: one sample. undefined where they are not, or where the model takes samples
 * side by side, so that the first axis of an array counts samples. `files` are `.npy` or `.npz` by input name; an empty name stands
 * for the only input or for the names within a `.npz`.
 */
export function wholeFeed(files: ReadonlyMap<string, ByteSource>, signature: SignatureInfo): DataSet | undefined {
  if (isBatchable(signature)) return undefined
  const arrays = new Map<string, NdArray>()
  for (const [name, file] of files) {
    const head = file.read(0, Math.min(8, file.byteLength))
    const isZip = head[0] === 0x50 && head[1] === 0x4b
    if (!isZip && !isNpy(head)) return undefined
    for (const [key, array] of isZip ? readNpz(file) : new Map([[name, readNpy(file)]])) {
      if (key !== 'labels') arrays.set(name || key, array)
    }
  }
  const { inputs } = signature
  const only = arrays.get('')
  if (only && inputs.length === 1) arrays.set(inputs[0]!.name, only)
  arrays.delete('')
  if (arrays.size !== inputs.length || !inputs.every((i) => isWhole(arrays.get(i.name), i))) return undefined
  const name = [...files.values()].map((f) => f.name).join(', ')
  return makeDataSet({
    name,
    count: 1,
    isLabeled: false,
    classNames: new Map(),
    read: async (index) => ({ index, name, arrays }),
  })
}

function isWhole(array: NdArray | undefined, { shape }: TensorInfo): boolean {
  return array?.shape.length === shape.length && shape.every((d, i) => typeof d !== 'number' || d === array.shape[i])
}
