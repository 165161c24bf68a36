import { typedView } from '../../core/dtype.ts'
import { bf16ToNumber, f16ToNumber } from '../../core/nd-array.ts'
import { elementCount } from '../../core/shape.ts'
import type { MlirAttr, MlirBlock, MlirOp, MlirValue } from '../../wire/mlir/types.ts'
import type { NumericConst, SourceAttr } from '../source-graph.ts'
import type { Body, Size, Sizes, Tensor } from './body.ts'
import { dtypeOf } from './elements.ts'

/** What a value of the module is in a body: `tensor` holds it, or what it is when broadcast; `own` are the sizes of `tensor`, aligned at the right. */
export interface Bound {
  readonly tensor: Tensor
  readonly own: Sizes
  /** All sizes of the value as a vector, where they are not known and it is broadcast. */
  readonly dims?: Tensor
}

export type Translated = Tensor | Bound | readonly (Tensor | Bound)[]
export type Translate = (o: HloOp) => Translated

/** Thrown for a form of an op that has no translation: the op stays, for lowering to tell of. */
export class Refusal extends Error {}

/** What an op needs of the function that it stands in. */
export interface HloScope {
  readonly body: Body
  /** What the module calls the function, JAX by what it does: `cumsum`, `cumsum_3`; of a region, its kind. */
  readonly name: string
  bound(value: MlirValue): Bound
  /** The op that gives a value, where it is no argument. */
  maker(value: MlirValue): MlirOp | undefined
  /** The name of a translated function of the module. */
  function(name: string): string
  /** The body of a function of the module. */
  block(name: string): MlirBlock | undefined
  /** The name of a function made of a region, whose arguments are the block's and then `captured`, which it gives back after its results if asked to. */
  region(kind: string, block: MlirBlock, captured: readonly MlirValue[], givesCaptured: boolean): string
  /** The results of a region of scalars, over whole tensors. */
  inline(block: MlirBlock, args: readonly Bound[]): readonly Bound[]
  /** Values from outside that regions read. */
  captures(blocks: readonly MlirBlock[]): readonly MlirValue[]
}

export function sizesOfType({ type }: MlirValue): Sizes {
  if (type.kind !== 'tensor') throw new Refusal()
  return type.shape
}

/** Ops that move or spread a constant, one after another. */
export const maxDepth = 64
/** Elements that are looked at one by one. */
export const maxKnown = 4096

/** An op of a module while it is translated. */
export class HloOp {
  readonly op: MlirOp
  readonly scope: HloScope

  constructor(op: MlirOp, scope: HloScope) {
    this.op = op
    this.scope = scope
  }

  get body(): Body {
    return this.scope.body
  }

  refuse(): never {
    throw new Refusal()
  }

  operand(i: number): MlirValue {
    return this.op.operands[i] ?? this.refuse()
  }

  /** Operand `i` at its full size. */
  in(i: number): Tensor {
    return this.wholeOf(this.operand(i))
  }

  wholeOf(value: MlirValue): Tensor {
    return this.whole(this.scope.bound(value), sizesOfType(value))
  }

  /** Operand `i`, which may still have to be broadcast. */
  bound(i: number): Bound {
    return this.scope.bound(this.operand(i))
  }

  whole({ tensor, own, dims }: Bound, shape: Sizes): Tensor {
    if (isWhole(own, shape)) return tensor
    const more = shape.length - own.length
    if (shape.slice(0, more).every((s) => s === 1) && isWhole(own, shape.slice(more))) {
      return this.body.reshape(tensor, [...shape.slice(0, more).map(() => 1), ...this.body.sizesOf(tensor, own)])
    }
    return this.body.op('BroadcastTo', [tensor, this.vector(shape, dims)])
  }

  /** Sizes as a vector, by `dims` where they are not all known. */
  vector(shape: Sizes, dims: Tensor | undefined): Tensor {
    if (shape.every((s) => s !== undefined)) return this.body.ints(shape)
    return dims ?? this.refuse()
  }

  shape(i: number): Sizes {
    return sizesOfType(this.operand(i))
  }

  rank(i: number): number {
    return this.shape(i).length
  }

