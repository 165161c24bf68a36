import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { toI32 } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

function reduce(spec: { readonly name: string }) {
  return (n: SourceOp, b: OpBuilder): Value =>
    b.op(spec as typeof op.mean, [n.in(0), toI32(b, n.in(1))], { keepDims: n.bool('keep_dims', false) })
}

export const reductions: LoweringRegistry = {
  Mean: reduce(op.mean),
  Sum: reduce(op.sum),
  Max: reduce(op.reduceMax),
  Min: reduce(op.reduceMin),
  Prod: reduce(op.reduceProd),
  Any: reduce(op.reduceAny),
  All: reduce(op.reduceAll),
}
