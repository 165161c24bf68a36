import type { Cursor } from './cursor.ts'
import type { MlirAttr, MlirType } from './types.ts'

type TensorType = Extract<MlirType, { kind: 'tensor' }>

/**
 * The elements of a constant, a view where they are stored as they are given. Truth values are stored a bit each, in older
 * files also a byte each; a splat of them is one byte, all of its bits alike.
 */
export function readElements(cursor: Cursor, type: TensorType): MlirAttr {
  const at = cursor.position
  const blob = cursor.blob()
  const size = elementSize(type.element)
  let count = 1
  for (const s of type.shape) {
    if (s === undefined) throw cursor.fault('tensor', 'known sizes', 'an unknown one', at)
    count *= s
  }
  if (!(count <= Number.MAX_SAFE_INTEGER)) throw cursor.fault('tensor', 'at most 2^53 elements', `${count}`, at)
  if (size === undefined) return { kind: 'other', text: `a tensor of ${type.element}` }
  if (type.element === 'i1') return readBits(cursor, type, blob, count, at)
  const isSplat = blob.byteLength === size && count !== 1
  if (!isSplat && blob.byteLength !== count * size) {
    throw cursor.fault('tensor', `${count * size} bytes, or ${size} for all elements`, `${blob.byteLength}`, at)
  }
  return { kind: 'tensor', type, bytes: blob, isSplat }
}

function readBits(cursor: Cursor, type: TensorType, blob: Uint8Array, count: number, at: number): MlirAttr {
  const stored = blob.byteLength
  if (stored === 1 && (blob[0] === 0xff || (blob[0] === 0 && count > 8))) {
    return { kind: 'tensor', type, bytes: Uint8Array.of(blob[0]! & 1), isSplat: count !== 1 }
  }
  if (stored === count) return { kind: 'tensor', type, bytes: blob.map((byte) => (byte === 0 ? 0 : 1)), isSplat: false }
  if (stored !== Math.ceil(count / 8)) throw cursor.fault('tensor', `${Math.ceil(count / 8)} bytes`, `${stored}`, at)
  return { kind: 'tensor', type, bytes: Uint8Array.from({ length: count }, (_, i) => (blob[i >> 3]! >> (i & 7)) & 1), isSplat: false }
}

/** Bytes of an element; numbers of less than 8 bits have a byte each. */
function elementSize(element: string): number | undefined {
  const complex = /^complex<(.*)>$/.exec(element)
  if (complex) {
    const part = elementSize(complex[1]!)
    return part === undefined ? undefined : 2 * part
  }
  if (element === 'index') return 8
  const bits = /^(?:bf|f|tf|i|si|ui)(\d{1,3})(?:E|$)/.exec(element)
  return bits ? Math.ceil(Number(bits[1]) / 8) : undefined
}
