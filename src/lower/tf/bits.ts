import { constFromBytes } from '../../core/bytes.ts'
import { byteLengthOf, bytesOf, type DType } from '../../core/dtype.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { castTo, reshapeTo } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * Bits of integers. LiteRT has exclusive or and the right shift; the rest is arithmetic on i32, which wraps.
 */

/** Integers as i32, whichever their size: narrower ones keep their value, i64 becomes two words, u32 keeps its bits. */
function onWords(work: (f: Formula, words: readonly Value[], isNarrow: boolean) => Value): Lowering {
  return (n, b) => {
    const { dtype } = n.in(0).type
    if (n.operands.some((v) => v.type.dtype !== dtype)) n.reject('its operands must have one type')
    const f = new Formula(b)
    if (dtype === 'i32') return work(f, n.operands, false)
    if (dtype === 'i64' || dtype === 'u64' || dtype === 'u32') {
      const words = n.operands.map((v) => b.op(op.bitcast, [v], { to: 'i32' }))
      return b.op(op.bitcast, [work(f, words, false)], { to: dtype })
    }
    return castTo(
      b,
      work(
        f,
        n.operands.map((v) => castTo(b, v, 'i32')),
        true,
      ),
      dtype,
    )
  }
}

const xor = (f: Formula, x: Value, y: Value | number): Value => f.apply(op.bitwiseXor, x, y)
const half = (f: Formula, x: Value): Value => f.apply(op.rightShift, x, 1)

/** x + y = (x ^ y) + 2 (x & y). Where the sum may not fit a word, the lowest bits are taken apart first. */
function and(f: Formula, x: Value, y: Value, isNarrow: boolean): Value {
  if (isNarrow) return half(f, f.sub(f.add(x, y), xor(f, x, y)))
  const [highX, highY] = [half(f, x), half(f, y)]
  const high = half(f, f.sub(f.add(highX, highY), xor(f, highX, highY)))
  const low = f.min(f.sub(x, f.add(highX, highX)), f.sub(y, f.add(highY, highY)))
  return f.add(f.add(high, high), low)
}

/** x << y by the table of powers of two; shifts beyond the type are those by its last bit, as TensorFlow's are. */
function leftShift(b: OpBuilder, x: Value, y: Value, { last, isUnsigned }: Shift): Value {
  const f = new Formula(b)
  const powers = b.i32(Array.from({ length: 32 }, (_, i) => 1 << i))
  const below = isUnsigned ? f.select(f.less(y, 0), last, f.min(y, last)) : f.min(f.max(y, 0), last)
  return f.mul(x, b.op(op.gather, [powers, below], { axis: 0 }))
}

interface Shift {
  /** The number of the type's last bit. */
  readonly last: number
  /** Whether what is shifted by has no sign, though its bits are taken as an i32. */
  readonly isUnsigned: boolean
}

/** The same of i64, by a table of its own. */
function leftShiftOfWide(b: OpBuilder, x: Value, y: Value): Value {
  const f = new Formula(b)
  const powers = b.const('', 'i64', [64], constFromBytes(bytesOf(BigInt64Array.from({ length: 64 }, (_, i) => 1n << BigInt(i)))))
  return f.mul(x, b.op(op.gather, [powers, f.min(f.max(y, 0), 63)], { axis: 0 }))
}

const shiftable: ReadonlySet<DType> = new Set<DType>(['i8', 'u8', 'i16', 'u16', 'i32', 'u32'])

function shift(
  work: (b: OpBuilder, x: Value, y: Value, of: Shift) => Value,
  hasUnsigned: boolean,
  wide?: typeof leftShiftOfWide,
): Lowering {
  return (n, b) => {
    const { dtype } = n.in(0).type
    if (dtype === 'i64' && wide) return wide(b, n.in(0), n.in(1))
    if (!shiftable.has(dtype)) return n.reject(`shifts of ${dtype} are not supported`, 'Shift i32 values, or multiply by powers of two.')
    const of: Shift = { last: 8 * byteLengthOf(dtype, 1) - 1, isUnsigned: dtype === 'u32' }
    if (dtype !== 'u32') return castTo(b, work(b, castTo(b, n.in(0), 'i32'), castTo(b, n.in(1), 'i32'), of), dtype)
    if (hasUnsigned) return work(b, n.in(0), n.in(1), of)
    const [x, y] = [n.in(0), n.in(1)].map((v) => b.op(op.bitcast, [v], { to: 'i32' }))
    return b.op(op.bitcast, [work(b, x!, y!, of)], { to: 'u32' })
  }
}

/** How many bits are set: the shifted words modulo 2, summed. */
function populationCount(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const { dtype, shape } = n.in(0).type
  if (dtype === 'u64') return n.reject(`bits of ${dtype} are not counted`)
  const own = dtype === 'i64' || dtype === 'u32' ? b.op(op.bitcast, [n.in(0)], { to: 'i32' }) : castTo(b, n.in(0), 'i32')
  // Copies of the sign do not count.
  const words = dtype === 'i8' ? f.floorMod(own, 256) : dtype === 'i16' ? f.floorMod(own, 65536) : own
  const columns = reshapeTo(b, words, [...words.type.shape, 1])
  const bitsOf = f.floorMod(f.apply(op.rightShift, columns, b.i32(Array.from({ length: 32 }, (_, i) => i))), 2)
  return castTo(b, f.sum(bitsOf, dtype === 'i64' ? [shape.length, shape.length + 1] : [shape.length]), 'u8')
}

export const bits: LoweringRegistry = {
  PopulationCount: populationCount,
  BitwiseXor: onWords((f, [x, y]) => xor(f, x!, y!)),
  BitwiseAnd: onWords((f, [x, y], isNarrow) => and(f, x!, y!, isNarrow)),
  BitwiseOr: onWords((f, [x, y], isNarrow) => f.add(xor(f, x!, y!), and(f, x!, y!, isNarrow))),
  Invert: onWords((f, [x]) => xor(f, x!, -1)),
  LeftShift: shift(leftShift, false, leftShiftOfWide),
  RightShift: shift((b, x, y) => new Formula(b).apply(op.rightShift, x, y), true),
}
