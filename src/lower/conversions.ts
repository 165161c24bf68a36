import type { DType } from '../core/dtype.ts'
import type { Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import { castTo } from './operands.ts'
import type { Lowering, LoweringRegistry } from './registry.ts'
import type { SourceOp } from './source-op.ts'

/*
 * Element types that LiteRT's kernels lack: operands are cast to a type they have, and results back.
 */

type Conversion = Readonly<Partial<Record<DType, DType>>>

/** Kernels compute floats in f32 only. f64 loses its last digits by it. */
const toF32: Conversion = { f16: 'f32', bf16: 'f32', f64: 'f32' }
/** Small integers without scales: kernels take them for quantized numbers. Arithmetic in i32 wraps to the same bits. */
const toI32: Conversion = { i8: 'i32', u8: 'i32', i16: 'i32', u16: 'i32', u32: 'i64', u64: 'i64' }
/** For ops without a 64-bit kernel: right as long as the values fit 32 bits. */
const wideToI32: Conversion = { ...toI32, u32: 'i32', i64: 'i32', u64: 'i32' }

function converted(conversion: Conversion, lowering: Lowering, { keepsResults = false, first = false } = {}): Lowering {
  return (n, b) => {
    const from = (first ? n.operands.slice(0, 1) : n.operands).find((v) => conversion[v.type.dtype])?.type.dtype
    if (!from) return lowering(n, b)
    const operands = n.operands.map((v, i) => (first && i > 0 ? v : castTo(b, v, conversion[v.type.dtype] ?? v.type.dtype)))
    const back = (v: Value | undefined) => (v && !keepsResults && v.type.dtype === conversion[from] ? castTo(b, v, from) : v)
    const results = lowering(n.with(operands), b)
    const all = [results].flat() as readonly (Value | undefined)[]
    n.scope.narrowings.note(
      n.layer ?? n.node.op,
      from,
      conversion[from]!,
      all.filter((v) => v !== undefined),
    )
    return Array.isArray(results) ? all.map(back) : back(all[0])!
  }
}

const mapped = (registry: LoweringRegistry, f: (lowering: Lowering, name: string) => Lowering): LoweringRegistry =>
  Object.fromEntries(Object.entries(registry).map(([name, lowering]) => [name, f(lowering, name)]))

/** f16, bf16 and f64 by way of f32; the results of `f32Results` stay f32, as TensorFlow's are. */
export function floatsAsF32(registry: LoweringRegistry, f32Results: ReadonlySet<string> = new Set()): LoweringRegistry {
  return mapped(registry, (lowering, name) => converted(toF32, lowering, { keepsResults: f32Results.has(name) }))
}

/** Arithmetic on integers below 32 bits, and unsigned ones, by way of wider ones. */
export function smallAsI32(registry: LoweringRegistry): LoweringRegistry {
  return mapped(registry, (lowering) => converted(toI32, lowering))
}

/** Arithmetic on any integers by way of i32. */
export function integersAsI32(registry: LoweringRegistry): LoweringRegistry {
  return mapped(registry, (lowering) => converted(wideToI32, lowering))
}

/** A lowering for one operand list whose integers may be of any size. */
export function asI32(work: (n: SourceOp, b: OpBuilder) => Value): Lowering {
  return converted(wideToI32, work)
}

/** Integers of the first operand alone by way of i32: the others are positions, with a type of their own. What is counted has a type of its own, too. */
export function firstAsI32(registry: LoweringRegistry, { keepsResults = false } = {}): LoweringRegistry {
  return mapped(registry, (lowering) => converted(wideToI32, lowering, { first: true, keepsResults }))
}

/** Integers that kernels take for quantized numbers, or not at all, as wider ones of the same value. */
export function widened(b: OpBuilder, x: Value): Value {
  return castTo(b, x, toI32[x.type.dtype] ?? x.type.dtype)
}
