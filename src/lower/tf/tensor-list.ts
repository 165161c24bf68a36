import { divDims, mulDims } from '../../core/dim.ts'
import type { DType } from '../../core/dtype.ts'
import { broadcastOf, type Dim, type Shape, sameShape } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts, knownDims } from '../../ops/view.ts'
import { castTo, reshapeTo, sizeAt, toI32 } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'
import type { PendingList, Scope } from '../scope.ts'
import type { SourceOp } from '../source-op.ts'

/*
 * A list of tensors of one shape is one tensor `[length, ...element]`. A list that is made without that shape stays pending until
 * something is put into it.
 * @see tensorflow/core/kernels/list_kernels.h
 */

/** Element shape of a list as far as it is known. */
export function elementShapeOf(scope: Scope, list: Value): Shape | undefined {
  return scope.lists.get(list)?.element ?? (list.type.dtype === 'variant' ? undefined : list.type.shape.slice(1))
}

/** A list of zeros. Rejects when a size of the elements can be computed from nothing in the graph. */
export function allocateList(n: SourceOp, b: OpBuilder, list: PendingList & { readonly element: Shape }): Value {
  const sizes = [list.length, ...list.element.map((d) => sizeValue(n, b, d))]
  const zero = b.op(op.cast, [b.i32([0], [])], { to: list.dtype })
  const made = b.op(op.fill, [b.op(op.pack, sizes, { valuesCount: sizes.length, axis: 0 }), zero])
  // Where the length is not known nothing is said of the other sizes.
  return made.data ? made : b.graph.updateValue(made.id, { type: { ...made.type, shape: [made.type.shape[0]!, ...list.element] } })
}

/** A size as a scalar i32, read off a value that has it. */
function sizeValue(n: SourceOp, b: OpBuilder, d: Dim): Value {
  if (typeof d === 'number') return b.i32([d], [])
  for (const v of b.graph.values.values()) {
    if (v.type.dtype === 'variant' || v.type.dtype === 'resource' || v.data) continue
    for (const [axis, have] of v.type.shape.entries()) {
      const factor = typeof have === 'string' ? divDims(d, have) : undefined
      if (typeof factor !== 'number') continue
      const size = sizeAt(b, v, axis)
      return factor === 1 ? size : b.op(op.mul, [size, b.i32([factor], [])])
    }
    const k = v.type.dtype === 'i32' && v.type.shape.length <= 1 ? (v.dims?.indexOf(d) ?? -1) : -1
    if (k >= 0) return v.type.shape.length === 0 ? v : b.op(op.gather, [v, b.i32([k], [])])
  }
  const parts = broadcastOf(d)
  if (parts) return parts.map((part) => sizeValue(n, b, part)).reduce((x, y) => b.op(op.maximum, [x, y]))
  return n.reject(`the size ${d} of a list's elements is known only inside of a loop`, 'Give the TensorArray an element_shape.')
}

/** Operand `i` as a shape; undefined for an unknown rank. */
function shapeOperand(n: SourceOp, i: number): readonly Dim[] | undefined {
  const v = n.in(i)
  return v.type.shape.length === 1 ? knownDims(v) : undefined
}

function make(n: SourceOp, b: OpBuilder, length: Value): Value {
  const stated = n.type('element_dtype')
  const dtype = withoutKernels[stated] ?? stated
  if (dtype === 'variant' || dtype === 'resource' || dtype === 'string') return n.reject(`lists of ${dtype} are not supported`)
  const element = shapeOperand(n, 0)
  const list = { dtype, length: scalar(b, length), element }
  return element?.every((d) => d !== -1) ? allocateList(n, b, { ...list, element }) : n.scope.pending(b, n.node.name, list)
}

function scalar(b: OpBuilder, v: Value): Value {
  const narrow = toI32(b, v)
  return narrow.type.shape.length === 0 ? narrow : reshapeTo(b, narrow, [])
}

/** Operand 0 as a tensor; `element` is what is known of its elements otherwise. */
function listOf(n: SourceOp, b: OpBuilder, element?: readonly Dim[]): Value {
  const v = n.in(0)
  const pending = n.scope.lists.get(v)
  if (!pending) return v.type.dtype === 'variant' ? n.reject('it takes what is no list of tensors') : v
  const known = merge(pending.element, element)
  if (!known || known.includes(-1))
    return n.reject('the shape of the elements of a list cannot be told', 'Give the TensorArray an element_shape.')
  return allocateList(n, b, { ...pending, element: known })
}

function merge(a: readonly Dim[] | undefined, b: readonly Dim[] | undefined): readonly Dim[] | undefined {
  if (!a || !b || a.length !== b.length) return a ?? b
  return a.map((d, i) => (d === -1 ? b[i]! : d))
}

