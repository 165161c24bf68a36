import { divDims, mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { reshapeTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { type KerasOp, layer } from './keras-op.ts'

/** [N,T,..] -> [N*T,..] */
function fold(k: KerasOp, b: OpBuilder): Value {
  const [n, t, ...rest] = k.x.type.shape
  if (n === undefined || t === undefined) return k.reject('the input needs a batch and a dim of steps')
  return reshapeTo(b, k.x, [mulDims(n, t), ...rest])
}

/** [N*T,..] -> [N,T,..], sizes as in the wrapper's input. */
function unfold(k: KerasOp, b: OpBuilder): Value {
  const [n, t] = k.in(1).type.shape
  const [both, ...rest] = k.x.type.shape
  const batch = n !== undefined && t !== undefined && divDims(both!, t)
  if (!batch) return k.reject('the layer inside changes the batch')
  return reshapeTo(b, k.x, [n, t, ...rest], [k.in(1), k.x])
}

/** A layer for every step: the importer puts it between these. */
export const wrapperLayers: LoweringRegistry = {
  'TimeDistributed.fold': layer(fold),
  'TimeDistributed.unfold': layer(unfold),
}
