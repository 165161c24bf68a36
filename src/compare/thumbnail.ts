import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import type { Sample } from '../run/data/sample.ts'
import type { Pixels } from './png.ts'

/** Longest side of a picture on a page. */
const maxSide = 112

/**
 * A sample as a small picture, when it is one: a single array of numbers `[H,W]` or `[H,W,C]`, also behind axes of size 1.
 * Bytes are taken as they are; other numbers as 0 to 1 where they lie there, else stretched from the least to the greatest.
 */
export function thumbnailOf({ arrays }: Sample): Pixels | undefined {
  const [array] = arrays.values()
  if (!array || arrays.size !== 1) return undefined
  const shape = [...array.shape]
  while (shape.length > 2 && shape[0] === 1) shape.shift()
  const [height = 0, width = 0, channels = 1] = shape
  const isPicture = (shape.length === 2 || shape.length === 3) && height > 1 && width > 1 && [1, 3, 4].includes(channels)
  const bytes = isPicture ? bytesOfValues(array) : undefined
  return bytes && shrink({ width, height, channels: channels as 1 | 3 | 4, data: bytes })
}

function bytesOfValues(array: NdArray): Uint8Array | undefined {
  if (array.dtype === 'u8') return array.bytes
  const values = toFloat32(array)
  if (!values) return undefined
  let [min, max] = [0, 1]
  for (const v of values) {
    if (v < min) min = v
    if (v > max) max = v
  }
  const scale = 255 / (max - min)
  return Uint8Array.from(values, (v) => Math.round((v - min) * scale))
}

/** Mean of each block of pixels, until the longest side fits. */
function shrink(pixels: Pixels): Pixels {
  const { width, height, channels, data } = pixels
  const step = Math.ceil(Math.max(width, height) / maxSide)
  if (step === 1) return pixels
  const [w, h] = [Math.max(1, Math.floor(width / step)), Math.max(1, Math.floor(height / step))]
  const [stepX, stepY] = [Math.min(step, width), Math.min(step, height)]
  const out = new Uint8Array(w * h * channels)
  for (let y = 0; y < h; y++) {
    for (let x = 0; x < w; x++) {
      for (let c = 0; c < channels; c++) {
        let sum = 0
        for (let i = 0; i < stepY; i++) {
          for (let j = 0; j < stepX; j++) sum += data[((y * stepY + i) * width + x * stepX + j) * channels + c]!
        }
        out[(y * w + x) * channels + c] = Math.round(sum / (stepX * stepY))
      }
    }
  }
  return { width: w, height: h, channels, data: out }
}
