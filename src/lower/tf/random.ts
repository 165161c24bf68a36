import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

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

export const randomOps: LoweringRegistry = {
  RandomUniform: drawn(op.randomUniform),
  RandomStandardNormal: drawn(op.randomStandardNormal),
  RandomUniformInt: uniformInt,
  Multinomial: multinomial,
}