  dtype(i: number): NumericConst['dtype'] {
    return dtypeOf(this.operand(i).type) ?? this.refuse()
  }

  result(i = 0): Sizes {
    return sizesOfType(this.op.results[i] ?? this.refuse())
  }

  resultDtype(i = 0): NumericConst['dtype'] {
    return dtypeOf((this.op.results[i] ?? this.refuse()).type) ?? this.refuse()
  }

  /** The sizes of operand `i`, those that are open by its tensor. */
  sizes(i: number): Size[] {
    return this.body.sizesOf(this.in(i), this.shape(i))
  }

  ints(name: string, otherwise?: readonly number[]): readonly number[] {
    const a = this.op.attrs.get(name)
    return (a && intsOf(a)) ?? otherwise ?? this.refuse()
  }

  /** Dims of a tensor of `rank` dims, none of them twice. */
  dims(name: string, rank: number, otherwise?: readonly number[]): readonly number[] {
    const dims = this.ints(name, otherwise)
    return dims.every((d, i) => d >= 0 && d < rank && dims.indexOf(d) === i) ? dims : this.refuse()
  }

  dim(name: string, rank: number): number {
    return this.dims(name, rank)[0] ?? this.refuse()
  }

  /** A number for each of `rank` dims, none below `least`. */
  perDim(name: string, rank: number, otherwise?: number, least = Number.NEGATIVE_INFINITY): readonly number[] {
    const values = this.ints(name, otherwise === undefined ? undefined : new Array<number>(rank).fill(otherwise))
    return values.length === rank && values.every((v) => v >= least) ? values : this.refuse()
  }

  int(name: string, otherwise?: number): number {
    return this.ints(name, otherwise === undefined ? undefined : [otherwise])[0] ?? this.refuse()
  }

  flag(name: string): boolean {
    const a = this.op.attrs.get(name)
    return a?.kind === 'bool' ? a.value : a?.kind === 'int' && a.value !== 0n
  }

  word(name: string): string {
    return wordOf(this.op, name)
  }

  /** A new elementwise op over values that may still have to be broadcast. */
  map(op: string, inputs: readonly Bound[], attrs: Readonly<Record<string, SourceAttr>> = {}): Bound {
    const tensor = this.body.op(
      op,
      inputs.map((b) => b.tensor),
      attrs,
    )
    const dims = inputs.find((b) => b.dims)?.dims
    return { tensor, own: inputs.map((b) => b.own).reduce(broadcast), ...(dims && { dims }) }
  }

  /** The results of a region of scalars, for each place of tensors of one shape. */
  inline(block: MlirBlock, tensors: readonly Tensor[], shape: Sizes): readonly Tensor[] {
    const args = tensors.map((tensor): Bound => ({ tensor, own: shape }))
    return this.scope.inline(block, args).map((r) => this.whole(r, shape))
  }

  scalar(dtype: NumericConst['dtype'], value: number): Bound {
    return { tensor: this.body.numbers(dtype, [value]), own: [] }
  }

  /** The elements of a small constant. */
  known(i: number): readonly number[] | undefined {
    return knownElements(this.scope, this.operand(i))
  }

  /** The one value that operand `i` has everywhere. */
  splat(i: number): number | undefined {
    return splatOf(this.scope, this.operand(i))
  }
}

export function isWhole(own: Sizes, shape: Sizes): boolean {
  return own.length === shape.length && own.every((s, i) => s !== 1 || shape[i] === 1)
}

function broadcast(x: Sizes, y: Sizes): Sizes {
  const rank = Math.max(x.length, y.length)
  return Array.from({ length: rank }, (_, i) => {
    const [a, b] = [x, y].map((s) => (i < rank - s.length ? 1 : s[i - rank + s.length]))
    return a === 1 ? b : (a ?? (b === 1 ? undefined : b))
  })
}

/** An attribute that is a word; empty where it is none. */
export function wordOf(op: MlirOp, name: string): string {
  const a = op.attrs.get(name)
  return a?.kind === 'enum' || a?.kind === 'string' ? a.value : ''
}

