import { largestF32 } from '../../core/dtype.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { formatType } from '../../ops/diagnostics.ts'
import { op } from '../../ops/index.ts'
import { expandDims, toBool, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { einsumBiased } from './core.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { placesAlong } from './operations/operation.ts'

const and = (b: OpBuilder, masks: readonly (Value | undefined)[]): Value | undefined =>
  masks.filter((m) => m !== undefined).reduce<Value | undefined>((all, m) => (all ? b.op(op.logicalAnd, [all, m]) : m), undefined)

/** Sequences are [N,T,..] with features behind. */
function checkRanks(k: KerasOp, sequences: readonly Value[]): void {
  for (const { type } of sequences) {
    if (type.shape.length < 3) k.reject(`query, value and key must have rank 3 or more, found ${formatType(type)}`)
  }
}

/** [T,S], true where step s is not after step t and, with a window, less than `window` before it. */
function causalMask(
  b: OpBuilder,
  query: Value,
  value: Value,
  options: { readonly isCausal: boolean; readonly window: number | undefined },
): Value {
  const rows = expandDims(b, placesAlong(b, query, 1), 1)
  const columns = expandDims(b, placesAlong(b, value, 1), 0)
  const distance = b.op(op.sub, [rows, columns])
  const near = options.window === undefined ? undefined : b.op(op.less, [b.op(op.abs, [distance]), b.i32([options.window], [])])
  const past = options.isCausal ? b.op(op.greaterEqual, [distance, b.i32([0], [])]) : undefined
  return and(b, [past, near])!
}

const mul = (b: OpBuilder, x: Value, factor: number | Value): Value =>
  b.op(op.mul, [x, typeof factor === 'number' ? b.f32([Math.fround(factor)]) : factor])

/** Scores [N,T,S] of `Attention` and `AdditiveAttention`: products, or tanh of sums. */
function scoresOf(k: KerasOp, b: OpBuilder, query: Value, key: Value, isAdditive: boolean): Value {
  const scale = k.weight('scale')
  const mode = isAdditive ? 'concat' : k.text('score_mode', 'dot')
  if (mode === 'dot') {
    const scores = b.op(op.batchMatmul, [query, key], { adjY: true })
    return scale ? mul(b, scores, scale) : scores
  }
  if (mode !== 'concat') return k.reject(`score_mode ${mode} is not supported`)
  const sums = b.op(op.add, [expandDims(b, query, 2), expandDims(b, key, 1)])
  if (isAdditive) {
    const bent = b.op(op.tanh, [sums])
    return b.op(op.sum, [scale ? mul(b, bent, scale) : bent, b.i32([3])])
  }
  const bent = b.op(op.sum, [b.op(op.tanh, [scale ? mul(b, sums, scale) : sums]), b.i32([3])])
  return mul(b, bent, k.required('concat_score_weight'))
}

function attention(isAdditive: boolean) {
  return layer((k, b): readonly Value[] => {
    const [query, value, key = value] = k.tensors(0, 'inputs').map((v) => v && toF32(b, v))
    if (!query || !value || !key) return k.reject('it takes a list of a query, a value and perhaps a key')
    checkRanks(k, [query, value, key])
    const [queryMask, valueMask] = k.tensors(1, 'mask').map((m) => m && toBool(b, m))
    const isCausal = k.argument(4, 'use_causal_mask') === true || k.flag('causal', false)
    const mask = and(b, [
      valueMask && expandDims(b, valueMask, 1),
      isCausal ? expandDims(b, causalMask(b, query, value, { isCausal, window: undefined }), 0) : undefined,
    ])
    const scores = scoresOf(k, b, query, key, isAdditive)
    const open = mask ? b.op(op.sub, [scores, mul(b, toF32(b, b.op(op.logicalNot, [mask])), 1e9)]) : scores
    const weights = b.op(op.softmax, [open], { beta: 1 })
    const result = b.op(op.batchMatmul, [weights, value])
    const masked = queryMask ? b.op(op.mul, [result, toF32(b, expandDims(b, queryMask, 2))]) : result
    return k.argument(3, 'return_attention_scores') === true ? [masked, weights] : [masked]
  })
}

/** `abc,cde->abde`: the last `bound` dims of x against those of the kernel. */
function project(k: KerasOp, b: OpBuilder, x: Value, part: string, bound: number): Value {
  const kernel = k.required(`${part}/kernel`)
  const names = 'abcdefghijklmnopqrstuvwxyz'
  const rank = x.type.shape.length
  const out = names.slice(rank, rank + kernel.type.shape.length - bound)
  const inner = names.slice(rank - bound, rank)
  const equation = `${names.slice(0, rank)},${inner}${out}->${names.slice(0, rank - bound)}${out}`
  const y = tensorflowOp(k, b, 'Einsum', [toF32(b, x), kernel], { equation })[0]!
  return einsumBiased(k, b, y, k.weight(`${part}/bias`))
}

/** The equations of scores and results for projections [N,..,H,K], attending over `axes`. @see keras _build_attention_equation */
function equations(rank: number, axes: readonly number[]): { readonly dot: string; readonly combine: string; readonly scores: string } {
  const letter = (i: number) => String.fromCharCode(97 + i)
  const target = Array.from({ length: rank }, (_, i) => letter(i))
  const batch = target.map((_, i) => i).filter((i) => !axes.includes(i) && i !== rank - 1)
  let next = rank
  const source = target.map((l, i) => (batch.includes(i) || i === rank - 1 ? l : letter(next++)))
  const scores = [...batch.map((i) => target[i]!), ...axes.map((i) => target[i]!), ...axes.map((i) => source[i]!)].join('')
  return {
    dot: `${target.join('')},${source.join('')}->${scores}`,
    combine: `${scores},${source.join('')}->${target.join('')}`,
    scores,
  }
}

/** Softmax over the last `count` dims. */
function softmaxOverLast(b: OpBuilder, x: Value, count: number): Value {
  if (count === 1) return b.op(op.softmax, [x], { beta: 1 })
  const at = b.i32(Array.from({ length: count }, (_, i) => x.type.shape.length - count + i))
  const exp = b.op(op.exp, [b.op(op.sub, [x, b.op(op.reduceMax, [x, at], { keepDims: true })])])
  return b.op(op.div, [exp, b.op(op.sum, [exp, at], { keepDims: true })])
}

/**
 * Softmax of scores where the mask is true. Keras 2 adds -1e9 elsewhere; Keras 3 puts a large negative number there and, in its own softmax
 * layer (`isLayer`), takes 0 for the result.
 */
function maskedSoftmax(k: KerasOp, b: OpBuilder, scores: Value, mask: Value | undefined, count: number, isLayer: boolean): Value {
  if (!mask) return softmaxOverLast(b, scores, count)
  if (k.keras.version === 2) {
    const bias = mul(b, b.op(op.sub, [b.f32([1]), toF32(b, mask)]), -1e9)
    return softmaxOverLast(b, b.op(op.add, [scores, bias]), count)
  }
  const y = softmaxOverLast(b, b.op(op.selectV2, [mask, scores, b.f32([Math.fround(isLayer ? -1e9 : -0.7 * largestF32)])]), count)
  return isLayer ? b.op(op.selectV2, [mask, y, b.f32([0])]) : y
}

/** Masks [N,T,S] of a call: those of its tensors, its own, and one that hides later steps. */
function attentionMask(k: KerasOp, b: OpBuilder, query: Value, value: Value): Value | undefined {
  const own = k.tensor(6, 'attention_mask')
  const of = (position: number, name: string, axis: number) => {
    const m = k.tensor(position, name)
    return m && expandDims(b, toBool(b, m), axis === -1 ? m.type.shape.length : m.type.shape.length - 1)
  }
  const isCausal = k.argument(9, 'use_causal_mask') === true
  const window = typeof k.config('sliding_window') === 'number' ? k.num('sliding_window') : undefined
  const byPosition = isCausal || window !== undefined ? expandDims(b, causalMask(b, query, value, { isCausal, window }), 0) : undefined
  const auto = and(b, [of(3, 'query_mask', -1), of(4, 'value_mask', -2), of(5, 'key_mask', -2), byPosition])
  return and(b, [own && toBool(b, own), auto])
}

function multiHead(k: KerasOp, b: OpBuilder, options: { readonly keyDim: number; readonly repeats: number }): readonly Value[] {
  const query = k.tensor(0, 'query') ?? k.in(0)
  const value = k.tensor(1, 'value') ?? k.reject('the value is missing')
  const key = k.tensor(2, 'key') ?? value
  checkRanks(k, [query, value, key])
  const mask = attentionMask(k, b, query, value)
  const withScores = k.argument(7, 'return_attention_scores') === true

  const q = project(k, b, query, 'query_dense', 1)
  const [keys, values] = [project(k, b, key, 'key_dense', 1), project(k, b, value, 'value_dense', 1)].map((v) =>
    repeatHeads(k, b, v, options.repeats, q.type.shape[2]),
  ) as [Value, Value]
  const rank = q.type.shape.length
  const stated = k.config('attention_axes')
  const axes = stated === undefined || stated === null ? Array.from({ length: rank - 3 }, (_, i) => i + 1) : attentionAxes(k, rank)
  const { dot, combine, scores: labels } = equations(rank, axes)
  const scaled = mul(b, q, 1 / Math.sqrt(options.keyDim))
  const scores = tensorflowOp(k, b, 'Einsum', [scaled, keys], { equation: dot })[0]!
  let wide = mask
  while (wide && wide.type.shape.length < labels.length) wide = expandDims(b, wide, wide.type.shape.length - 2 * axes.length)
  const isLayer = k.num('dropout', 0) > 0 || withScores || rank !== 4
  const weights = maskedSoftmax(k, b, scores, wide, axes.length, isLayer)
  const heads = tensorflowOp(k, b, 'Einsum', [weights, values], { equation: combine })[0]!
  const gated = k.flag('use_gate', false) ? b.op(op.mul, [heads, b.op(op.logistic, [project(k, b, query, 'gate_dense', 1)])]) : heads
  const result = project(k, b, gated, 'output_dense', 2)
  return withScores ? [result, weights] : [result]
}

function attentionAxes(k: KerasOp, rank: number): number[] {
  const v = k.config('attention_axes')
  return (typeof v === 'number' ? [v] : k.numbers('attention_axes')).map((a) => k.axis(a < 0 ? a + rank - 1 : a, rank))
}

/** [N,S,H,K] -> [N,S,H*repeats,K], each head several times in a row. */
function repeatHeads(k: KerasOp, b: OpBuilder, x: Value, repeats: number, wanted: Dim | undefined): Value {
  if (repeats === 1) return x
  const heads = x.type.shape[2] as number
  if (heads * repeats !== wanted) k.reject(`${heads} heads of keys, each taken ${repeats} times, do not fit ${wanted} heads of queries`)
  const order = Array.from({ length: heads * repeats }, (_, i) => Math.floor(i / repeats))
  return b.op(op.gather, [x, b.i32(order)], { axis: 2, batchDims: 0 })
}

function groupedQuery(k: KerasOp, b: OpBuilder): readonly Value[] {
  const [queries, pairs] = [k.num('num_query_heads'), k.num('num_key_value_heads')]
  if (!(pairs >= 1) || queries % pairs !== 0) k.reject(`${queries} query heads do not divide into ${pairs} groups`)
  return multiHead(k, b, { keyDim: k.num('head_dim'), repeats: queries / pairs })
}

export const attentionLayers: LoweringRegistry = {
  Attention: attention(false),
  AdditiveAttention: attention(true),
  MultiHeadAttention: layer((k, b) => multiHead(k, b, { keyDim: k.num('key_dim'), repeats: 1 })),
  GroupQueryAttention: layer(groupedQuery),
  GroupedQueryAttention: layer(groupedQuery),
}
