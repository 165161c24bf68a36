import { largestF32 } from '../../../core/dtype.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { castTo } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, sumType } from './operation.ts'
import { cumulative, extreme, position, reduced } from './reductions.ts'

/*
 * Reductions that leave NaN out. Integers have none.
 */

const isNan = (f: Formula, x: Value): Value => f.notEqual(x, x)

/** `x` with another number in place of NaN. */
const filled = (f: Formula, x: Value, by: number): Value => (x.type.dtype === 'f32' ? f.select(isNan(f, x), by, x) : x)

const summed = (b: OpBuilder, x: Value): Value => castTo(b, x, sumType(x.type.dtype))

/** NaN where nothing else is. */
function extremeWithout(name: 'Max' | 'Min', worst: number): Lowering {
  return layer((k, b) => {
    const f = new Formula(b)
    const x = first(k, b)
    const y = extreme(k, b, name, filled(f, x, worst))
    return x.type.dtype === 'f32' ? f.select(reduced(k, b, 'All', isNan(f, x)), Number.NaN, y) : y
  })
}

/** -1 where nothing but NaN is. */
function positionWithout(name: 'ArgMax' | 'ArgMin', worst: number): Lowering {
  return layer((k, b) => {
    const f = new Formula(b)
    const x = first(k, b)
    const y = position(k, b, name, filled(f, x, worst))
    return x.type.dtype === 'f32' ? f.select(reduced(k, b, 'All', isNan(f, x)), -1, y) : y
  })
}

function mean(k: KerasOp, b: OpBuilder, keepDims?: boolean): Value {
  const f = new Formula(b)
  const x = first(k, b)
  if (x.type.dtype !== 'f32') return reduced(k, b, 'Mean', castTo(b, x, 'f32'), keepDims)
  const count = castTo(b, f.equal(x, x), 'f32')
  return f.div(reduced(k, b, 'Sum', filled(f, x, 0), keepDims), reduced(k, b, 'Sum', count, keepDims))
}

function variance(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const x = castTo(b, first(k, b), 'f32')
  const valid = f.equal(x, x)
  const centered = f.select(valid, f.sub(x, mean(k, b, true)), 0)
  return f.div(reduced(k, b, 'Sum', f.square(centered)), reduced(k, b, 'Sum', castTo(b, valid, 'f32')))
}

/** NaN and the infinities become numbers first, as in Keras. */
function cumulativeWithout(name: 'Cumsum' | 'Cumprod', neutral: number): Lowering {
  return layer((k, b) => {
    const f = new Formula(b)
    const x = filled(f, first(k, b), neutral)
    return cumulative(k, b, name, x.type.dtype === 'f32' ? f.max(f.min(x, largestF32), -largestF32) : x)
  })
}

export const withoutNan: LoweringRegistry = {
  Nansum: layer((k, b) => reduced(k, b, 'Sum', summed(b, filled(new Formula(b), first(k, b), 0)))),
  Nanprod: layer((k, b) => reduced(k, b, 'Prod', summed(b, filled(new Formula(b), first(k, b), 1)))),
  Nanmax: extremeWithout('Max', Number.NEGATIVE_INFINITY),
  Nanmin: extremeWithout('Min', Number.POSITIVE_INFINITY),
  Nanargmax: positionWithout('ArgMax', Number.NEGATIVE_INFINITY),
  Nanargmin: positionWithout('ArgMin', Number.POSITIVE_INFINITY),
  Nanmean: layer((k, b) => mean(k, b)),
  Nanvar: layer(variance),
  Nanstd: layer((k, b) => b.op(op.sqrt, [variance(k, b)])),
  Nancumsum: cumulativeWithout('Cumsum', 0),
  Nancumprod: cumulativeWithout('Cumprod', 1),
}
