import type { ConstData } from '../../core/bytes.ts'
import type { Model, Node, Value } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import { operandIndex, type ProductRows } from '../../ops/spec.ts'
import { needsSamples } from '../diagnostics.ts'
import { type Hessian, type Hessians, sumsLength } from './hessian.ts'
import type { ObservingAlgorithm } from './scheme.ts'

/** Rows that a layer multiplies its weights with. */
export interface ObservedRows extends Pick<ProductRows, 'window'> {
  readonly graph: number
  readonly value: Value
}

/** What is summed of all rows that some weights are multiplied with. */
export interface ObservedSums extends Pick<ProductRows, 'columns' | 'groups'> {
  /** Of all pairs of elements of a row the products, or of each element the square; squares come with the number of rows behind them. */
  readonly kind: 'products' | 'squares'
  readonly rows: readonly ObservedRows[]
}

/** Weights whose integers depend on samples. */
export interface ObservedLayer extends Pick<ProductRows, 'isTransposed'> {
  readonly weights: ConstData
  /** The position of its sums, which layers that read the same have in common. */
  readonly sums: number
}

export interface ObservationPlan {
  readonly sums: readonly ObservedSums[]
  readonly layers: readonly ObservedLayer[]
  /** Why weights that ask for it are left out. */
  readonly refused: ReadonlyMap<ConstData, string>
}

/** Weights that ask for these sums. */
export type Wanted = Readonly<Partial<Record<ObservedSums['kind'], ReadonlySet<ConstData>>>>

/** Of all Hessians of a model. */
const maxBytes = 640 * 2 ** 20

interface Product extends Layout, Pick<ObservedSums, 'rows'> {
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
          const id = node.inputs[operandIndex(spec!, name)]
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
        if (!known || 'reason' in known) found.set(value.data, { ...layout, rows: [more], reader: { node, value } })
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
  const sums = new Map<string, ObservedSums & { readonly position: number }>()
  const layers: ObservedLayer[] = []
  const refused = new Map<ConstData, string>()
  let bytes = 0
  const products = productsOf(model)
  const asked = (['products', 'squares'] as const).flatMap((kind) => [...(wanted[kind] ?? [])].map((weights) => ({ weights, kind })))
  for (const { weights, kind } of asked) {
    const product = products.get(weights) ?? notKnown
    if ('reason' in product) {
      refused.set(weights, product.reason)
      continue
    }
    const { columns, groups, isTransposed, rows } = product
    const key = JSON.stringify([kind, columns, groups, rows.map(({ graph, value, window }) => [graph, value.id, window])])
    const known = sums.get(key)
    const more = known || kind === 'squares' ? 0 : 8 * groups * sumsLength(columns)
    if (bytes + more > maxBytes) {
      refused.set(weights, `what is observed of the layers before it takes ${maxBytes / 2 ** 20} MB`)
      continue
    }
    bytes += more
    const position = known?.position ?? sums.size
    if (!known) sums.set(key, { kind, columns, groups, rows, position })
    layers.push({ weights, sums: position, isTransposed })
  }
  return { sums: [...sums.values()], layers, refused }
}

/** What was observed, one list of numbers for each of the sums of a plan. */
export function observedHessians({ sums, layers, refused }: ObservationPlan, found: readonly Float64Array[]): Hessians {
  const hessians = new Map<ConstData, Hessian>()
  const moments = new Map<ConstData, Float64Array>()
  for (const { weights, sums: position, isTransposed } of layers) {
    const { kind, columns, groups } = sums[position]!
    const numbers = found[position]!
    if (kind === 'products') hessians.set(weights, { columns, groups, isTransposed, sums: numbers })
    else
      moments.set(
        weights,
        numbers.subarray(0, columns).map((square) => square / numbers[columns]!),
      )
  }
  const why = (weights: ConstData) => ({ reason: refused.get(weights) ?? notKnown.reason })
  return { of: (weights) => hessians.get(weights) ?? why(weights), moments: (weights) => moments.get(weights) ?? why(weights) }
}
