import { byteLengthOf, bytesOf, typedView } from '../core/dtype.ts'
import { type NdArray, sizeOf, toFloat32 } from '../core/nd-array.ts'
import { stridesOf } from '../core/shape.ts'
import type { SourceAttr, SourceNode } from '../import/source-graph.ts'
import type { NodeEvaluator } from './node-evaluator.ts'

/*
 * Ops whose results have sizes that values decide: reference kernels know their sizes before they run, and TensorFlow.js has not these.
 */

type Definition = (node: SourceNode, operands: readonly NdArray[]) => readonly NdArray[] | undefined

const definitions: Readonly<Record<string, Definition>> = Object.assign(Object.create(null), {
  CTCGreedyDecoder: ctcGreedyDecoder,
  DynamicPartition: dynamicPartition,
  ListDiff: listDiff,
  Where: where,
  Unique: uniqueWithCounts,
  UniqueV2: uniqueWithCounts,
  UniqueWithCounts: uniqueWithCounts,
  UniqueWithCountsV2: uniqueWithCounts,
} satisfies Record<string, Definition>)

export const sizedByValuesEvaluator: NodeEvaluator = {
  name: 'plain loops',
  async evaluate(node, operands, outputs) {
    const results = definitions[node.op]?.(node, operands)
    return results && new Map(outputs.map((i) => [i, results[i]!]))
  },
}

/** Of float32 scores [T,N,C]. @see https://www.tensorflow.org/api_docs/python/tf/nn/ctc_greedy_decoder */
function ctcGreedyDecoder({ attrs }: SourceNode, [scores, lengths]: readonly NdArray[]): readonly NdArray[] | undefined {
  if (scores?.dtype !== 'f32' || lengths?.dtype !== 'i32' || scores.shape.length !== 3) return undefined
  const [merges, stated] = [attrs.get('merge_repeated'), attrs.get('blank_index')]
  const [steps, batch, classes] = scores.shape as [number, number, number]
  const blank = stated?.kind === 'int' && stated.value >= 0 ? stated.value : classes - 1
  const [all, counts] = [typedView('f32', scores.bytes), typedView('i32', lengths.bytes)]
  const [indices, labels, sums]: [bigint[], bigint[], number[]] = [[], [], []]
  let longest = 0
  for (let n = 0; n < batch; n++) {
    let [length, last, sum] = [0, -1, 0]
    for (let t = 0; t < Math.min(steps, counts[n]!); t++) {
      const row = all.subarray((t * batch + n) * classes, (t * batch + n + 1) * classes)
      const label = row.reduce((best, s, c) => (s > row[best]! ? c : best), 0)
      sum -= row[label]!
      if (label !== blank && !(merges?.kind === 'bool' && merges.value && label === last)) {
        indices.push(BigInt(n), BigInt(length++))
        labels.push(BigInt(label))
      }
      last = label
    }
    longest = Math.max(longest, length)
    sums.push(sum)
  }
  const wide = (values: readonly bigint[], shape: readonly number[]): NdArray => ({
    dtype: 'i64',
    shape,
    bytes: bytesOf(BigInt64Array.from(values)),
  })
  return [
    wide(indices, [labels.length, 2]),
    wide(labels, [labels.length]),
    wide([BigInt(batch), BigInt(longest)], [2]),
    { dtype: 'f32', shape: [batch, 1], bytes: bytesOf(Float32Array.from(sums)) },
  ]
}

/** More parts are taken for damage. */
const maxParts = 65_536

/** @see https://www.tensorflow.org/api_docs/python/tf/dynamic_partition */
function dynamicPartition({ attrs }: SourceNode, [data, partitions]: readonly NdArray[]): readonly NdArray[] | undefined {
  const count = attrs.get('num_partitions')
  if (count?.kind !== 'int' || count.value > maxParts || !data || partitions?.dtype !== 'i32') return undefined
  const { rank, rows } = { rank: partitions.shape.length, rows: typedView('i32', partitions.bytes) }
  if (String(data.shape.slice(0, rank)) !== String(partitions.shape) || rows.some((p) => p < 0 || p >= count.value)) return undefined
  const inner = data.shape.slice(rank)
  const width = byteLengthOf(
    data.dtype,
    inner.reduce((a, b) => a * b, 1),
  )
  return Array.from({ length: count.value }, (_, part) => {
    const own = [...rows.keys()].filter((i) => rows[i] === part)
    const bytes = new Uint8Array(own.length * width)
    for (const [k, i] of own.entries()) bytes.set(data.bytes.subarray(i * width, (i + 1) * width), k * width)
    return { dtype: data.dtype, shape: [own.length, ...inner], bytes }
  })
}

