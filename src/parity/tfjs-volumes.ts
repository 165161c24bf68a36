import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import type { SourceNode } from '../import/source-graph.ts'
import { ints, string } from './node-attrs.ts'
import type { TfJsCore } from './tfjs.ts'

/*
 * Convolutions that the WebAssembly backend of TensorFlow.js lacks or takes longer for than the one in JavaScript, by its fast products:
 * volumes as sums of convolutions of pictures, gradients by the input as matrix products whose rows are added where they belong.
 */

type Three = readonly [number, number, number]

/** Elements that are handed over at a time. */
const atOnce = 1 << 22

/** The result of a large convolution on NDHWC or, where it is a gradient, also NHWC; undefined for what it does not cover. */
export function convolutionByProducts(core: TfJsCore, node: SourceNode, operands: readonly NdArray[]): NdArray | undefined {
  const [first, w, x] = operands
  if (!first || !w || !/^(SAME|VALID)$/.test(string(node, 'padding'))) return undefined
  if (node.op === 'Conv3D') return ofVolume(core, node, first, w)
  const sizes = x && toFloat32(first)
  return sizes && x ? gradient(core, node, sizes, w, x) : undefined
}

export const isConvolutionByProducts = (op: string): boolean => /^(Conv3D|Conv3DBackpropInputV2|Conv2DBackpropInput)$/.test(op)

/** For each element of the filter's depth the pictures that it meets, convolved and added up. */
function ofVolume(core: TfJsCore, node: SourceNode, x: NdArray, w: NdArray): NdArray | undefined {
  const [strides, dilations] = [three(node, 'strides'), three(node, 'dilations')]
  const [batch, depth, height, width, channels] = x.shape as [number, number, number, number, number]
  const [window, h, v, inner, outer] = w.shape as [number, number, number, number, number]
  const across = [strides.slice(1), dilations.slice(1)] as unknown as [[number, number], [number, number]]
  if (inner !== channels || !across.some((steps) => steps.every((s) => s === 1))) return undefined
  const padding = string(node, 'padding')
  const reach = (window - 1) * dilations[0] + 1
  const isSame = padding === 'SAME'
  const count = isSame ? Math.ceil(depth / strides[0]) : Math.floor((depth - reach) / strides[0]) + 1
  const front = isSame ? frontOf(depth, count, strides[0], reach) : 0
  const [from, filters] = [typedView('f32', x.bytes), typedView('f32', w.bytes)]
  const picture = height * width * channels
  let shape: readonly number[] | undefined
  let sums = new Float32Array(0)
  for (let k = 0; k < window; k++) {
    const filter = core.tensor(filters.slice(k * h * v * inner * outer, (k + 1) * h * v * inner * outer), [h, v, inner, outer], 'float32')
    const met = pairsAlong(batch, depth, count, (o) => o * strides[0] + k * dilations[0] - front)
    for (const some of chunks(met, Math.max(1, Math.floor(atOnce / Math.max(1, picture))))) {
      const pictures = new Float32Array(some.length * picture)
      for (const [j, [, i]] of some.entries()) pictures.set(from.subarray(i * picture, (i + 1) * picture), j * picture)
      const input = core.tensor(pictures, [some.length, height, width, channels], 'float32')
      const y = core.conv2d(input, filter, across[0], padding.toLowerCase(), 'NHWC', across[1])
      const results = y.dataSync() as Float32Array
      shape ??= [batch, count, ...y.shape.slice(1)]
      const size = results.length / some.length
      if (sums.length === 0) sums = new Float32Array(batch * count * size)
      for (const [j, [o]] of some.entries()) addTo(sums, o * size, results, j * size, size)
      core.dispose([input, y])
    }
  }
  return shape && { dtype: 'f32', shape, bytes: bytesOf(sums) }
}

/** Pictures of the result with the one of the operand that they meet, both counted over the whole batch. */
function pairsAlong(batch: number, depth: number, count: number, meets: (o: number) => number): (readonly [number, number])[] {
  const pairs: (readonly [number, number])[] = []
  for (let n = 0; n < batch; n++)
    for (let o = 0; o < count; o++) {
      const i = meets(o)
      if (i >= 0 && i < depth) pairs.push([n * count + o, n * depth + i])
    }
  return pairs
}

