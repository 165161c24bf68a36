import { isScratch } from '../../core/scratch.ts'
import { scratchKernel } from '../../core/scratch-kernel.ts'
import type { Words } from '../arrays.kernel.ts'

/** One side of a copy: words, the first of them, and the step in words along each axis of the copied block (may be 0 or negative). */
export interface Strided {
  readonly words: Words
  readonly start: number
  readonly strides: readonly number[]
}

interface Axis {
  readonly size: number
  readonly from: number
  readonly to: number
}

/** Runs shorter than this are copied word by word: a call of `set` costs more. */
const shortRun = 24
/** Edge of the square tiles of a transpose, so that both sides stay in the first-level cache; a multiple of 4. */
const tile = 32

/**
 * Copies a block of elements of the given sizes between strided views; every op that only moves elements is one or
 * several such copies. Strides and starts count elements.
 */
export function copyBlock(shape: readonly number[], from: Strided, to: Strided): void {
  if (shape.includes(0)) return
  const w = from.words.perElement
  const axes = mergeAxes([
    ...shape.map((size, i) => ({ size, from: from.strides[i]! * w, to: to.strides[i]! * w })),
    ...(w > 1 ? [{ size: w, from: 1, to: 1 }] : []),
  ])
  copyAxes(axes, from.words.data, from.start * w, to.words.data, to.start * w)
}

/** Drops axes of size 1 and joins neighbours that both sides walk as one. */
function mergeAxes(axes: readonly Axis[]): Axis[] {
  const merged: Axis[] = []
  for (const a of axes) {
    if (a.size === 1) continue
    const last = merged.at(-1)
    if (last && last.from === a.from * a.size && last.to === a.to * a.size)
      merged[merged.length - 1] = { size: last.size * a.size, from: a.from, to: a.to }
    else merged.push(a)
  }
  return merged
}

type Data = Words['data']

function copyAxes(axes: readonly Axis[], src: Data, srcStart: number, dst: Data, dstStart: number): void {
  const inner = axes.at(-1)
  if (!inner) {
    dst[dstStart] = src[srcStart]!
    return
  }
  const contiguous = inner.to === 1 && inner.from !== 1 ? axes.findIndex((a) => a.from === 1) : -1
  if (contiguous >= 0) {
    const outer = axes.filter((_, i) => i !== contiguous && i !== axes.length - 1)
    const rows = axes[contiguous]!
    eachOffset(outer, 0, srcStart, dstStart, (s, d) => transposeTiles(src, s, inner, dst, d, rows))
    return
  }
  eachOffset(axes.slice(0, -1), 0, srcStart, dstStart, (s, d) => copyRun(src, s, inner, dst, d))
}

function eachOffset(axes: readonly Axis[], depth: number, s: number, d: number, visit: (s: number, d: number) => void): void {
  const axis = axes[depth]
  if (!axis) {
    visit(s, d)
    return
  }
  for (let i = 0; i < axis.size; i++) eachOffset(axes, depth + 1, s + i * axis.from, d + i * axis.to, visit)
}

function copyRun(src: Data, s: number, { size, from, to }: Axis, dst: Data, d: number): void {
  if (from === 1 && to === 1 && size >= shortRun) {
    dst.set(src.subarray(s, s + size), d)
    return
  }
  for (let i = 0; i < size; i++) dst[d + i * to] = src[s + i * from]!
}

/** dst[row * rows.to + col] = src[row + col * cols.from]: tile by tile, within it in blocks of 4 x 4 that go through registers. */
function transposeTiles(src: Data, s: number, cols: Axis, dst: Data, d: number, rows: Axis): void {
  const wholeCols = cols.size - (cols.size % 4)
  const wholeRows = rows.size - (rows.size % 4)
  const words = wholeRows * wholeCols
  const isLong = words >= tile * tile && src.BYTES_PER_ELEMENT === 4
  const kernel = isLong && isScratch(src) && isScratch(dst) ? scratchKernel(words) : undefined
  for (let r0 = 0; r0 < wholeRows; r0 += tile) {
    const width = Math.min(wholeRows - r0, tile)
    for (let c0 = 0; c0 < wholeCols; c0 += tile) {
      const height = Math.min(wholeCols - c0, tile)
      const [from, to] = [s + r0 + c0 * cols.from, d + r0 * rows.to + c0]
      if (kernel) kernel.transpose(src.byteOffset + 4 * from, 4 * cols.from, dst.byteOffset + 4 * to, 4 * rows.to, 4 * width, 4 * height)
      else transposeTile(src, from, cols.from, dst, to, rows.to, width, height)
    }
  }
  for (let r = 0; r < rows.size; r++) {
    for (let c = r < wholeRows ? wholeCols : 0; c < cols.size; c++) dst[d + r * rows.to + c] = src[s + r + c * cols.from]!
  }
}

function transposeTile(src: Data, s: number, from: number, dst: Data, d: number, to: number, rows: number, cols: number): void {
  for (let c = 0; c < cols; c += 4) {
    for (let r = 0; r < rows; r += 4) transposeBlock(src, s + r + c * from, from, dst, d + r * to + c, to)
  }
}

function transposeBlock(src: Data, s: number, from: number, dst: Data, d: number, to: number): void {
  const s1 = s + from
  const s2 = s1 + from
  const s3 = s2 + from
  for (let i = 0, at = d; i < 4; i++, at += to) {
    dst[at] = src[s + i]!
    dst[at + 1] = src[s1 + i]!
    dst[at + 2] = src[s2 + i]!
    dst[at + 3] = src[s3 + i]!
  }
}