/** Of numbers, in the order in which they come first. @see https://www.tensorflow.org/api_docs/python/tf/unique_with_counts */
function uniqueWithCounts({ attrs }: SourceNode, [x]: readonly NdArray[]): readonly NdArray[] | undefined {
  if (x?.shape.length !== 1) return undefined
  const keys = keysOf(x)
  const numbers = new Map<string, number>()
  const firsts: number[] = []
  const counts: number[] = []
  const indices = Array.from({ length: sizeOf(x) }, (_, i) => {
    const key = keys[i]!
    const at = numbers.get(key) ?? numbers.set(key, firsts.push(i) - 1).get(key)!
    counts[at] = (counts[at] ?? 0) + 1
    return at
  })
  const type = attrs.get('out_idx')
  return [elementsAt(x, firsts), integersOf(type, indices), integersOf(type, counts)]
}

/** Numbers of a vector that another has not, and where they are. @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/ListDiff */
function listDiff({ attrs }: SourceNode, [x, y]: readonly NdArray[]): readonly NdArray[] | undefined {
  if (x?.shape.length !== 1 || y?.dtype !== x.dtype) return undefined
  const others = new Set(keysOf(y).filter((key) => !key.startsWith('NaN')))
  const left = keysOf(x).flatMap((key, i) => (others.has(key) ? [] : [i]))
  return [elementsAt(x, left), integersOf(attrs.get('out_idx'), left)]
}

/** What equal elements have in common: zeros of both signs are one number, and what is no number is like no other. */
function keysOf(x: NdArray): string[] {
  const width = byteLengthOf(x.dtype, 1)
  const floats = x.dtype === 'f32' || x.dtype === 'f16' || x.dtype === 'bf16' ? toFloat32(x) : undefined
  return Array.from({ length: sizeOf(x) }, (_, i) => {
    const number = floats?.[i]
    return Number.isNaN(number) ? `NaN ${i}` : String(number ?? x.bytes.subarray(i * width, (i + 1) * width))
  })
}

function elementsAt({ dtype, bytes }: NdArray, places: readonly number[]): NdArray {
  const width = byteLengthOf(dtype, 1)
  const picked = new Uint8Array(places.length * width)
  for (const [k, i] of places.entries()) picked.set(bytes.subarray(i * width, (i + 1) * width), k * width)
  return { dtype, shape: [places.length], bytes: picked }
}

/** As i32, or as i64 where the attribute says so. */
function integersOf(type: SourceAttr | undefined, values: readonly number[]): NdArray {
  return type?.kind === 'type' && type.value === 'i64'
    ? { dtype: 'i64', shape: [values.length], bytes: bytesOf(BigInt64Array.from(values, BigInt)) }
    : { dtype: 'i32', shape: [values.length], bytes: bytesOf(Int32Array.from(values)) }
}

/** Coordinates of what is not zero, in row-major order. */
function where(_: SourceNode, [x]: readonly NdArray[]): readonly NdArray[] | undefined {
  if (!x || x.dtype === 'c64' || x.dtype === 'string') return undefined
  const width = byteLengthOf(x.dtype, 1)
  // The sign of a float's zero is its highest bit.
  const isZero = (byte: number, at: number): boolean => byte === 0 || (/f/.test(x.dtype) && byte === 0x80 && at === width - 1)
  const pitch = stridesOf(x.shape)
  const places = Array.from({ length: sizeOf(x) }, (__, i) => i).filter((i) => !x.bytes.subarray(i * width, (i + 1) * width).every(isZero))
  const coordinates = places.flatMap((i) => x.shape.map((size, axis) => BigInt(Math.floor(i / pitch[axis]!) % size)))
  return [{ dtype: 'i64', shape: [places.length, x.shape.length], bytes: bytesOf(BigInt64Array.from(coordinates)) }]
}