function asElement(b: OpBuilder, item: Value): Value {
  const target: Shape = [1, ...item.type.shape]
  return item.type.shape.filter((d) => typeof d === 'string').length <= 1
    ? reshapeTo(b, item, target)
    : b.op(op.expandDims, [item, b.i32([0], [])])
}

function setItem(n: SourceOp, b: OpBuilder): Value {
  const item = n.in(2)
  const given = listOf(n, b, item.type.shape)
  const index = scalar(b, n.in(1))
  const grows = n.has('resize_if_index_out_of_bounds') && n.bool('resize_if_index_out_of_bounds')
  const list = grows ? lengthened(b, given, b.op(op.maximum, [sizeAt(b, given, 0), b.op(op.add, [index, b.i32([1], [])])])) : given
  const update = asElement(b, item)
  // The only element there is.
  if (list.type.shape[0] === 1) return update
  const start = [index, ...item.type.shape.map(() => b.i32([0], []))]
  return b.op(op.dynamicUpdateSlice, [list, update, b.op(op.pack, start, { valuesCount: start.length, axis: 0 })])
}

/** `list` with zeros behind it up to `length` elements; a length below its own changes nothing. */
function lengthened(b: OpBuilder, list: Value, length: Value): Value {
  const missing = b.op(op.maximum, [b.op(op.sub, [length, sizeAt(b, list, 0)]), b.i32([0], [])])
  const sizes = [missing, ...list.type.shape.slice(1).map((_, i) => sizeAt(b, list, i + 1))]
  const zero = b.op(op.cast, [b.i32([0], [])], { to: list.type.dtype })
  const zeros = b.op(op.fill, [b.op(op.pack, sizes, { valuesCount: sizes.length, axis: 0 }), zero])
  return b.op(op.concatenation, [list, zeros], { axis: 0 })
}

function resize(n: SourceOp, b: OpBuilder): Value {
  const size = scalar(b, n.in(1))
  const pending = n.scope.lists.get(n.in(0))
  if (pending) return n.scope.pending(b, n.node.name, { ...pending, length: size })
  const list = listOf(n, b)
  return firstElements(b, lengthened(b, list, size), size)
}

function firstElements(b: OpBuilder, list: Value, count: Value): Value {
  const sizes = [count, ...list.type.shape.slice(1).map((d) => b.i32([typeof d === 'number' ? d : -1], []))]
  const begin = b.i32(list.type.shape.map(() => 0))
  return b.op(op.slice, [list, begin, b.op(op.pack, sizes, { valuesCount: sizes.length, axis: 0 })])
}

function length(n: SourceOp, b: OpBuilder): Value {
  return n.scope.lists.get(n.in(0))?.length ?? sizeAt(b, listOf(n, b), 0)
}

function elementShape(n: SourceOp, b: OpBuilder): Value {
  const list = listOf(n, b)
  const rank = list.type.shape.length
  const shape = b.op(op.slice, [b.op(op.shape, [list], { outType: 'i32' }), b.i32([1]), b.i32([rank - 1])])
  return n.type('shape_type', 'i32') === 'i64' ? b.op(op.cast, [shape], { to: 'i64' }) : shape
}

function popBack(n: SourceOp, b: OpBuilder): Value[] {
  const list = listOf(n, b, shapeOperand(n, 1))
  const last = b.op(op.sub, [sizeAt(b, list, 0), b.i32([1], [])])
  return [firstElements(b, list, last), b.op(op.gather, [list, last], { axis: 0 })]
}

/** Elements joined along their first axis, and how long each is there. */
function concat(n: SourceOp, b: OpBuilder): Value[] {
  const list = listOf(n, b, shapeOperand(n, 1))
  const [count, rows, ...rest] = list.type.shape
  if (rows === undefined) return n.reject('scalars cannot be joined')
  const lengths = b.op(op.fill, [reshapeTo(b, sizeAt(b, list, 0), [1]), b.op(op.cast, [sizeAt(b, list, 1)], { to: 'i64' })])
  const target = [mulDims(count!, rows), ...rest]
  if (target.filter((d) => typeof d === 'string').length <= 1) return [reshapeTo(b, list, target), lengths]
  const sizes = [b.i32([-1], []), ...rest.map((_, i) => sizeAt(b, list, i + 2))]
  return [b.op(op.reshape, [list, b.op(op.pack, sizes, { valuesCount: sizes.length, axis: 0 })]), lengths]
}

/** The inverse of `concat`; the pieces must be equally long. */
function split(n: SourceOp, b: OpBuilder): Value {
  const lengths = constInts(n.in(2)) ?? n.reject('the lengths must be constant')
  if (lengths.some((l) => l !== lengths[0])) n.reject('pieces of different lengths are no tensor')
  return reshapeTo(b, n.in(0), [lengths.length, lengths[0] ?? 0, ...n.in(0).type.shape.slice(1)])
}

