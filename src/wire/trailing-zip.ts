import type { ByteSource } from '../core/bytes.ts'
import { limitExceeded } from './diagnostics.ts'

/*
 * A zip archive at the end of a file that holds something else before it, as the associated files of a `.tflite` are.
 * @see APPNOTE.TXT, .ZIP File Format Specification, 4.3.7, 4.3.12 and 4.3.16
 */

export interface TrailingZip {
  /** Where it begins in its file. */
  readonly offset: number
  readonly byteLength: number
  /** Its bytes for a file in which it begins at `position`: offsets in a zip archive count from the start of the file. */
  movedTo(position: number): Uint8Array
}

const endSize = 22
const maxCommentBytes = 65_535
const entrySize = 46
const endSignature = 0x06054b50
const entrySignature = 0x02014b50
const localSignature = 0x04034b50
const maxOffset = 0xffff_fffe

/** The archive, or undefined when the file does not end with one. Throws `wire/limit-exceeded` for offsets of 4 GiB and more (zip64). */
export function trailingZip(source: ByteSource): TrailingZip | undefined {
  const tailLength = Math.min(source.byteLength, endSize + maxCommentBytes)
  const tail = viewOf(source, source.byteLength - tailLength, tailLength)
  let end = -1
  for (let i = tailLength - endSize; i >= 0 && end < 0; i--) {
    const isEnd = tail.getUint32(i, true) === endSignature && i + endSize + tail.getUint16(i + 20, true) === tailLength
    if (isEnd) end = source.byteLength - tailLength + i
  }
  if (end < 0) return undefined
  const last = viewOf(source, end, endSize)
  const [size, stated] = [last.getUint32(12, true), last.getUint32(16, true)]
  const directory = end - size
  // Tools that append without knowing leave offsets that count from the archive's own start.
  const base = directory - stated
  if (directory < 0 || base < 0) return undefined
  const places = entryPlaces(viewOf(source, directory, size))
  const starts = places?.map(({ local }) => local + base)
  if (!places || !starts || starts.length === 0) return undefined
  const offset = starts.reduce((a, b) => Math.min(a, b))
  if (offset + 4 > directory || viewOf(source, offset, 4).getUint32(0, true) !== localSignature) return undefined
  const byteLength = source.byteLength - offset
  return {
    offset,
    byteLength,
    movedTo(position) {
      const delta = position - offset
      if (directory + delta > maxOffset) {
        throw limitExceeded({
          file: source.name,
          what: 'archive of associated files',
          expected: 'a place below 4 GiB',
          actual: `${position}`,
        })
      }
      const bytes = new Uint8Array(source.read(offset, byteLength))
      const view = new DataView(bytes.buffer)
      for (const { at, local } of places) view.setUint32(directory - offset + at, local + base + delta, true)
      view.setUint32(end - offset + 16, directory + delta, true)
      return bytes
    },
  }
}

/** For each entry of a directory where its offset stands, and the offset. */
function entryPlaces(view: DataView): { at: number; local: number }[] | undefined {
  const places: { at: number; local: number }[] = []
  for (let i = 0; i < view.byteLength; ) {
    if (i + entrySize > view.byteLength || view.getUint32(i, true) !== entrySignature) return undefined
    places.push({ at: i + 42, local: view.getUint32(i + 42, true) })
    i += entrySize + view.getUint16(i + 28, true) + view.getUint16(i + 30, true) + view.getUint16(i + 32, true)
    if (i > view.byteLength) return undefined
  }
  return places
}

function viewOf(source: ByteSource, offset: number, length: number): DataView {
  const bytes = source.read(offset, length)
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