export function intsOf(a: MlirAttr): readonly number[] | undefined {
  if (a.kind === 'int') return [Number(a.value)]
  if (a.kind === 'tensor') return elementsOf(a)
  if (a.kind !== 'array') return undefined
  const items = a.items.map(intsOf)
  return items.every((v) => v !== undefined) ? items.flat() : undefined
}

/** The elements of a constant of numbers; undefined where they are too many, or complex. */
function elementsOf(a: MlirAttr & { readonly kind: 'tensor' }): readonly number[] | undefined {
  const dtype = dtypeOf(a.type)
  const count = a.type.kind === 'tensor' ? elementCount(a.type.shape as readonly number[]) : undefined
  if (count === undefined || count > maxKnown) return undefined
  const stored = storedElements(dtype, a.bytes)
  return stored && a.isSplat ? new Array<number>(count).fill(stored[0]!) : stored
}

function storedElements(dtype: NumericConst['dtype'] | undefined, bytes: Uint8Array): readonly number[] | undefined {
  switch (dtype) {
    case undefined:
    case 'c64':
    case 'c128':
    case 'i2':
      return undefined
    case 'i4':
      return [...new Int8Array(bytes)]
    case 'u4':
      return [...bytes]
    case 'f16':
      return [...typedView('f16', bytes)].map(f16ToNumber)
    case 'bf16':
      return [...typedView('bf16', bytes)].map(bf16ToNumber)
    default:
      return Array.from(typedView(dtype, bytes) as ArrayLike<number | bigint>, Number)
  }
}

const keepsElements = new Set(['reshape', 'convert', 'optimization_barrier'])
const spreads = new Set([
  'broadcast_in_dim',
  'dynamic_broadcast_in_dim',
  'dynamic_reshape',
  'reshape',
  'convert',
  'transpose',
  'slice',
  'reverse',
])

/** Of a value by way of those that it is made of. */
type Find<T> = (value: MlirValue, read: (from: MlirValue) => T | undefined) => T | undefined

/** What `find` tells of a value, where it looks once at each that several ops read, and at none further back than `maxDepth`. */
export function traced<T>(value: MlirValue, find: Find<T>): T | undefined {
  const seen = new Map<number, T | undefined>()
  const readerAt = (depth: number) => (v: MlirValue) => {
    if (depth > maxDepth) return undefined
    if (!seen.has(v.id)) {
      seen.set(v.id, undefined)
      seen.set(v.id, find(v, readerAt(depth + 1)))
    }
    return seen.get(v.id)
  }
  return readerAt(0)(value)
}

export function knownElements(scope: HloScope, value: MlirValue): readonly number[] | undefined {
  return traced(value, elementsIn(scope))
}

const elementsIn =
  (scope: HloScope): Find<readonly number[]> =>
  (value, read) => {
    const op = scope.maker(value)
    const constant = op?.name === 'constant' ? op.attrs.get('value') : undefined
    if (constant?.kind === 'tensor') return elementsOf(constant)
    if (op?.name === 'concatenate' && op.results[0]?.type.kind === 'tensor' && op.results[0].type.shape.length === 1) {
      const parts = op.operands.map((v) => read(v))
      const count = parts.reduce((n, p) => n + (p?.length ?? 0), 0)
      return count <= maxKnown && parts.every((e) => e !== undefined) ? parts.flat() : undefined
    }
    const [from] = op && keepsElements.has(op.name) && dtypeOf(value.type) !== 'bool' ? op.operands : []
    return from && read(from)
  }

export function splatOf(scope: HloScope, value: MlirValue, depth = 0): number | undefined {
  if (depth > maxDepth) return undefined
  const op = scope.maker(value)
  const constant = op?.name === 'constant' ? op.attrs.get('value') : undefined
  if (constant?.kind === 'tensor') {
    if (constant.isSplat) return storedElements(dtypeOf(constant.type), constant.bytes)?.[0]
    const elements = elementsOf(constant)
    return elements?.every((e) => e === elements[0]) ? elements[0] : undefined
  }
  const [from] = op && spreads.has(op.name) ? op.operands : []
  return from && splatOf(scope, from, depth + 1)
}
