import type { ConstData } from '../../core/bytes.ts'
import type { Model, Node, Value } from '../../ir/types.ts'
import { findSpec } from '../../ops/index.ts'
import type { ProductRows } from '../../ops/spec.ts'
import { needsSamples } from '../diagnostics.ts'
import { type Hessian, type Hessians, triangleLength } from './hessian.ts'

/** Rows that a layer multiplies its weights with. */
export interface ObservedRows extends Pick<ProductRows, 'window'> {
  readonly graph: number
  readonly value: Value
}

/** Weights whose integers depend on samples, and all that they are multiplied with. */
export interface ObservedLayer extends Pick<ProductRows, 'columns' | 'groups' | 'isTransposed'> {
  readonly weights: ConstData
  readonly rows: readonly ObservedRows[]
}

export interface ObservationPlan {
  readonly layers: readonly ObservedLayer[]
  /** Why weights that ask for it are left out. */
  readonly refused: ReadonlyMap<ConstData, string>
}

/** Windows of 3x3 over 512 channels. A Hessian of so many columns takes 85 MB, and its factor as much again. */
const maxColumns = 4608
/** Of all Hessians of a model. */
const maxBytes = 512 * 2 ** 20

interface Product extends ObservedLayer {
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
 * Hessians of a model without samples. `of` throws `quantize/needs-samples` for weights that an op multiplies rows with.
 */
export function withoutSamples(model: Model): Hessians {
  let products: ReturnType<typeof productsOf> | undefined
  return {
    of(weights, algorithm) {
      products ??= productsOf(model)
      const product = products.get(weights)
      if (product && 'reader' in product) throw needsSamples(algorithm, product.reader.value.name, product.reader.node.origin.source[0])
      return product ?? notKnown
    },
  }
}

const notKnown = { reason: 'it was made anew for this mode' }

/** What is to be observed so that the integers of these weights of a float model can be chosen. */
export function planObservation(model: Model, wanted: ReadonlySet<ConstData>): ObservationPlan {
  const layers: ObservedLayer[] = []
  const refused = new Map<ConstData, string>()
  let bytes = 0
  const products = productsOf(model)
  for (const weights of wanted) {
    const product = products.get(weights) ?? notKnown
    if ('reason' in product) {
      refused.set(weights, product.reason)
      continue
    }
    const { columns, groups, isTransposed, rows } = product
    const more = 8 * groups * triangleLength(columns)
    if (columns > maxColumns) refused.set(weights, `its rows have ${columns} elements, and at most ${maxColumns} are observed`)
    else if (bytes + more > maxBytes) refused.set(weights, `what is observed of the layers before it takes ${maxBytes / 2 ** 20} MB`)
    else {
      bytes += more
      layers.push({ weights, columns, groups, isTransposed, rows })
    }
  }
  return { layers, refused }
}

/** What was observed, one list of sums for each layer of a plan. */
export function observedHessians({ layers, refused }: ObservationPlan, sums: readonly Float64Array[]): Hessians {
  const known = new Map(layers.map(({ weights, rows: _, ...layout }, i): [ConstData, Hessian] => [weights, { ...layout, sums: sums[i]! }]))
  return { of: (weights) => known.get(weights) ?? { reason: refused.get(weights) ?? notKnown.reason } }
}
