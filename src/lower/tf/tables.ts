import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, type DType, typedView } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, expandDims } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/** Keys that span more numbers are searched for, others have a place in a table for each. */
const maxSpan = 1n << 16n

function integers(b: OpBuilder, dtype: DType, values: readonly bigint[], shape: readonly number[] = [values.length]): Value {
  const bytes = dtype === 'i64' ? bytesOf(BigInt64Array.from(values)) : bytesOf(Int32Array.from(values, Number))
  return b.const('', dtype, shape, constFromBytes(bytes))
}

export interface Located {
  /** A place among the keys, i32; any where it is not found. */
  readonly at: Value
  readonly isFound: Value
}

/** Where each number of `x` (i32 or i64) stands among `keys`, of which there is at least one; of equal ones the last counts. */
export function locate(b: OpBuilder, x: Value, keys: readonly bigint[]): Located {
  const f = new Formula(b)
  const places = new Map(keys.map((key, i) => [key, i]))
  const sorted = [...places.keys()].sort((a, c) => (a < c ? -1 : 1))
  const [low, high] = [sorted[0]!, sorted.at(-1)!]
  const scalar = (value: bigint) => integers(b, x.type.dtype, [value], [])
  if (high - low < maxSpan) {
    const isWithin = f.and(f.greaterEqual(x, scalar(low)), f.lessEqual(x, scalar(high)))
    const offset = castTo(b, f.select(isWithin, f.sub(x, scalar(low)), 0), 'i32')
    const table = Array.from({ length: Number(high - low) + 1 }, (_, i) => places.get(low + BigInt(i)) ?? -1)
    if (table.every((place, i) => place === i)) return { at: offset, isFound: isWithin }
    const place = b.op(op.gather, [b.i32(table), offset], { axis: 0 })
    return { at: f.max(place, 0), isFound: f.and(isWithin, f.greaterEqual(place, 0)) }
  }
  // Halving: as many keys as a power of two, the last one repeated.
  const count = 2 ** Math.ceil(Math.log2(sorted.length))
  const filled = Array.from({ length: count }, (_, i) => sorted[Math.min(i, sorted.length - 1)]!)
  const ordered = integers(b, x.type.dtype, filled)
  let found: Value = b.i32(
    [0],
    x.type.shape.map(() => 1),
  )
  for (let step = count / 2; step >= 1; step /= 2) {
    const next = f.add(found, step)
    found = f.select(f.lessEqual(b.op(op.gather, [ordered, next], { axis: 0 }), x), next, found)
  }
  const isFound = f.equal(b.op(op.gather, [ordered, found], { axis: 0 }), x)
  return { at: b.op(op.gather, [b.i32(filled.map((key) => places.get(key)!)), found], { axis: 0 }), isFound }
}

function keysOf({ type: { dtype }, data }: Value): readonly bigint[] | undefined {
  if (!data || (dtype !== 'i32' && dtype !== 'i64')) return undefined
  return Array.from(typedView(dtype, data.bytes()) as Iterable<number | bigint>, BigInt)
}

/** Of each number the value that the table has for it, or else the default. Operands: the table's keys and values, numbers, default. */
function find(n: SourceOp, b: OpBuilder): Value {
  const [table, values, x, otherwise] = [n.in(0), n.in(1), n.in(2), n.in(3)]
  const keys = keysOf(table) ?? n.reject(`keys of ${table.type.dtype} are not supported`)
  const row = values.type.shape.slice(1)
  if (keys.length === 0) return n.reject('the table is empty', 'Initialize it before the model is saved.')
  if (x.type.dtype !== table.type.dtype) return n.reject(`it looks ${x.type.dtype} up among keys of ${table.type.dtype}`)
  const { at, isFound } = locate(b, x, keys)
  const wide = row.reduce<Value>((v) => expandDims(b, v, v.type.shape.length), isFound)
  return new Formula(b).select(wide, b.op(op.gather, [values, at], { axis: 0 }), otherwise)
}

export const tables: LoweringRegistry = { LookupTableFindV2: find }
