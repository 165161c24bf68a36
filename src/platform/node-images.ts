import type { Picture } from '../run/data/picture.ts'

/** A picture of more pixels is taken for an attack on memory. */
const maxPixels = 100_000_000

/**
 * Decodes a png or jpg with sharp, loaded at the first call: 8 bits a channel, gray stays gray, rotation marks and color profiles are
 * not applied (as TensorFlow's decoders do). Rejects with sharp's error.
 */
export async function decodeImage(bytes: Uint8Array): Promise<Picture> {
  const { default: sharp } = await import('sharp')
  const options = { ignoreIcc: true, limitInputPixels: maxPixels, failOn: 'error' } as const
  const [{ channels: stored }, { data, info }] = await Promise.all([
    sharp(bytes, options).metadata(),
    sharp(bytes, options).raw().toBuffer({ resolveWithObject: true }),
  ])
  const { width, height, channels } = info
  // sharp spreads gray over three channels.
  const isGray = stored === 1 || stored === 2
  if (!isGray && (channels === 3 || channels === 4)) return { width, height, channels, data: new Uint8Array(data) }
  return { width, height, channels: 1, data: Uint8Array.from({ length: width * height }, (_, i) => data[i * channels]!) }
}
