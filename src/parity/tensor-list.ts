import { byteLengthOf, typedView } from '../core/dtype.ts'
import { type NdArray, rowOf } from '../core/nd-array.ts'
import type { SourceNode } from '../import/source-graph.ts'

/** What a variant tensor holds while a loop fills it. Not to be changed: each op makes another. */
export interface TensorList {
  readonly items: readonly (NdArray | undefined)[]
}

type ListOp = (node: SourceNode, operands: readonly (NdArray | TensorList)[]) => readonly (NdArray | TensorList)[] | undefined

/** More elements are taken for damage. */
const maxItems = 65_536

/**
 * TensorFlow's list ops; undefined where operands do not fit.
 * @see https://www.tensorflow.org/api_docs/python/tf/raw_ops/TensorListReserve and its neighbours
 */
export const tensorListOps: Readonly<Record<string, ListOp>> = Object.assign(Object.create(null), {
  EmptyTensorList: () => [{ items: [] }],
  TensorListReserve: (_, [, count]) => {
    const n = intOf(count)
    return n === undefined || n < 0 || n > maxItems ? undefined : [{ items: new Array<undefined>(n).fill(undefined) }]
  },
  TensorListFromTensor: (_, [tensor]) => {
    if (!tensor || isList(tensor) || tensor.shape.length === 0) return undefined
    return [{ items: Array.from({ length: tensor.shape[0]! }, (_, i) => rowOf(tensor, i)) }]
  },
  TensorListGetItem: (node, [list, index]) => {
    const at = intOf(index)
    if (!list || !isList(list) || at === undefined || at < 0 || at >= list.items.length) return undefined
    const item = list.items[at] ?? zerosLike(node, list)
    return item && [item]
  },
  TensorListSetItem: (_, [list, index, item]) => {
    const at = intOf(index)
    if (!list || !isList(list) || !item || isList(item) || at === undefined || at < 0 || at >= maxItems) return undefined
    const items = Array.from({ length: Math.max(list.items.length, at + 1) }, (_, i) => list.items[i])
    items[at] = item
    return [{ items }]
  },
  TensorListPushBack: (_, [list, item]) => {
    if (!list || !isList(list) || !item || isList(item) || list.items.length >= maxItems) return undefined
    return [{ items: [...list.items, item] }]
  },
  TensorListPopBack: (_, [list]) => {
    const last = list && isList(list) ? list.items.at(-1) : undefined
    return last && list && isList(list) ? [{ items: list.items.slice(0, -1) }, last] : undefined
  },
  TensorListLength: (_, [list]) => {
    return list && isList(list) ? [{ dtype: 'i32', shape: [], bytes: new Uint8Array(Int32Array.of(list.items.length).buffer) }] : undefined
  },
  TensorListStack: (node, [list]) => {
    if (!list || !isList(list)) return undefined
    const items = list.items.map((item) => item ?? zerosLike(node, list))
    const [first] = items
    if (!first || items.some((i) => i?.dtype !== first.dtype || String(i.shape) !== String(first.shape))) return undefined
    const bytes = new Uint8Array(first.bytes.byteLength * items.length)
    for (const [i, item] of items.entries()) bytes.set(item!.bytes, i * first.bytes.byteLength)
    return [{ dtype: first.dtype, shape: [items.length, ...first.shape], bytes }]
  },
} satisfies Record<string, ListOp>)

export function isList(value: NdArray | TensorList): value is TensorList {
  return 'items' in value
}

function intOf(value: NdArray | TensorList | undefined): number | undefined {
  return value && !isList(value) && value.dtype === 'i32' ? typedView('i32', value.bytes)[0] : undefined
}

/** An element that was never set. */
function zerosLike(node: SourceNode, list: TensorList): NdArray | undefined {
  const known = list.items.find((i) => i !== undefined)
  const type = node.attrs.get('element_dtype')
  if (known) return { ...known, bytes: new Uint8Array(known.bytes.byteLength) }
  return type?.kind === 'type' && type.value
    ? { dtype: type.value, shape: [], bytes: new Uint8Array(byteLengthOf(type.value, 1)) }
    : undefined
}
