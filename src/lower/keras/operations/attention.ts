import { largestF32 } from '../../../core/dtype.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo, reshapeTo, toBool, toF32 } from '../../operands.ts'
import type { LoweringRegistry } from '../../registry.ts'
import { promoted, tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { knownSize, option, placesAlong, run } from './operation.ts'

/** Heads of keys and values that several heads of queries share, as often as they are used: [B,S,K,H] as [B,S,N,H]. */
function shared(k: KerasOp, b: OpBuilder, x: Value, heads: number): Value {
  const own = knownSize(k, x, 2)
  if (own === heads) return x
  const [batch, length, , size] = x.type.shape
  const wide = reshapeTo(b, x, [batch!, length!, own, 1, size!])
  const tiled = b.op(op.tile, [wide, b.i32([1, 1, 1, heads / own, 1])])
  return reshapeTo(b, tiled, [batch!, length!, heads, size!], [x, tiled])
}

/** Which keys each query sees: [T,S], those that stand no later. */
function causalMask(b: OpBuilder, query: Value, key: Value): Value {
  const rows = reshapeTo(b, placesAlong(b, query, 1), [query.type.shape[1]!, 1])
  return new Formula(b).lessEqual(placesAlong(b, key, 1), rows)
}

/** @see keras.ops.dot_product_attention: [B,T,N,H], [B,S,K,H], [B,S,K,H] to [B,T,N,H] */
function dotProductAttention(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  if (option(k, 'flash_attention') === true) return k.reject('flash_attention is not supported')
  const tensors = promoted(k, b, [k.argument(0, 'query'), k.argument(1, 'key'), k.argument(2, 'value')])
  const [query, keys, values] = tensors.map((v) => toF32(b, v)) as [Value, Value, Value]
  if (query.type.shape.length !== 4) return k.reject('its operands must have rank 4')
  const heads = knownSize(k, query, 2)
  const [key, value] = [shared(k, b, keys, heads), shared(k, b, values, heads)]
  const stated = k.argument(5, 'scale')
  const scale =
    stated === undefined ? b.f32([Math.fround(1 / Math.sqrt(knownSize(k, key, 3)))], []) : toF32(b, tensorOf(k, b, stated, 'f32'))
  const product = f.mul(run(k, b, 'Einsum', [query, key], { equation: 'BTNH,BSNH->BNTS' }), scale)
  const bias = k.argument(3, 'bias')
  const logits = bias === undefined ? product : f.add(product, toF32(b, tensorOf(k, b, bias)))
  const mask = k.argument(4, 'mask')
  const masks = [
    ...(mask === undefined ? [] : [toBool(b, tensorOf(k, b, mask))]),
    ...(option(k, 'is_causal') === true ? [causalMask(b, query, key)] : []),
  ]
  const seen = masks.reduce((x, m) => f.select(m, x, -0.7 * largestF32), logits)
  return run(k, b, 'Einsum', [castTo(b, b.op(op.softmax, [seen], { beta: 1 }), 'f32'), value], { equation: 'BNTS,BSNH->BTNH' })
}

export const attentionOperations: LoweringRegistry = { DotProductAttention: layer(dotProductAttention) }
