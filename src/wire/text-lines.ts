import type { ByteSource } from '../core/bytes.ts'
import { limitExceeded, malformed } from './diagnostics.ts'

/** Lines of a text file with random access: where each begins is kept, their text is read when asked for. */
export interface TextLines {
  /** Lines that are not blank. */
  readonly count: number
  /** Line `index` without blanks around it. Throws `wire/malformed` for bytes that are no UTF-8. */
  line(index: number): string
  /** Its number in the file, counted from 1. */
  numberOf(index: number): number
}

const blockBytes = 1 << 20
const newline = 0x0a

/**
 * Finds the lines of a file in one pass; a byte order mark is skipped. Throws `wire/limit-exceeded` for more than `maxLines`
 * (default 20,000,000) or a line beyond `maxLineBytes` (default 256 MiB).
 */
export function openTextLines(source: ByteSource, maxLines = 20_000_000, maxLineBytes = 2 ** 28): TextLines {
  const file = source.name
  const starts: number[] = []
  const mark = source.read(0, Math.min(3, source.byteLength))
  const first = mark[0] === 0xef && mark[1] === 0xbb && mark[2] === 0xbf ? 3 : 0
  let start = first
  let isBlank = true
  const close = (end: number): void => {
    if (!isBlank) {
      if (starts.length >= maxLines) throw limitExceeded({ file, offset: start, what: 'text', expected: `at most ${maxLines} lines` })
      if (end - start > maxLineBytes) throw limitExceeded({ file, offset: start, what: 'line', expected: `at most ${maxLineBytes} bytes` })
      starts.push(start)
    }
    start = end + 1
    isBlank = true
  }
  for (const { at, block } of blocksOf(source, first, source.byteLength)) {
    for (let i = 0; i < block.length; i++) {
      const byte = block[i]!
      if (byte === newline) close(at + i)
      else if (byte > 0x20) isBlank = false
    }
  }
  close(source.byteLength)
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const numberOf = (index: number): number => {
    let number = 1
    for (const { block } of blocksOf(source, 0, starts[index]!)) for (const byte of block) if (byte === newline) number++
    return number
  }
  return {
    count: starts.length,
    numberOf,
    line(index) {
      const at = starts[index]!
      const bytes = source.read(at, Math.min((starts[index + 1] ?? source.byteLength) - at, maxLineBytes + 1))
      const end = bytes.indexOf(newline)
      try {
        return decoder.decode(end < 0 ? bytes : bytes.subarray(0, end)).trim()
      } catch {
        throw malformed({ file, lineColumn: `${numberOf(index)}:1`, what: 'text', expected: 'UTF-8' })
      }
    },
  }
}

function* blocksOf(source: ByteSource, from: number, to: number): Generator<{ at: number; block: Uint8Array }> {
  for (let at = from; at < to; at += blockBytes) yield { at, block: source.read(at, Math.min(blockBytes, to - at)) }
}
