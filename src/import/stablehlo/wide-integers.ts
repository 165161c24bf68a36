import { elementCount, stridesOf } from '../../core/shape.ts'
import type { MlirValue } from '../../wire/mlir/types.ts'
import { type } from './body.ts'
import { iota } from './constants.ts'
import { dtypeOf } from './elements.ts'
import { type Bound, HloOp, type HloScope, splatOf, traced } from './hlo-op.ts'

/* JAX counts random numbers in u64, which no kernel takes; what is computed of constants alone is computed here. */

const maxElements = 2 ** 16

const functions: Readonly<Record<string, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => a + b,
  and: (a, b) => a & b,
  multiply: (a, b) => a * b,
  or: (a, b) => a | b,
  shift_left: (a, b) => a << (b > 63n ? 64n : b),
  shift_right_logical: (a, b) => a >> (b > 63n ? 64n : b),
  xor: (a, b) => a ^ b,
}

/** The elements of a value of u64 that is made of constants and counts. */
export function countedElements(scope: HloScope, value: MlirValue): readonly bigint[] | undefined {
  return traced<readonly bigint[]>(value, (v, read) => elementsMade(scope, v, read))
}

function elementsMade(
  scope: HloScope,
  value: MlirValue,
  read: (from: MlirValue) => readonly bigint[] | undefined,
): readonly bigint[] | undefined {
  const op = scope.maker(value)
  if (!op || value.type.kind !== 'tensor' || value.type.element !== 'ui64') return undefined
  const shape = value.type.shape as readonly number[]
  const count = value.type.shape.every((s) => s !== undefined) ? elementCount(shape) : undefined
  if (count === undefined || count > maxElements) return undefined
  const splat = splatOf(scope, value)
  if (splat !== undefined) return new Array<bigint>(count).fill(BigInt(splat))
  if (op.name === 'iota') {
    const axis = op.attrs.get('iota_dimension')
    const at = axis?.kind === 'int' ? Number(axis.value) : 0
    const stride = stridesOf(shape)[at] ?? 1
    return Array.from({ length: count }, (_, i) => BigInt(Math.floor(i / stride) % (shape[at] ?? 1)))
  }
  const known = op.name === 'reshape' || Object.hasOwn(functions, op.name)
  const [x, y] = known ? op.operands.map(read) : []
  if (op.name === 'reshape') return x
  return x && y && x.length === y.length ? x.map((a, i) => BigInt.asUintN(64, functions[op.name]!(a, y[i]!))) : undefined
}

/**
 * The 32 low bits of a value of u64 that counts elements of a tensor, as i32. There are fewer than 2^32 of them: the high bits are 0.
 */
export function lowBits(o: HloOp, value: MlirValue): Bound | undefined {
  return traced<Bound>(value, (v, read) => lowBitsMade(o, v, read))
}

function lowBitsMade(o: HloOp, value: MlirValue, read: (from: MlirValue) => Bound | undefined): Bound | undefined {
  const splat = splatOf(o.scope, value)
  if (splat !== undefined) return splat < 2 ** 31 ? o.scalar('i32', splat) : undefined
  const op = o.scope.maker(value)
  if (!op) return undefined
  const low = (i: number) => read(op.operands[i]!)
  const [first] = op.operands
  const isScalar = first?.type.kind === 'tensor' && first.type.shape.length === 0
  switch (op.name) {
    case 'iota':
    case 'dynamic_iota':
      return iota(new HloOp(op, o.scope), 'i32')
    case 'add':
    case 'multiply': {
      const [x, y] = [low(0), low(1)]
      return x && y && o.map(op.name === 'add' ? 'AddV2' : 'Mul', [x, y])
    }
    case 'shift_right_logical': {
      const [x, by] = [low(0), splatOf(o.scope, op.operands[1]!)]
      return x && by !== undefined && by >= 32 ? { tensor: o.scalar('i32', 0).tensor, own: [], ...(x.dims && { dims: x.dims }) } : undefined
    }
    case 'convert': {
      const from = first && dtypeOf(first.type)
      if (from === 'u64') return low(0)
      return from === 'i32' || from === 'i64' ? o.map('Cast', [o.scope.bound(first!)], { DstT: type('i32') }) : undefined
    }
    default:
      return /^(dynamic_)?broadcast_in_dim$|^reshape$/.test(op.name) && isScalar ? low(0) : undefined
  }
}
