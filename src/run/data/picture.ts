import { byteLengthOf } from '../../core/dtype.ts'
import type { NdArray } from '../../core/nd-array.ts'
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

/** The middle `[height,width]` of a picture `[H,W,C]`, a half pixel up and left where it does not divide. @see tf.image.resize_with_crop_or_pad */
export function cropCenter(array: NdArray, height: number, width: number): NdArray {
  const [h, w, c] = array.shape as [number, number, number]
  if (h === height && w === width) return array
  const pixelBytes = byteLengthOf(array.dtype, c)
  const [top, left] = [Math.floor((h - height) / 2), Math.floor((w - width) / 2)]
  const bytes = new Uint8Array(height * width * pixelBytes)
  for (let y = 0; y < height; y++) {
    const from = ((top + y) * w + left) * pixelBytes
    bytes.set(array.bytes.subarray(from, from + width * pixelBytes), y * width * pixelBytes)
  }
  return { dtype: array.dtype, shape: [height, width, c], bytes }
}
