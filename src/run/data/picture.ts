import type { NdArray } from '../../core/nd-array.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import type { ColorOrder } from './preprocess.ts'

/** A decoded picture: 8 bits a channel, rows from the top, channels interleaved. */
export interface Picture {
  readonly width: number
  readonly height: number
  /** 1 gray, 3 RGB, 4 RGBA */
  readonly channels: 1 | 3 | 4
  readonly data: Uint8Array
}

/** Decodes png and jpg; rotation marks and color profiles are not applied. Rejects with any error when it cannot. */
export type ImageDecoder = (bytes: Uint8Array) => Promise<Picture>

/** Bytes that begin like a picture that is read. */
export function isPicture(head: Uint8Array): boolean {
  const isPng = [0x89, 0x50, 0x4e, 0x47].every((b, i) => head[i] === b)
  const isJpg = head[0] === 0xff && head[1] === 0xd8 && head[2] === 0xff
  return isPng || isJpg
}

/** The picture as `[height, width, channels]`. */
export function pictureArray({ width, height, channels, data }: Picture): NdArray {
  return { dtype: 'u8', shape: [height, width, channels], bytes: data }
}

const channelsOf: Readonly<Record<ColorOrder, number>> = { gray: 1, rgb: 3, bgr: 3, rgba: 4 }

/**
 * A picture `[H,W,C]` (C 1, 3 or 4, values 0..255) in another color order: alpha is dropped, or 255 when it is new;
 * gray is the ITU-R BT.601 luma, rounded as Pillow does.
 */
export function convertColor(array: NdArray, color: ColorOrder): NdArray {
  const from = array.shape[2]!
  const to = channelsOf[color]
  if (from === to && color !== 'bgr') return array
  const pixels = array.shape[0]! * array.shape[1]!
  const out = new Uint8Array(pixels * to)
  const { bytes } = array
  for (let p = 0; p < pixels; p++) {
    const r = bytes[p * from]!
    const g = from === 1 ? r : bytes[p * from + 1]!
    const b = from === 1 ? r : bytes[p * from + 2]!
    if (to === 1) out[p] = from === 1 ? r : (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16
    else {
      out[p * to] = color === 'bgr' ? b : r
      out[p * to + 1] = g
      out[p * to + 2] = color === 'bgr' ? r : b
      if (to === 4) out[p * to + 3] = from === 4 ? bytes[p * from + 3]! : 255
    }
  }
  return { dtype: 'u8', shape: [array.shape[0]!, array.shape[1]!, to], bytes: out }
}

/**
 * A picture `[H,W,C]` scaled to another size, in float32: bilinear, centers of pixels half way, no antialiasing.
 * @see tf.image.resize with its defaults
 */
export function resizeBilinear(array: NdArray, height: number, width: number): NdArray {
  const [h, w, c] = array.shape as [number, number, number]
  if (h === height && w === width) return array
  const source = toFloat32(array)!
  const out = new Float32Array(height * width * c)
  const columns = positions(w, width)
  for (const [y, row] of positions(h, height).entries()) {
    for (const [x, column] of columns.entries()) {
      for (let k = 0; k < c; k++) {
        const at = (r: number, q: number): number => source[(r * w + q) * c + k]!
        const top = lerp(at(row.low, column.low), at(row.low, column.high), column.weight)
        const bottom = lerp(at(row.high, column.low), at(row.high, column.high), column.weight)
        out[(y * width + x) * c + k] = lerp(top, bottom, row.weight)
      }
    }
  }
  return { dtype: 'f32', shape: [height, width, c], bytes: new Uint8Array(out.buffer) }
}

function lerp(a: number, b: number, weight: number): number {
  return Math.fround(a + Math.fround(Math.fround(b - a) * weight))
}

/** Where each of `to` pixels lies between two of `from`. */
function positions(from: number, to: number): { low: number; high: number; weight: number }[] {
  const scale = Math.fround(from / to)
  return Array.from({ length: to }, (_, i) => {
    const at = Math.fround(Math.fround((i + 0.5) * scale) - 0.5)
    const floor = Math.floor(at)
    return { low: Math.max(floor, 0), high: Math.min(floor + 1, from - 1), weight: Math.fround(at - floor) }
  })
}
