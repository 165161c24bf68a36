import { zlibSync } from 'fflate'
import { invariant } from '../core/diagnostics.ts'
import { crc32 } from '../wire/crc32.ts'

const signature = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a)
/** PNG color types of 8 bits a channel, by the number of channels. */
const colorTypes: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 }

/** Pixels, rows from the top, channels interleaved. */
export interface Pixels {
  readonly width: number
  readonly height: number
  readonly channels: 1 | 3 | 4
  readonly data: Uint8Array
}

/** A PNG file of gray, RGB or RGBA pixels; equal pixels give equal bytes. @see https://www.w3.org/TR/png-3/ */
export function encodePng({ width, height, channels, data }: Pixels): Uint8Array {
  invariant(data.byteLength === width * height * channels, 'a picture holds as many pixels as its size says')
  const header = new Uint8Array(13)
  const view = new DataView(header.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  header[8] = 8
  header[9] = colorTypes[channels]!
  const rowBytes = width * channels
  // Each row begins with its filter; 0 is none.
  const rows = new Uint8Array((rowBytes + 1) * height)
  for (let y = 0; y < height; y++) rows.set(data.subarray(y * rowBytes, (y + 1) * rowBytes), y * (rowBytes + 1) + 1)
  const parts = [signature, chunk('IHDR', header), chunk('IDAT', zlibSync(rows, { level: 9 })), chunk('IEND', new Uint8Array(0))]
  const file = new Uint8Array(parts.reduce((n, p) => n + p.byteLength, 0))
  let at = 0
  for (const part of parts) {
    file.set(part, at)
    at += part.byteLength
  }
  return file
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(12 + data.byteLength)
  const view = new DataView(bytes.buffer)
  view.setUint32(0, data.byteLength)
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i)
  bytes.set(data, 8)
  view.setUint32(8 + data.byteLength, crc32(bytes.subarray(4, 8 + data.byteLength)))
  return bytes
}

/** `data:image/png;base64,...` */
export function pngDataUri(pixels: Pixels): string {
  const bytes = encodePng(pixels)
  let binary = ''
  for (let i = 0; i < bytes.length; i += 4096) binary += String.fromCharCode(...bytes.subarray(i, i + 4096))
  return `data:image/png;base64,${btoa(binary)}`
}
