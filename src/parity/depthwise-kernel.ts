import {
  add,
  below,
  type Code,
  during,
  functionsOn,
  get,
  growTo,
  i32,
  int,
  memoryOf,
  moduleBytes,
  set,
  vector as v,
  v128,
} from '../core/wasm-code.ts'
import type { Walk } from '../ops/nn/window.kernel.ts'
import type { Sliding } from './convolution.ts'

/*
 * Sums of products channel by channel, in float32, by SIMD: a row of the result at a time from the rows that it reads, with their padding.
 */

interface Functions {
  /** Steps and ends count bytes; `channels` is a multiple of 16 of them. */
  row(
    from: number,
    weights: number,
    to: number,
    toEnd: number,
    channels: number,
    placeStep: number,
    columnStep: number,
    columnsEnd: number,
    rowStep: number,
    rowsEnd: number,
  ): void
}

const row = (): Code => {
  const [from, weights, to, toEnd, channels, placeStep, columnStep, columns, rowStep, rows] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  const [channel, factor, line, lastLine, pixel, lastPixel, sum] = [10, 11, 12, 13, 14, 15, 16]
  const next = (local: number, amount: Code): Code => set(local, add(get(local), amount))
  return during(below(get(to), get(toEnd)), [
    set(channel, int(0)),
    during(below(get(channel), get(channels)), [
      set(sum, v.zero),
      set(factor, add(get(weights), get(channel))),
      set(line, add(get(from), get(channel))),
      set(lastLine, add(get(line), get(rows))),
      during(below(get(line), get(lastLine)), [
        set(pixel, get(line)),
        set(lastPixel, add(get(line), get(columns))),
        during(below(get(pixel), get(lastPixel)), [
          set(sum, v.addF32(get(sum), v.mulF32(v.load(get(pixel)), v.load(get(factor))))),
          next(pixel, get(columnStep)),
          next(factor, get(channels)),
        ]),
        next(line, get(rowStep)),
      ]),
      v.store(add(get(to), get(channel)), get(sum), 0),
      next(channel, int(16)),
    ]),
    next(from, get(placeStep)),
    next(to, get(channels)),
  ])
}

let made: { readonly functions: Functions; readonly memory: WebAssembly.Memory } | undefined

function kernel(byteLength: number): { readonly functions: Functions; readonly memory: Float32Array } {
  if (!made) {
    const memory = memoryOf(0)
    const locals = [...new Array<number>(6).fill(i32), v128]
    const code = moduleBytes([{ name: 'row', parameters: new Array<number>(10).fill(i32), locals, body: row() }])
    made = { memory, functions: functionsOn<Functions>(memory, code) }
  }
  growTo(made.memory, byteLength)
  return { functions: made.functions, memory: new Float32Array(made.memory.buffer) }
}

export interface Depthwise extends Sliding {
  /** [N,H,W,C]. */
  readonly picture: readonly number[]
  /** Results of each channel, side by side. */
  readonly multiplier: number
}

/** `w` of [height, width, C * multiplier] slides over `x`: [N, *output, C * multiplier]. */
export function multiplyDepthwise(x: Float32Array, w: Float32Array, { picture, multiplier, walks, output }: Depthwise): Float32Array {
  const [batch, height, width, own] = picture as [number, number, number, number]
  const [down, across] = walks as [Walk, Walk]
  const [rows, columns] = output as [number, number]
  const channels = own * multiplier
  const padded = Math.ceil(channels / 4) * 4
  const wide = ((columns - 1) * across.stride + (across.size - 1) * across.dilation + 1) * padded
  const weightsAt = down.size * wide
  const resultAt = weightsAt + down.size * across.size * padded
  const { functions, memory } = kernel(4 * (resultAt + columns * padded))
  const result = new Float32Array(batch * rows * columns * channels)
  for (let k = 0; k < down.size * across.size; k++) memory.set(w.subarray(k * channels, (k + 1) * channels), weightsAt + k * padded)
  const copyRow = (to: number, image: number, y: number): void => {
    memory.fill(0, to, to + wide)
    if (y < 0 || y >= height) return
    const first = Math.max(0, -across.origin)
    const end = Math.min(wide / padded, width - across.origin)
    const from = ((image * height + y) * width + across.origin) * own
    if (channels === padded && multiplier === 1) {
      if (end > first) memory.set(x.subarray(from + first * own, from + end * own), to + first * own)
      return
    }
    for (let p = first; p < end; p++)
      for (let c = 0; c < channels; c++) memory[to + p * padded + c] = x[from + p * own + (c - (c % multiplier)) / multiplier]!
  }
  for (let image = 0; image < batch; image++)
    for (let y = 0; y < rows; y++) {
      for (let k = 0; k < down.size; k++) copyRow(k * wide, image, down.origin + y * down.stride + k * down.dilation)
      const columnStep = 4 * padded * across.dilation
      functions.row(
        ...([0, 4 * weightsAt, 4 * resultAt, 4 * (resultAt + columns * padded), 4 * padded] as const),
        ...([4 * padded * across.stride, columnStep, columnStep * across.size, 4 * wide, 4 * wide * down.size] as const),
      )
      const to = (image * rows + y) * columns * channels
      for (let p = 0; p < columns; p++)
        result.set(memory.subarray(resultAt + p * padded, resultAt + p * padded + channels), to + p * channels)
    }
  return result
}