/** `num` elements (or as many as the largest index asks for), those at `indices` from a tensor, the others 0. */
function scatter(n: SourceOp, b: OpBuilder): Value {
  const x = n.in(0)
  const indices = constInts(n.in(1)) ?? n.reject('the indices must be constant')
  const wanted = n.operands.length > 3 ? (constInts(n.in(3)) ?? n.reject('the number of elements must be constant'))[0]! : -1
  const count = Math.max(wanted, ...indices.map((i) => i + 1))
  if (count === indices.length && indices.every((at, i) => at === i)) return x
  return place(n, b, x, undefined, indices, count)
}

function scatterInto(n: SourceOp, b: OpBuilder): Value {
  const indices = constInts(n.in(2)) ?? n.reject('the indices must be constant')
  const items = n.in(1)
  const list = listOf(n, b, items.type.shape.slice(1))
  const count = list.type.shape[0]!
  if (typeof count !== 'number') return n.reject('the length of the list must be constant')
  if (count === indices.length && indices.every((at, i) => at === i)) return items
  return place(n, b, items, list, indices, count)
}

/** Rows of `items` at `indices`, elsewhere those of `base`, which are 0 when there is none. */
function place(n: SourceOp, b: OpBuilder, items: Value, base: Value | undefined, indices: readonly number[], count: number): Value {
  if (indices.some((i) => i < 0 || i >= count)) n.reject('an index is out of range')
  const zeros = base ?? allocateList(n, b, { dtype: items.type.dtype, length: b.i32([1], []), element: items.type.shape.slice(1) })
  const from = Array.from({ length: count }, (_, i) => (base ? i : 0))
  for (const [k, at] of indices.entries()) from[at] = (base ? count : 1) + k
  return b.op(op.gather, [b.op(op.concatenation, [zeros, items], { axis: 0 }), b.i32(from)], { axis: 0 })
}

/** An item read from a list whose element is known to be of `shape` in part: sizes that the list does not know. */
function getItem(n: SourceOp, b: OpBuilder): Value {
  return b.op(op.gather, [listOf(n, b, shapeOperand(n, 2)), toI32(b, n.in(1))], { axis: 0 })
}

/** Kernels that move elements do not take these: loops hand on f32, lists hold it, and what is read is cast. */
export const withoutKernels: Readonly<Partial<Record<DType, DType>>> = { bf16: 'f32', f64: 'f32' }

function withStoredType(lowering: Lowering): Lowering {
  return (n, b) => {
    const type = n.has('element_dtype') ? n.type('element_dtype') : undefined
    const stored = type && withoutKernels[type]
    if (!stored) return lowering(n, b)
    const operands = n.operands.map((v) => (v.type.dtype === type ? castTo(b, v, stored) : v))
    const results = [lowering(n.with(operands), b)].flat() as readonly Value[]
    n.scope.narrowings.note(n.layer ?? n.node.op, type, stored, results)
    const given = readers[n.node.op]
    return results.map((v, i) => (i === given ? castTo(b, v, type) : v))
  }
}

/** Which of their results are elements. */
const readers: Readonly<Partial<Record<string, number>>> = {
  TensorListStack: 0,
  TensorListGetItem: 0,
  TensorListGather: 0,
  TensorListPopBack: 1,
  TensorListConcat: 0,
  TensorListConcatV2: 0,
}

const lists: LoweringRegistry = {
  TensorListReserve: (n, b) => make(n, b, n.in(1)),
  EmptyTensorList: (n, b) => make(n, b, b.i32([0], [])),
  TensorListFromTensor: (n) => n.in(0),
  TensorListStack: (n, b) => listOf(n, b, shapeOperand(n, 1)),
  TensorListGetItem: getItem,
  TensorListGather: getItem,
  TensorListSetItem: setItem,
  TensorListPushBack(n, b) {
    const item = n.in(1)
    const list = listOf(n, b, item.type.shape)
    if (list.type.shape[0] === 0 && sameShape(list.type.shape.slice(1), item.type.shape)) return asElement(b, item)
    return b.op(op.concatenation, [list, asElement(b, item)], { axis: 0 })
  },
  TensorListPopBack: popBack,
  TensorListResize: resize,
  TensorListLength: length,
  TensorListElementShape: elementShape,
  TensorListConcat: concat,
  TensorListConcatV2: concat,
  TensorListSplit: split,
  TensorListScatter: scatter,
  TensorListScatterV2: scatter,
  TensorListScatterIntoExistingList: scatterInto,
  TensorListConcatLists: (n, b) => b.op(op.concatenation, [n.in(0), n.in(1)], { axis: 0 }),
}

export const tensorLists: LoweringRegistry = Object.fromEntries(
  Object.entries(lists).map(([name, lowering]) => [name, withStoredType(lowering)]),
)
