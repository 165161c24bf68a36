import type { NdArray } from '../core/nd-array.ts'
import { malformed } from './diagnostics.ts'
import { npyDescr } from './npy-header.ts'

/**
 * A `.npy` file (version 1.0) as pieces to be written in order: the header, then the array's own bytes.
 * Throws `wire/malformed` for dtypes that NumPy has no name for.
 * @see https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
export function npyParts(file: string, array: NdArray): [Uint8Array, Uint8Array] {
  const descr = npyDescr(array.dtype)
  if (descr === undefined)
    throw malformed({ file, what: 'npy dtype', expected: 'a type of NumPy', actual: array.dtype, hint: 'Convert the array first.' })
  const dims = array.shape.length === 1 ? `${array.shape[0]},` : array.shape.join(', ')
  const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${dims}), }`
  // The data start at a multiple of 64 bytes, and the header ends with a newline.
  const padding = (64 - ((10 + text.length + 1) % 64)) % 64
  const header = new TextEncoder().encode(`\0\0\0\0\0\0\x01\0\0\0${text}${' '.repeat(padding)}\n`)
  header.set([0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59])
  new DataView(header.buffer).setUint16(8, header.length - 10, true)
  return [header, array.bytes]
}
