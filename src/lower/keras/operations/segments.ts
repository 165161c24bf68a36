import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { Formula } from '../../formula.ts'
import { toI32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { numberOption, option, run, sizeOf } from './operation.ts'

/*
 * Rows reduced by segment.
 */

/** Unless it is stated: one more than the largest id, for sums as many as there are different ids. */
function segmentCount(k: KerasOp, b: OpBuilder, ids: Value, how: string): Value {
  const stated = option(k, 'num_segments')
  if (stated !== undefined && stated !== null) return b.i32([numberOption(k, 'num_segments', 0)], [])
  if (how !== 'Sum') return new Formula(b).add(b.op(op.reduceMax, [ids, b.i32([0])]), 1)
  const [different] = b.ops(op.unique, [ids], { idxOutType: 'i32' }) as [Value]
  return sizeOf(b, different, 0)
}

function segments(how: 'Sum' | 'Max' | 'Min' | 'Prod'): Lowering {
  return layer((k, b) => {
    const [data, ids] = [tensorOf(k, b, k.argument(0, 'data')), toI32(b, tensorOf(k, b, k.argument(1, 'segment_ids'), 'i32'))]
    if (option(k, 'sorted') === true) return run(k, b, `Segment${how}`, [data, ids])
    return run(k, b, `UnsortedSegment${how}`, [data, ids, segmentCount(k, b, ids, how)])
  })
}

export const segmentOperations: LoweringRegistry = {
  SegmentSum: segments('Sum'),
  SegmentMax: segments('Max'),
  SegmentMin: segments('Min'),
  SegmentProd: segments('Prod'),
}
