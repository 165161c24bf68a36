import { type ConstData, constFromBytes } from '../../core/bytes.ts'

/**
 * The buffer of a TFLite string tensor: the count, where each string begins and the last ends, then the strings.
 * @see tensorflow/lite/string_util.h
 */
export function stringData(strings: readonly Uint8Array[]): ConstData {
  const head = 4 * (strings.length + 2)
  const bytes = new Uint8Array(head + strings.reduce((n, s) => n + s.byteLength, 0))
  const view = new DataView(bytes.buffer)
  view.setInt32(0, strings.length, true)
  let at = head
  for (const [i, s] of strings.entries()) {
    view.setInt32(4 + 4 * i, at, true)
    bytes.set(s, at)
    at += s.byteLength
  }
  view.setInt32(head - 4, at, true)
  return constFromBytes(bytes)
}
