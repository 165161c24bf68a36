import type { ByteSource } from '../core/bytes.ts'

export type FileFormat = 'keras-h5' | 'keras-zip' | 'tflite' | 'json' | 'protobuf-text' | 'protobuf' | 'empty'

const hdf5Magic = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a]
const zipMagic = [0x50, 0x4b, 0x03, 0x04]
const tfliteMagic = [0x54, 0x46, 0x4c, 0x33]

/**
 * What a file is, from its bytes; its name is not looked at. Anything binary that is nothing else is taken for protobuf.
 * An HDF5 superblock may also stand at 512, 1024 or 2048. @see HDF5 file format specification, II.A
 */
export function detectFormat(source: ByteSource): FileFormat {
  if (source.byteLength === 0) return 'empty'
  const starts = (magic: readonly number[], at: number) => {
    if (source.byteLength < at + magic.length) return false
    const bytes = source.read(at, magic.length)
    return magic.every((b, i) => bytes[i] === b)
  }
  if ([0, 512, 1024, 2048].some((at) => starts(hdf5Magic, at))) return 'keras-h5'
  if (starts(zipMagic, 0)) return 'keras-zip'
  if (starts(tfliteMagic, 4)) return 'tflite'
  const head = new TextDecoder().decode(source.read(0, Math.min(source.byteLength, 256)))
  if (/^\s*\{/.test(head)) return 'json'
  return /^\s*(#.*\s*)*(node|library|versions)\s*\{/.test(head) ? 'protobuf-text' : 'protobuf'
}
