import { normalizeAxis, type Shape } from '../core/shape.ts'
import type { Attrs, Node, Value } from '../ir/types.ts'
import type { OpBuilder } from '../ops/build.ts'
import * as binary from '../ops/elementwise/binary.ts'
import * as unary from '../ops/elementwise/unary.ts'
import { op as ops } from '../ops/index.ts'
import { constInts } from '../ops/view.ts'
import { reductionNames } from './rules/keep-dims-of-reduction.ts'

/** A node that computes the same on operands whose dims stand in another order. */
export interface TurnedForm {
  /** Positions of the operands that are turned. */
  readonly turned: readonly number[]
  /** What stands in the place of other operands. */
  readonly others: (b: OpBuilder) => Readonly<Record<number, Value>>
  readonly attrs: Attrs
  /** Whether the results are turned as well; where not, they are what they were. */
  readonly turnsResults: boolean
}

/** One result for each element of the operands, which broadcast. */
export const elementwiseNames: readonly string[] = [...Object.values(unary), ...Object.values(binary)].map((spec) => spec.name)

const broadcasting: ReadonlySet<string> = new Set([...elementwiseNames, 'cast', 'prelu', 'select_v2'])
/** Along the last axis. */
const alongLast: ReadonlySet<string> = new Set(['softmax', 'log_softmax', 'l2_normalization'])

/** `perm` the other way. */
export function inverseOf(perm: readonly number[]): number[] {
  return perm.map((_, k) => perm.indexOf(k))
}

/**
 * How a node computes on operands x' of which its own are `transpose(x', perm)`. undefined for a node that cannot, or whose operands
 * beside them are no constants.
 */
export function turnedForm(
  node: Node,
  operands: readonly (Value | null)[],
  results: readonly Value[],
  perm: readonly number[],
): TurnedForm | undefined {
  const rank = perm.length
  const inverse = inverseOf(perm)
  const values = operands.filter((v) => v !== null)
  if ([...values, ...results].some((v) => v.type.quant !== undefined) || values.length !== operands.length) return undefined
  const has = (i: number): boolean => operands[i]?.type.shape.length === rank
  const axes = (i: number) => {
    const given = constInts(operands[i])?.map((a) => normalizeAxis(a, rank))
    return given?.every((a) => a !== undefined) ? given : undefined
  }
  const form = (turned: readonly number[], others: TurnedForm['others'] = () => ({}), attrs = node.attrs): TurnedForm => ({
    turned,
    others,
    attrs,
    turnsResults: true,
  })
  const reordered = (i: number, of = 1) => {
    const list = constInts(operands[i])
    return list?.length === rank * of ? inverse.flatMap((k) => list.slice(k * of, (k + 1) * of)) : undefined
  }

  if (broadcasting.has(node.op)) {
    if (results[0]!.type.shape.length !== rank) return undefined
    const fits = (v: Value) =>
      v.type.shape.length === rank || v.type.shape.length === 0 || (v.data !== undefined && v.type.shape.length < rank)
    return values.every(fits) ? form([...values.keys()].filter((i) => values[i]!.type.shape.length > 0)) : undefined
  }
  if (alongLast.has(node.op)) return has(0) && perm[rank - 1] === rank - 1 ? form([0]) : undefined
  if (reductionNames.includes(node.op)) {
    const over = axes(1)
    if (!has(0) || !over) return undefined
    const others: TurnedForm['others'] = (b) => ({ 1: b.i32(over.map((a) => perm[a!]!)) })
    if (node.attrs.keepDims) return form([0], others)
    const left = perm.filter((_, i) => !over.includes(i))
    return left.every((p, i) => i === 0 || p > left[i - 1]!) ? { ...form([0], others), turnsResults: false } : undefined
  }
  if (!has(node.op === 'split' ? 1 : 0)) return undefined
  switch (node.op) {
    case 'pad':
    case 'padv2':
    case 'mirror_pad': {
      const paddings = reordered(1, 2)
      return paddings && form([0], (b) => ({ 1: b.i32(paddings, [rank, 2]) }))
    }
    case 'concatenation': {
      const axis = normalizeAxis(node.attrs.axis as number, rank)
      return axis === undefined ? undefined : form([...operands.keys()], undefined, { ...node.attrs, axis: perm[axis]! })
    }
    case 'split':
    case 'split_v': {
      const at = node.op === 'split' ? 0 : 2
      const axis = axes(at)?.[0]
      return axis === undefined ? undefined : form([node.op === 'split' ? 1 : 0], (b) => ({ [at]: b.i32([perm[axis]!], []) }))
    }
    case 'reverse_v2': {
      const over = axes(1)
      return over && form([0], (b) => ({ 1: b.i32(over.map((a) => perm[a!]!)) }))
    }
    case 'tile': {
      const counts = reordered(1)
      return counts && form([0], (b) => ({ 1: b.i32(counts) }))
    }
    case 'slice': {
      const [begin, size] = [reordered(1), reordered(2)]
      return begin && size && form([0], (b) => ({ 1: b.i32(begin), 2: b.i32(size) }))
    }
    case 'strided_slice': {
      const { newAxisMask, ellipsisMask, shrinkAxisMask, offset } = node.attrs
      const parts = [reordered(1), reordered(2), reordered(3)]
      if (newAxisMask || ellipsisMask || shrinkAxisMask || offset || !parts.every((p) => p !== undefined)) return undefined
      const mask = (bits: unknown) => perm.reduce((sum, to, from) => sum | ((((bits as number) >> from) & 1) << to), 0)
      const attrs = { ...node.attrs, beginMask: mask(node.attrs.beginMask), endMask: mask(node.attrs.endMask) }
      return form([0], (b) => Object.fromEntries(parts.map((p, i) => [i + 1, b.i32(p)])), attrs)
    }
    default:
      return undefined
  }
}

/** The constant, of a rank up to that of `inverse`, as it broadcasts where dims stand in the order `inverse`. */
export function turnedConstant(b: OpBuilder, c: Value, inverse: readonly number[]): Value {
  if (c.type.shape.every((d) => d === 1)) return c
  const full = [...new Array<number>(inverse.length - c.type.shape.length).fill(1), ...(c.type.shape as readonly number[])]
  const aligned = full.length === c.type.shape.length ? c : b.const(c.name, c.type.dtype, full, c.data!)
  return b.op(ops.transpose, [aligned, b.i32(inverse)])
}

/** Whether a transpose of this shape moves only dims of size 1. */
export function movesUnitsOnly(shape: Shape, perm: readonly number[]): boolean {
  const kept = perm.filter((p) => shape[p] !== 1)
  return kept.every((p, i) => i === 0 || p > kept[i - 1]!)
}
