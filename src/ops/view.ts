import { invariant } from '../core/diagnostics.ts'
import { typedView } from '../core/dtype.ts'
import { type Dim, normalizeAxis } from '../core/shape.ts'
import type { Attrs, Origin, TensorType, Value } from '../ir/types.ts'
import { badOperands } from './diagnostics.ts'
import type { AttrSchema, AttrsOf, NodeView, OpSpec, TypedNodeView } from './spec.ts'

/** Elements of a constant integer value as numbers; undefined when it is not a constant of an integer or bool type. */
export function constInts(value: Value | null | undefined): readonly number[] | undefined {
  if (!value?.data) return undefined
  const bytes = value.data.bytes()
  switch (value.type.dtype) {
    case 'i64':
    case 'u64':
      return Array.from(typedView(value.type.dtype, bytes), Number)
    case 'i32':
    case 'u32':
    case 'i16':
    case 'u16':
    case 'i8':
    case 'u8':
    case 'bool':
      return Array.from(typedView(value.type.dtype, bytes) as Int32Array)
    default:
      return undefined
  }
}

/** Axes of a value of `rank` dims, counted from the first, as a constant has them; undefined when it is none. They are in range, as in any op that was verified. */
export function constAxes(axes: Value | null | undefined, rank: number): readonly number[] | undefined {
  return constInts(axes)?.map((a) => normalizeAxis(a, rank)!)
}

/** Elements of an integer value as dims when they are known: constant, or carried symbolically. */
export function knownDims(value: Value | null | undefined): readonly Dim[] | undefined {
  return value?.dims ?? constInts(value)
}

/** More than any kernel takes; a bound for what damaged files state. */
const maxRank = 64

/** A node as its record's functions see it; `declared` are its results as far as they are known. */
export function viewNode<A extends AttrSchema>(
  spec: OpSpec<string, A>,
  attrs: Attrs,
  values: readonly (Value | null)[],
  origin: Origin,
  declared?: readonly TensorType[],
): NodeView<A> {
  const types = values.map((v) => v?.type ?? null)
  const at = (name: string): Value | null => {
    const i = spec.operands.findIndex((o) => o.name === name)
    invariant(i >= 0, `${spec.name} has no operand ${name}`)
    return values[i] ?? null
  }
  const fail = (reason: string): never => {
    throw badOperands(spec.name, origin, types, reason)
  }
  const unknown = (label: string | number): string => `(${spec.name}${label}@${values.map((v) => v?.id ?? '').join('.')})`
  return {
    attrs: attrs as AttrsOf<A>,
    types,
    values,
    declared,
    type(name: string): TensorType {
      return at(name)?.type ?? fail(`operand ${name} is missing`)
    },
    has: (name) => at(name) !== null,
    ints: (name) => constInts(at(name)),
    dims: (name) => knownDims(at(name)),
    unknown,
    unknownShape(name) {
      const [rank] = this.type(name).shape
      if (typeof rank !== 'number' || rank > maxRank) return fail(`operand ${name} must be a vector of at most ${maxRank} elements`)
      return Array.from({ length: rank }, (_, i) => unknown(i))
    },
    fail,
  }
}

/** The same with result types, for versions and costs. */
export function withResults<A extends AttrSchema>(view: NodeView<A>, results: readonly TensorType[]): TypedNodeView<A> {
  return Object.assign(Object.create(null) as object, view, { results }) as TypedNodeView<A>
}