/** Each position of `x` times the whole filter, [positions,C] x [C,window*O], added to the positions of the result that the window covers. */
function gradient(core: TfJsCore, node: SourceNode, sizes: Float32Array, w: NdArray, x: NdArray): NdArray | undefined {
  const [strides, dilations] = [three(node, 'strides'), three(node, 'dilations')]
  const [batch, ...from] = spatial(x.shape)
  const [, ...to] = spatial([...sizes])
  const [outer, channels] = [w.shape.at(-2)!, x.shape.at(-1)!]
  const window = three3(w.shape.slice(0, -2))
  if (sizes.length !== x.shape.length || w.shape.at(-1) !== channels || sizes.at(-1) !== outer || sizes[0] !== batch) return undefined
  const isSame = string(node, 'padding') === 'SAME'
  const fronts = window.map((k, a) => (isSame ? frontOf(to[a]!, from[a]!, strides[a]!, (k - 1) * dilations[a]! + 1) : 0))
  const columns = window[0] * window[1] * window[2] * outer
  const matrix = core.tensor(typedView('f32', w.bytes), [columns, channels], 'float32')
  const values = typedView('f32', x.bytes)
  const sums = new Float32Array(sizes.reduce((n, d) => n * d, 1))
  const rows = sizeOf(x) / channels
  const step = Math.max(1, Math.floor(atOnce / columns))
  /** Along each axis, for a position of the operand and an element of the window, the position of the result; -1 outside. */
  const places = window.map((k, a) =>
    Int32Array.from({ length: from[a]! * k }, (_, i) => {
      const o = Math.floor(i / k) * strides[a]! + (i % k) * dilations[a]! - fronts[a]!
      return o < to[a]! ? Math.max(-1, o) : -1
    }),
  ) as [Int32Array, Int32Array, Int32Array]
  for (let begin = 0; begin < rows; begin += step) {
    const end = Math.min(rows, begin + step)
    const part = core.tensor(values.slice(begin * channels, end * channels), [end - begin, channels], 'float32')
    const product = core.matMul(part, matrix, false, true)
    scatter(product.dataSync() as Float32Array, begin, end)
    core.dispose([part, product])
  }
  return { dtype: 'f32', shape: [...sizes], bytes: bytesOf(sums) }

  function scatter(products: Float32Array, begin: number, end: number): void {
    let at = 0
    for (let row = begin; row < end; row++) {
      const across = row % from[2]!
      const down = Math.floor(row / from[2]!) % from[1]!
      const deep = Math.floor(row / (from[1]! * from[2]!)) % from[0]!
      const n = Math.floor(row / (from[0]! * from[1]! * from[2]!))
      for (let a = 0; a < window[0]; a++) {
        const z = places[0][deep * window[0] + a]!
        for (let b = 0; b < window[1]; b++) {
          const y = places[1][down * window[1] + b]!
          for (let c = 0; c < window[2]; c++, at += outer) {
            const i = places[2][across * window[2] + c]!
            if (z < 0 || y < 0 || i < 0) continue
            addTo(sums, (((n * to[0]! + z) * to[1]! + y) * to[2]! + i) * outer, products, at, outer)
          }
        }
      }
    }
  }
}

function addTo(sums: Float32Array, at: number, values: Float32Array, from: number, count: number): void {
  for (let i = 0; i < count; i++) sums[at + i]! += values[from + i]!
}

/** What of the padding of SAME comes first, of a convolution from `size` to `count` positions. */
function frontOf(size: number, count: number, stride: number, reach: number): number {
  return Math.floor(Math.max(0, (count - 1) * stride + reach - size) / 2)
}

/** Steps along depth, height and width; pictures have one along the depth. */
function three(node: SourceNode, name: string): Three {
  return three3(ints(node, name).slice(1, -1))
}

function three3(sizes: readonly number[]): Three {
  return [...new Array<number>(3 - sizes.length).fill(1), ...sizes] as unknown as Three
}

/** Batch, depth, height and width. */
function spatial(shape: readonly number[]): readonly [number, ...Three] {
  return [shape[0]!, ...three3(shape.slice(1, -1))]
}

function* chunks<T>(all: readonly T[], size: number): Generator<readonly T[]> {
  for (let i = 0; i < all.length; i += size) yield all.slice(i, i + size)
}
