import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { dense } from '../layers.ts'
import { reshapeTo, toF32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** At inference these give back what they take. */
const identity = layer((k) => k.x)

function denseLayer(k: KerasOp, b: OpBuilder): Value {
  const y = dense(b, k.f32, k.required('kernel'))
  const bias = k.weight('bias')
  return activate(k, b, bias ? b.op(op.add, [y, bias]) : y)
}

function einsumDense(k: KerasOp, b: OpBuilder): Value {
  const y = tensorflowOp(k, b, 'Einsum', [k.f32, k.required('kernel')], { equation: k.text('equation') })[0]!
  return activate(k, b, einsumBiased(k, b, y, k.weight('bias')))
}

/**
 * The result of an `EinsumDense` with its bias. On TensorFlow Keras 3 takes a bias of one dim, apart from dims of size 1, for one along dim 1 of the
 * result when its size is that of dim 1 and not of the last. @see keras.src.backend.tensorflow.numpy.add
 */
export function einsumBiased(k: KerasOp, b: OpBuilder, y: Value, bias: Value | undefined): Value {
  if (!bias) return y
  const long = bias.type.shape.filter((d) => d !== 1)
  const { shape } = y.type
  const isFirst = k.keras.version === 3 && long.length === 1 && shape.length > 1 && shape[1] === long[0] && shape.at(-1) !== long[0]
  return b.op(op.add, [y, isFirst ? reshapeTo(b, bias, [long[0]!, ...shape.slice(2).map(() => 1)]) : bias])
}

/** Rows of the table by number. */
function embedding(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.gather, [k.required('embeddings'), indices(b, k.x)], { axis: 0, batchDims: 0 })
}

function indices(b: OpBuilder, x: Value): Value {
  return x.type.dtype === 'i32' || x.type.dtype === 'i64' ? x : b.op(op.cast, [x], { to: 'i32' })
}

/** Numbers to rows, or rows to the likelihood of each number: the same table. */
function reversibleEmbedding(k: KerasOp, b: OpBuilder): Value {
  const reverse = k.argument(1, 'reverse') === true
  if (!reverse) return embedding(k, b)
  const table = k.weight('reverse_embeddings')
  return table ? dense(b, k.f32, table) : b.op(op.fullyConnected, [k.f32, k.required('embeddings'), null], { keepNumDims: k.rank > 2 })
}

/** Steps that hold nothing but `mask_value` become 0; `masks.ts` reads the mask itself. */
function masking(k: KerasOp, b: OpBuilder): Value {
  return b.op(op.mul, [k.f32, toF32(b, isUnmasked(k, b, true))])
}

/** Whether a step holds something else than `mask_value`. */
function isUnmasked(k: KerasOp, b: OpBuilder, keepDims: boolean): Value {
  const differs = b.op(op.notEqual, [k.f32, b.f32([Math.fround(k.num('mask_value', 0))])])
  return b.op(op.reduceAny, [differs, b.i32([k.rank - 1])], { keepDims })
}

/** The mask of `Embedding` with `mask_zero`: whether the number is not 0. */
function isNotZero(k: KerasOp, b: OpBuilder): Value {
  const x = k.x.type.dtype === 'f32' ? k.x : indices(b, k.x)
  return b.op(op.notEqual, [x, x.type.dtype === 'f32' ? b.f32([0]) : b.op(op.cast, [b.i32([0], [])], { to: x.type.dtype })])
}

/** What `masks.ts` asks for of these layers. */
export const coreMasks: LoweringRegistry = {
  'Embedding.mask': layer(isNotZero),
  'Masking.mask': layer((k, b) => isUnmasked(k, b, false)),
}

export const coreLayers: LoweringRegistry = {
  Dense: layer(denseLayer),
  EinsumDense: layer(einsumDense),
  Embedding: layer(embedding),
  ReversibleEmbedding: layer(reversibleEmbedding),
  Masking: layer(masking),
  Dropout: identity,
  StochasticDepth: identity,
  SpatialDropout1D: identity,
  SpatialDropout2D: identity,
  SpatialDropout3D: identity,
  GaussianNoise: identity,
  GaussianDropout: identity,
  AlphaDropout: identity,
  ActivityRegularization: identity,
  Identity: identity,
}
