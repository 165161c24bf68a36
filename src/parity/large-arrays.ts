import { bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { broadcastShapes } from '../core/shape.ts'
import { flag } from '../import/node-attrs.ts'
import type { SourceNode } from '../import/source-graph.ts'
import type { NodeEvaluator } from './node-evaluator.ts'
import { spread } from './spread.ts'

/*
 * Ops that are one formula, on arrays so large that TensorFlow.js's backend in JavaScript would take most of the check's time: in float64,
 * rounded once.
 */

/** Elements of a result from which on it is worth it. */
const manyElements = 1 << 15

/** TensorFlow's ops of one number. */
export const unary: Readonly<Record<string, (x: number) => number>> = Object.assign(Object.create(null), {
  Relu: (x: number) => (x < 0 ? 0 : x),
  Relu6: (x: number) => (x < 0 ? 0 : x > 6 ? 6 : x),
  Elu: (x: number) => (x < 0 ? Math.expm1(x) : x),
  Sigmoid: (x: number) => 1 / (1 + Math.exp(-x)),
  Tanh: Math.tanh,
  Neg: (x: number) => -x,
  Exp: Math.exp,
  Sqrt: Math.sqrt,
  Rsqrt: (x: number) => 1 / Math.sqrt(x),
  Square: (x: number) => x * x,
} satisfies Record<string, (x: number) => number>)

const sum = (x: number, y: number): number => x + y
const times = (x: number, y: number): number => x * y
const binary: Readonly<Record<string, (x: number, y: number) => number>> = Object.assign(Object.create(null), {
  Add: sum,
  AddV2: sum,
  BiasAdd: sum,
  Sub: (x: number, y: number) => x - y,
  Mul: times,
  RealDiv: (x: number, y: number) => x / y,
  Maximum: (x: number, y: number) => Math.max(x, y),
  Minimum: (x: number, y: number) => Math.min(x, y),
  SquaredDifference: (x: number, y: number) => (x - y) * (x - y),
} satisfies Record<string, (x: number, y: number) => number>)

type Formula = (node: SourceNode, operands: readonly NdArray[]) => NdArray | undefined

const others: Readonly<Record<string, Formula>> = Object.assign(Object.create(null), {
  FusedBatchNorm: normalized,
  FusedBatchNormV2: normalized,
  FusedBatchNormV3: normalized,
  Mean: means,
  Pad: padded,
  Softmax: softmax,
} satisfies Record<string, Formula>)

/** Nodes of which the first operand or the result has `least` elements and more; all else it leaves to others. */
export function largeArrayEvaluator(least = manyElements): NodeEvaluator {
  return {
    name: 'plain loops over large arrays',
    async evaluate(node, operands, outputs) {
      if (outputs.some((i) => i !== 0) || operands[0]?.dtype !== 'f32' || isChannelsFirst(node)) return undefined
      const result = resultOf(node, operands, least)
      return result && new Map([[0, result]])
    },
  }
}

function isChannelsFirst({ attrs }: SourceNode): boolean {
  const a = attrs.get('data_format')
  return a?.kind === 'string' && a.value.startsWith('NC')
}

function resultOf(node: SourceNode, operands: readonly NdArray[], least: number): NdArray | undefined {
  const [x, y] = operands
  const [f1, f2] = [unary[node.op], binary[node.op]]
  if (f2 && x && y?.dtype === 'f32') return ofPairs(x, y, f2, least)
  if (!x || sizeOf(x) < least) return undefined
  if (f1) return made(x.shape, floats(x), f1)
  return others[node.op]?.(node, operands)
}

const floats = (x: NdArray): Float32Array => typedView('f32', x.bytes)

function made(shape: readonly number[], x: Float32Array, f: (x: number) => number): NdArray {
  const to = new Float32Array(x.length)
  for (let i = 0; i < to.length; i++) to[i] = f(x[i]!)
  return { dtype: 'f32', shape, bytes: bytesOf(to) }
}

function ofPairs(x: NdArray, y: NdArray, f: (x: number, y: number) => number, least: number): NdArray | undefined {
  const shape = broadcastShapes(x.shape, y.shape) as readonly number[] | undefined
  const count = shape?.reduce((n, d) => n * d, 1) ?? 0
  if (!shape || count < least) return undefined
  const to = new Float32Array(count)
  const a = spread(x, shape)
  // What is repeated as a whole need not be written out.
  const b = isSuffix(y.shape, shape) ? floats(y) : spread(y, shape)
  for (let at = 0; at < to.length; at += b.length) pairs(a.subarray(at, at + b.length), b, to.subarray(at, at + b.length), f)
  return { dtype: 'f32', shape, bytes: bytesOf(to) }
}

/** Sums and products in loops of their own: a loop that calls one function after the other for elements takes four times as long. */
function pairs(a: Float32Array, b: Float32Array, to: Float32Array, f: (x: number, y: number) => number): void {
  if (f === sum) for (let i = 0; i < to.length; i++) to[i] = a[i]! + b[i]!
  else if (f === times) for (let i = 0; i < to.length; i++) to[i] = a[i]! * b[i]!
  else for (let i = 0; i < to.length; i++) to[i] = f(a[i]!, b[i]!)
}

/** Whether an array repeated along leading axes has the shape: all others are its own. */
function isSuffix(own: readonly number[], shape: readonly number[]): boolean {
  const axes = own.slice(own.findIndex((d) => d !== 1))
  return own.some((d) => d !== 1) && String(axes) === String(shape.slice(shape.length - axes.length))
}

/** With the statistics it is given. @see TensorFlow fused_batch_norm_op.cc */
function normalized({ attrs }: SourceNode, [x, scale, offset, mean, variance]: readonly NdArray[]): NdArray | undefined {
  const [training, epsilon] = [attrs.get('is_training'), attrs.get('epsilon')]
  // An attribute that is not there means that the batch's own statistics are taken.
  if (training?.kind !== 'bool' || training.value || epsilon?.kind !== 'float') return undefined
  if (![scale, offset, mean, variance].every((v) => v?.dtype === 'f32')) return undefined
  const [s, o, m, v] = [scale, offset, mean, variance].map((p) => floats(p!)) as [Float32Array, Float32Array, Float32Array, Float32Array]
  const factor = Float64Array.from(s, (k, c) => k / Math.sqrt(v[c]! + epsilon.value))
  const from = floats(x!)
  const to = new Float32Array(from.length)
  const channels = s.length
  for (let i = 0; i < to.length; ) for (let c = 0; c < channels; c++, i++) to[i] = (from[i]! - m[c]!) * factor[c]! + o[c]!
  return { dtype: 'f32', shape: x!.shape, bytes: bytesOf(to) }
}

/** Over neighbouring axes. */
function means(node: SourceNode, [x, axes]: readonly NdArray[]): NdArray | undefined {
  const rank = x!.shape.length
  const over = [...(axes ? (toFloat32(axes) ?? []) : [])].map((a) => (a < 0 ? a + rank : a)).sort((a, b) => a - b)
  const [first] = over
  if (first === undefined || over.some((a, i) => a !== first + i || a >= rank)) return undefined
  const isKept = flag(node, 'keep_dims')
  const size = (from: number, to: number) => x!.shape.slice(from, to).reduce((a, b) => a * b, 1)
  const [outer, count, inner] = [size(0, first), size(first, first + over.length), size(first + over.length, rank)]
  const from = floats(x!)
  const to = new Float32Array(outer * inner)
  const sums = new Float64Array(inner)
  for (let n = 0, i = 0; n < outer; n++) {
    sums.fill(0)
    for (let k = 0; k < count; k++) for (let c = 0; c < inner; c++) sums[c]! += from[i++]!
    for (let c = 0; c < inner; c++) to[n * inner + c] = sums[c]! / count
  }
  const shape = x!.shape.flatMap((d, axis) => (!over.includes(axis) ? [d] : isKept ? [1] : []))
  return { dtype: 'f32', shape, bytes: bytesOf(to) }
}

/** With zeros. */
function padded(_: SourceNode, [x, paddings]: readonly NdArray[]): NdArray | undefined {
  const pads = paddings && toFloat32(paddings)
  const { shape } = x!
  if (!pads || shape.length === 0 || pads.length !== 2 * shape.length || pads.some((p) => p < 0)) return undefined
  const to = shape.map((d, axis) => d + pads[2 * axis]! + pads[2 * axis + 1]!)
  const result = new Float32Array(to.reduce((a, b) => a * b, 1))
  const from = floats(x!)
  // `source` and `target` count the rows before those of the axis.
  const copy = (axis: number, source: number, target: number): void => {
    const [size, wide, before] = [shape[axis]!, to[axis]!, pads[2 * axis]!]
    if (axis === shape.length - 1) result.set(from.subarray(source * size, source * size + size), target * wide + before)
    else for (let i = 0; i < size; i++) copy(axis + 1, source * size + i, target * wide + before + i)
  }
  copy(0, 0, 0)
  return { dtype: 'f32', shape: to, bytes: bytesOf(result) }
}

function softmax(_: SourceNode, [x]: readonly NdArray[]): NdArray | undefined {
  const row = x!.shape.at(-1) ?? 0
  const from = floats(x!)
  const to = new Float32Array(from.length)
  const powers = new Float64Array(row)
  for (let at = 0; at < to.length; at += row) {
    let largest = Number.NEGATIVE_INFINITY
    for (let i = 0; i < row; i++) largest = Math.max(largest, from[at + i]!)
    let total = 0
    for (let i = 0; i < row; i++) total += powers[i] = Math.exp(from[at + i]! - largest)
    for (let i = 0; i < row; i++) to[at + i] = powers[i]! / total
  }
  return { dtype: 'f32', shape: x!.shape, bytes: bytesOf(to) }
}
