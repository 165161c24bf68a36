import { constFromBytes } from '../../core/bytes.ts'
import type { MlirAttr } from '../../wire/mlir/types.ts'
import { dtypeOf } from './elements.ts'
import { type Bound, type HloOp, isWhole, type Translate } from './hlo-op.ts'

/** One value everywhere is a scalar that is still to be broadcast. */
function constant(o: HloOp): Bound {
  const value = o.op.attrs.get('value')
  if (value?.kind !== 'tensor' || value.type.kind !== 'tensor') return o.refuse()
  const shape = value.type.shape as readonly number[]
  const own = value.isSplat ? [] : shape
  return { tensor: constantTensor(o, value, own), own }
}

function constantTensor(o: HloOp, value: MlirAttr & { readonly kind: 'tensor' }, shape: readonly number[]): string {
  const dtype = dtypeOf(value.type) ?? o.refuse()
  return o.body.constant({ dtype, shape, data: constFromBytes(value.bytes) })
}

/** Counts along one dim. */
export function iota(o: HloOp, dtype = o.resultDtype()): Bound {
  const shape = o.result()
  const axis = o.dim('iota_dimension', shape.length)
  const size = shape[axis]
  const dims = o.op.operands.length > 0 ? o.in(0) : undefined
  const after = new Array<number>(shape.length - axis - 1).fill(1)
  const own = [size, ...after]
  const given = dims && !isWhole(own, shape) ? { dims } : {}
  const range = o.body.range(size ?? o.body.cast(o.body.pick(dims ?? o.refuse(), axis), o.dtype(0), 'i32'), dtype)
  return { tensor: after.length === 0 ? range : o.body.reshape(range, ['rest', ...after]), own, ...given }
}

export const constants: Readonly<Record<string, Translate>> = { constant, iota: (o) => iota(o), dynamic_iota: (o) => iota(o) }
