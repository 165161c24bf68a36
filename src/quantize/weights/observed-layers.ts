import type { ConstData } from '../../core/bytes.ts'
import type { Model, Node, Value } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import type { ProductRows } from '../../ops/spec.ts'
import { needsSamples } from '../diagnostics.ts'
import { type Hessian, type Hessians, triangleLength } from './hessian.ts'
import type { ObservingAlgorithm } from './scheme.ts'

/** Rows that a layer multiplies its weights with. */
export interface ObservedRows extends Pick<ProductRows, 'window'> {
  readonly graph: number
  readonly value: Value
}

/** Weights whose integers depend on samples, and all that they are multiplied with. */
export interface ObservedLayer extends Pick<ProductRows, 'columns' | 'groups' | 'isTransposed'> {
  readonly weights: ConstData
  /** Of all pairs of elements of a row the products, or of each element the square; squares come with the number of rows behind them. */
  readonly sums: 'products' | 'squares'
  readonly rows: readonly ObservedRows[]
}

export interface ObservationPlan {
  readonly layers: readonly ObservedLayer[]
  /** Why weights that ask for it are left out. */
  readonly refused: ReadonlyMap<ConstData, string>
}

/** Weights that ask for these sums. */
export type Wanted = Readonly<Partial<Record<ObservedLayer['sums'], ReadonlySet<ConstData>>>>

/** Windows of 3x3 over 512 channels. A Hessian of so many columns takes 85 MB, and its factor as much again. */
const maxColumns = 4608
/** Of all Hessians of a model. */
const maxBytes = 512 * 2 ** 20

interface Product extends Omit<ObservedLayer, 'sums'> {
  readonly reader: { readonly node: Node; readonly value: Value }
}

/** By each constant that an op multiplies rows with, these rows; why it is no product where no op does. */
function productsOf(model: Model): Map<ConstData, Product | { readonly reason: string }> {
  const found = new Map<ConstData, Product | { readonly reason: string }>()
  for (const [graph, { nodes, values }] of model.graphs.entries())
    for (const node of nodes) {
      const spec = findSpec(node.op)
      for (const trait of spec?.quant?.weights ?? []) {
        const operand = (name: string): Value | undefined => {
          const id = node.inputs[spec!.operands.findIndex((o) => o.name === name)]
          return id == null ? undefined : values.get(id)
        }
        const value = operand(trait.operand)
        if (!value?.data) continue
        const known = found.get(value.data)
        const { product } = trait
        const other = product && operand(product.operand)
        const result = values.get(node.outputs[0]!)!
        const rows = other
          ? product.rows(node.attrs, value.type.shape, other.type.shape, result.type.shape)
          : `${spec!.builtin} is no product of matrices`
        if (typeof rows === 'string' || !other || other.data || other.type.dtype !== 'f32') {
          if (!known) found.set(value.data, { reason: typeof rows === 'string' ? rows : 'its input is no float activation' })
          continue
        }
        const { window, ...layout } = rows
        const more: ObservedRows = { graph, value: other, ...(window && { window }) }
        if (!known || 'reason' in known) found.set(value.data, { weights: value.data, ...layout, rows: [more], reader: { node, value } })
        else if (hasLayout(known, layout)) found.set(value.data, { ...known, rows: [...known.rows, more] })
        else found.set(value.data, { reason: 'its ops take it for rows of different lengths' })
      }
    }
  return found
}

const hasLayout = (a: Layout, b: Layout): boolean => a.columns === b.columns && a.groups === b.groups && a.isTransposed === b.isTransposed

type Layout = Pick<ProductRows, 'columns' | 'groups' | 'isTransposed'>

/**
 * Hessians of a model without samples. They throw `quantize/needs-samples` for weights that an op multiplies rows with.
 */
export function withoutSamples(model: Model): Hessians {
  let products: ReturnType<typeof productsOf> | undefined
  const reasonFor = (weights: ConstData, algorithm: ObservingAlgorithm) => {
    products ??= productsOf(model)
    const product = products.get(weights)
    if (product && 'reader' in product) throw needsSamples(algorithm, product.reader.value.name, product.reader.node.origin.source[0])
    return product ?? notKnown
  }
  return { of: reasonFor, moments: (weights) => reasonFor(weights, 'oscar') }
}

const notKnown = { reason: 'it was made anew for this mode' }

/** What is to be observed so that these weights of a float model can be stored. */
export function planObservation(model: Model, wanted: Wanted): ObservationPlan {
  const layers: ObservedLayer[] = []
  const refused = new Map<ConstData, string>()
  let bytes = 0
  const products = productsOf(model)
  const asked = (['products', 'squares'] as const).flatMap((sums) => [...(wanted[sums] ?? [])].map((weights) => ({ weights, sums })))
  for (const { weights, sums } of asked) {
    const product = products.get(weights) ?? notKnown
    if ('reason' in product) {
      refused.set(weights, product.reason)
      continue
    }
    const { columns, groups, isTransposed, rows } = product
    if (sums === 'squares') {
      layers.push({ weights, sums, columns, groups, isTransposed, rows })
      continue
    }
    const more = 8 * groups * triangleLength(columns)
    if (columns > maxColumns) refused.set(weights, `its rows have ${columns} elements, and at most ${maxColumns} are observed`)
    else if (bytes + more > maxBytes) refused.set(weights, `what is observed of the layers before it takes ${maxBytes / 2 ** 20} MB`)
    else {
      bytes += more
      layers.push({ weights, sums, columns, groups, isTransposed, rows })
    }
  }
  return { layers, refused }
}

/** What was observed, one list of sums for each layer of a plan. */
export function observedHessians({ layers, refused }: ObservationPlan, sums: readonly Float64Array[]): Hessians {
  const hessians = new Map<ConstData, Hessian>()
  const moments = new Map<ConstData, Float64Array>()
  for (const [i, { weights, columns, groups, isTransposed, sums: kind }] of layers.entries()) {
    if (kind === 'products') hessians.set(weights, { columns, groups, isTransposed, sums: sums[i]! })
    else
      moments.set(
        weights,
        sums[i]!.subarray(0, columns).map((square) => square / sums[i]![columns]!),
      )
  }
  const why = (weights: ConstData) => ({ reason: refused.get(weights) ?? notKnown.reason })
  return { of: (weights) => hessians.get(weights) ?? why(weights), moments: (weights) => moments.get(weights) ?? why(weights) }
}
