import { elementCount, stridesOf } from '../../core/shape.ts'
import type { MlirValue } from '../../wire/mlir/types.ts'
import { type HloScope, maxDepth, splatOf } from './hlo-op.ts'

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

/** The elements of a value of u64 that is made of constants and counts; `seen` holds those of values that several ops read. */
export function countedElements(
  scope: HloScope,
  value: MlirValue,
  depth = 0,
  seen = new Map<number, readonly bigint[] | undefined>(),
): readonly bigint[] | undefined {
  if (!seen.has(value.id)) seen.set(value.id, elementsMade(scope, value, depth, seen))
  return seen.get(value.id)
}

function elementsMade(
  scope: HloScope,
  value: MlirValue,
  depth: number,
  seen: Map<number, readonly bigint[] | undefined>,
): readonly bigint[] | undefined {
  const op = depth > maxDepth ? undefined : scope.maker(value)
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
  const [x, y] = known ? op.operands.map((v) => countedElements(scope, v, depth + 1, seen)) : []
  if (op.name === 'reshape') return x
  return x && y && x.length === y.length ? x.map((a, i) => BigInt.asUintN(64, functions[op.name]!(a, y[i]!))) : undefined
}
