import type { ByteSource } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import { malformed } from './diagnostics.ts'
import { openNpy, readNpy } from './npy.ts'
import { npyParts } from './npy-write.ts'
import { openZip } from './zip.ts'
import { zipParts } from './zip-write.ts'

/** Random access to the arrays of a `.npz` file by name, each as the source of its `.npy` file. Throws what `openZip` throws. */
export function openNpz(source: ByteSource): Map<string, ByteSource> {
  const archive = openZip(source)
  const arrays = new Map<string, ByteSource>()
  for (const entry of archive.entries.values()) {
    if (!entry.name.endsWith('.npy')) {
      throw malformed({
        file: source.name,
        path: entry.name,
        what: 'npz archive',
        expected: 'only .npy files',
        hint: 'Save the arrays with numpy.savez.',
      })
    }
    const opened = archive.open(entry)
    openNpy(opened)
    arrays.set(entry.name.slice(0, -'.npy'.length), opened)
  }
  return arrays
}

/** Every array of a `.npz` file by name, in the file's order. Throws what `openZip` and `openNpy` throw. */
export function readNpz(source: ByteSource): Map<string, NdArray> {
  return new Map(Array.from(openNpz(source), ([name, array]) => [name, readNpy(array)]))
}

/** A `.npz` file (stored, as `numpy.savez` writes) as pieces to be written in order; equal arrays give equal bytes. */
export function npzParts(file: string, arrays: ReadonlyMap<string, NdArray>): Uint8Array[] {
  return zipParts(
    file,
    Array.from(arrays, ([name, array]) => ({ name: `${name}.npy`, parts: npyParts(file, array) })),
  )
}
