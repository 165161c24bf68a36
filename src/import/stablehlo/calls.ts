import type { MlirBlock } from '../../wire/mlir/types.ts'
import type { Tensor } from './body.ts'
import { namedFunction } from './elementwise.ts'
import type { HloOp, Translate, Translated } from './hlo-op.ts'
import { lapackCall } from './linear-algebra.ts'
import { approxTopK, topK } from './sorts.ts'
import { dynamicReduceWindow } from './windows.ts'

const whole = (o: HloOp): Tensor[] => o.op.operands.map((_, i) => o.in(i))

/** An op that its maker named, beside the function of what it is made of. */
function composite(o: HloOp): Translated {
  const name = o.word('name')
  const known = namedFunction(o, name)
  if (known) return known
  if (name === 'chlo.top_k') {
    const attrs = o.op.attrs.get('composite_attributes')
    const k = attrs?.kind === 'dictionary' ? attrs.entries.get('k') : undefined
    if (k?.kind === 'int') return topK(o, o.body.ints([Number(k.value)], []))
  }
  return o.body.ops(o.scope.function(o.word('decomposition')), whole(o), {}, o.op.results.length)
}

/** Calls that leave the operands as they are, and only check or place them. */
const handsOn = /^(Sharding|SPMD.*|annotate_device_placement|xla\.sdy\..*|LayoutConstraint|shape_assertion)$/

/** The body of the function that a call names beside its target. */
function called(o: HloOp): MlirBlock {
  const names = o.op.attrs.get('called_computations')
  const name = names?.kind === 'array' ? names.items[0] : undefined
  return (name?.kind === 'string' && o.scope.block(name.value)) || o.refuse()
}

function customCall(o: HloOp): Translated {
  const target = o.word('call_target_name')
  const known = namedFunction(o, target)
  if (known) return known
  if (handsOn.test(target)) return o.op.results.map((_, i) => o.bound(i))
  if (target === 'mhlo.topk' || target === 'stablehlo.dynamic_top_k') {
    if (o.op.operands.length > 1) return topK(o, o.in(1))
    const k = o.result().at(-1)
    return k === undefined ? o.refuse() : topK(o, o.body.ints([k], []))
  }
  if (target === 'ApproxTopK') return approxTopK(o, called(o))
  if (target === 'stablehlo.dynamic_reduce_window') return dynamicReduceWindow(o, called(o))
  return lapackCall(o, target) ?? o.refuse()
}

export const calls: Readonly<Record<string, Translate>> = {
  call: (o) => o.body.ops(o.scope.function(o.word('callee')), whole(o), {}, o.op.results.length),
  composite,
  custom_call: customCall,
}
