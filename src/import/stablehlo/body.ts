import { constFromBytes } from '../../core/bytes.ts'
import type { DType } from '../../core/dtype.ts'
import { encodeElements } from '../../core/elements.ts'
import { codeOfDtype } from '../../schema/tensorflow/data-type.ts'
import { FixedAttrs } from '../graph-def/attrs.ts'
import type { GraphNode } from '../graph-def/graph-node.ts'
import type { NumericConst, SourceAttr, SourceConst } from '../source-graph.ts'

/** An output of a node of a body, `node:0`, or an argument, `arg:0`. */
export type Tensor = string
/** A size: known, that of a dim of a tensor, or what the other sizes leave. */
export type Size = number | { readonly of: Tensor; readonly axis: number } | 'rest'
/** Sizes as MLIR states them; undefined is told by a run. */
export type Sizes = readonly (number | undefined)[]

type Attrs = Readonly<Record<string, SourceAttr>>

export const int = (value: number): SourceAttr => ({ kind: 'int', value })
export const ints = (value: readonly number[]): SourceAttr => ({ kind: 'ints', value })
export const flag = (value: boolean): SourceAttr => ({ kind: 'bool', value })
export const text = (value: string): SourceAttr => ({ kind: 'string', value, bytes: new TextEncoder().encode(value) })
export const type = (value: DType): SourceAttr => ({ kind: 'type', value, code: codeOfDtype(value) })
export const func = (value: string): SourceAttr => ({ kind: 'func', value, attrs: new FixedAttrs() })

const noAttrs: GraphNode['attr'] = new Map()
/** Numbers that a constant lists; more are counted by an op. */
const maxListed = 1 << 16

/** The nodes of a function while they are made: ordinary TensorFlow ops. */
export class Body {
  readonly nodes = new Map<string, GraphNode>()
  /** What the nodes that are made now are called in messages; empty for a call that has no name of its own. */
  layer = ''

  /** The first result of a new node. */
  op(op: string, inputs: readonly Tensor[], attrs: Attrs = {}): Tensor {
    return this.ops(op, inputs, attrs, 1)[0]!
  }

  /** All results of a new node. */
  ops(op: string, inputs: readonly Tensor[], attrs: Attrs, count: number): readonly Tensor[] {
    const name = this.#add(op, inputs, attrs)
    return Array.from({ length: count }, (_, i) => `${name}:${i}`)
  }

  constant(value: SourceConst): Tensor {
    const attrs = value.dtype === 'string' ? {} : { dtype: type(value.dtype) }
    return `${this.#add('Const', [], attrs, value)}:0`
  }

  /** A constant of few elements. */
  numbers(dtype: NumericConst['dtype'], values: readonly number[], shape: readonly number[] = []): Tensor {
    return this.constant({ dtype, shape, data: constFromBytes(encodeElements(dtype, values)) })
  }

  ints(values: readonly number[], shape: readonly number[] = [values.length]): Tensor {
    return this.numbers('i32', values, shape)
  }

  /** The numbers from 0 to below `count`, which is known, a dim, or a scalar i32. */
  range(count: number | { readonly of: Tensor; readonly axis: number } | Tensor, dtype: NumericConst['dtype'] = 'i32'): Tensor {
    if (typeof count === 'number' && count <= maxListed) {
      return this.numbers(
        dtype,
        Array.from({ length: count }, (_, i) => i),
        [count],
      )
    }
    const end = typeof count === 'string' ? count : this.size(count)
    return this.cast(this.op('Range', [this.ints([0], []), end, this.ints([1], [])], { Tidx: type('i32') }), 'i32', dtype)
  }

  /** A size as a scalar i32. */
  size(size: Exclude<Size, 'rest'>): Tensor {
    if (typeof size === 'number') return this.ints([size], [])
    return this.pick(this.op('Shape', [size.of], { out_type: type('i32') }), size.axis)
  }

  /** Element `i` of a vector. */
  pick(vector: Tensor, i: number): Tensor {
    return this.op('StridedSlice', [vector, this.ints([i]), this.ints([i + 1]), this.ints([1])], { shrink_axis_mask: int(1) })
  }

  /** Sizes as a vector of i32. */
  sizes(sizes: readonly Size[]): Tensor {
    const known = sizes.map((s) => (s === 'rest' ? -1 : s))
    if (known.every((s) => typeof s === 'number')) return this.ints(known)
    return this.pack(known.map((s) => this.size(s)))
  }

  pack(scalars: readonly Tensor[]): Tensor {
    return this.op('Pack', scalars, { N: int(scalars.length), axis: int(0) })
  }

  /** What is open of the sizes of `t` is taken from it at run time. */
  sizesOf(t: Tensor, shape: Sizes): Size[] {
    return shape.map((s, axis) => s ?? { of: t, axis })
  }

  reshape(t: Tensor, sizes: readonly Size[]): Tensor {
    const open = sizes.filter((s) => typeof s !== 'number')
    // One open size is what the others leave.
    const stated = open.length === 1 ? sizes.map((s) => (typeof s === 'number' ? s : ('rest' as const))) : sizes
    return this.op('Reshape', [t, this.sizes(stated)])
  }

  transpose(t: Tensor, perm: readonly number[]): Tensor {
    return perm.every((p, i) => p === i) ? t : this.op('Transpose', [t, this.ints(perm)])
  }

  cast(t: Tensor, from: DType | undefined, to: DType): Tensor {
    return from === to ? t : this.op('Cast', [t], { DstT: type(to) })
  }

  /** The elements `[begin, end)` of an axis by steps; `end` may count from the end, and undefined is the end. */
  slice(t: Tensor, rank: number, axis: number, begin: number, end: number | undefined, stride = 1): Tensor {
    const all = (value: number, other: number) => this.ints(Array.from({ length: rank }, (_, i) => (i === axis ? value : other)))
    const others = (1 << rank) - 1 - (1 << axis)
    return this.op('StridedSlice', [t, all(begin, 0), all(end ?? 0, 0), all(stride, 1)], {
      begin_mask: int(others),
      end_mask: int(end === undefined ? others | (1 << axis) : others),
    })
  }

  #add(op: string, inputs: readonly Tensor[], attrs: Attrs, value?: SourceConst): string {
    const stem = (this.layer || op).replace(/[:^]/g, '_')
    let name = stem
    for (let n = 1; this.nodes.has(name) || this.#isArgument(name); n++) name = `${stem}_${n}`
    const made = { attrs: new FixedAttrs(attrs), layer: this.layer, ...(value ? { value } : {}) }
    this.nodes.set(name, { name, op, input: inputs, attr: noAttrs, made })
    return name
  }

  #isArgument(name: string): boolean {
    return /^arg\d+$/.test(name)
  }
}
