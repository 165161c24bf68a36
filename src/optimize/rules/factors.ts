import type { GraphEditor } from '../../ir/graph.ts'
import type { Node, Value } from '../../ir/types.ts'
import { splatOf } from '../constants.ts'
import { isReadOnce } from '../weighted.ts'

/** The formulas looked for have fewer products; a longer chain is none of them, and its length must not matter. */
const maxProductNodes = 8

/** A product taken apart: `scale` times all `factors`. */
export interface Product {
  readonly scale: number
  readonly factors: readonly Value[]
  /** The nodes that make it. */
  readonly nodes: readonly Node[]
}

/**
 * The f32 product that ends in `node` (mul, square, neg, or div by a number), through muls nobody else reads; whatever the
 * order in which it was written. undefined when the node is no product.
 */
export function productOf(graph: GraphEditor, node: Node | undefined): Product | undefined {
  if (!node || !isProduct(node)) return undefined
  let scale = 1
  const factors: Value[] = []
  const nodes: Node[] = []
  const visit = (n: Node): void => {
    nodes.push(n)
    const [a, b] = graph.operands(n)
    if (n.op === 'square') {
      factors.push(a!, a!)
      return
    }
    multiply(a!)
    if (n.op === 'neg') scale = -scale
    else if (n.op === 'mul') multiply(b!)
    else scale /= splatOf(b!) ?? Number.NaN
  }
  const multiply = (v: Value): void => {
    const number = v.data ? splatOf(v) : undefined
    const producer = graph.producer(v.id)
    if (number !== undefined) scale *= number
    else if (nodes.length < maxProductNodes && producer && isProduct(producer) && isReadOnce(graph, producer)) visit(producer)
    else factors.push(v)
  }
  visit(node)
  return Number.isNaN(scale) || factors.some((f) => f.type.dtype !== 'f32') ? undefined : { scale, factors, nodes }
}

function isProduct(node: Node): boolean {
  return node.op === 'square' || node.op === 'neg' || ((node.op === 'mul' || node.op === 'div') && node.attrs.fusedActivation === 'none')
}

/** For `x + number` in either order, where nobody else reads it: x. */
export function shiftedBy(graph: GraphEditor, node: Node | undefined, number: number, activation = 'none'): Value | undefined {
  if (node?.op !== 'add' || node.attrs.fusedActivation !== activation) return undefined
  const [a, b] = graph.operands(node)
  if (b!.data && splatOf(b!) === number) return a!
  return a!.data && splatOf(a!) === number ? b! : undefined
}

/** Constants of formulas are written to 6 digits at least. */
export function isNear(x: number, expected: number): boolean {
  return Math.abs(x - expected) <= 2e-6 * Math.abs(expected)
}
