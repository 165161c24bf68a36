import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo, sizeAt, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { erfinv } from './special.ts'

/*
 * Random numbers of LiteRT's own generator: the distribution is TensorFlow's, the numbers are not.
 */

function drawn(spec: typeof op.randomUniform | typeof op.randomStandardNormal) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const seeds = { seed: n.int('seed', 0), seed2: n.int('seed2', 0) }
    return castTo(b, b.op(spec as typeof op.randomUniform, [toI32(b, n.in(0))], seeds), n.type('dtype', 'f32'))
  }
}

/** floor(u * (max - min)) + min. */
function uniformInt(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const { dtype } = n.in(1).type
  const u = b.op(op.randomUniform, [toI32(b, n.in(0))], { seed: n.int('seed', 0), seed2: n.int('seed2', 0) })
  const [low, high] = [toI32(b, n.in(1)), toI32(b, n.in(2))]
  const offset = castTo(b, f.floor(f.mul(u, castTo(b, f.sub(high, low), 'f32'))), 'i32')
  return castTo(b, f.add(offset, low), dtype)
}

function multinomial(n: SourceOp, b: OpBuilder): Value {
  const seeds = { seed: n.int('seed', 0), seed2: n.int('seed2', 0) }
  return b.op(op.multinomial, [n.in(0), toI32(b, n.in(1))], { ...seeds, to: n.type('output_dtype', 'i64') })
}

/** The part of the normal distribution that lies within two deviations, erf(sqrt 2) of it: its quantile function of uniform numbers. */
function truncatedNormal(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const u = b.op(op.randomUniform, [toI32(b, n.in(0))], { seed: n.int('seed', 0), seed2: n.int('seed2', 0) })
  const x = f.mul(erfinv(f, f.mul(f.sub(f.mul(u, 2), 1), withinTwo)), Math.SQRT2)
  return castTo(b, x, n.type('dtype', 'f32'))
}
const withinTwo = 0.9544997361036416

/** Rows in the order of random numbers. */
function shuffle(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  if (x.type.shape.length === 0) return x
  const count = sizeAt(b, x, 0)
  const u = b.op(op.randomUniform, [reshapeTo(b, count, [1])], { seed: n.int('seed', 0), seed2: n.int('seed2', 0) })
  const [, order] = b.ops(op.topkV2, [u, count]) as [Value, Value]
  const y = b.op(op.gather, [x, order], { axis: 0 })
  return b.graph.updateValue(y.id, { type: { ...y.type, shape: x.type.shape } })
}

export const randomOps: LoweringRegistry = {
  TruncatedNormal: truncatedNormal,
  RandomShuffle: shuffle,
  RandomUniform: drawn(op.randomUniform),
  RandomStandardNormal: drawn(op.randomStandardNormal),
  RandomUniformInt: uniformInt,
  Multinomial: multinomial,
}
