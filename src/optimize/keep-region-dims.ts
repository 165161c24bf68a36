import { elementCount, type Shape, sameShape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import { mergeOrigins, type Node, type NodeId, type Value } from '../ir/types.ts'
import * as binary from '../ops/elementwise/binary.ts'
import * as unary from '../ops/elementwise/unary.ts'
import { op } from '../ops/index.ts'
import { constAxes } from '../ops/view.ts'
import type { Pass } from './pass.ts'
import { keptDims, reductionNames } from './rules/keep-dims-of-reduction.ts'

const elementwise: ReadonlySet<string> = new Set([...Object.values(unary), ...Object.values(binary)].map((s) => s.name))

/**
 * Reductions, and elementwise ops on nothing but their results and single numbers, that are only read by reshapes which put the reduced dims
 * back as 1   =>  the same with keepDims, without the reshapes: mean and variance of a layer that is written out.
 */
export const keepRegionDims: Pass = {
  name: 'keep-dims-of-region',
  run(context) {
    const { graph } = context
    const seen = new Set<NodeId>()
    for (const node of graph.finish().nodes) {
      const first = graph.current(node.id)
      if (!first || seen.has(first.id) || context.budget === 0) continue
      const region = regionAt(graph, first, seen)
      if (!region) continue
      context.budget--
      keep(graph, region)
      context.hits.set(keepRegionDims.name, (context.hits.get(keepRegionDims.name) ?? 0) + 1)
    }
  },
}

interface Region {
  readonly nodes: readonly Node[]
  readonly reshapes: readonly Node[]
  /** Of all its results. */
  readonly kept: Shape
}

/** The shape that a reduction of floats which drops dims would have with keepDims. */
function keptShape(graph: GraphEditor, node: Node): Shape | undefined {
  if (!reductionNames.includes(node.op) || node.attrs.keepDims === true) return undefined
  const [x, axes] = graph.operands(node)
  const reduced = constAxes(axes, x!.type.shape.length)
  if (x!.type.dtype !== 'f32' || !reduced || reduced.length === 0) return undefined
  return keptDims(x!.type.shape, reduced)
}

/** What has to keep its dims together with a reduction; undefined where something else reads it. */
function regionAt(graph: GraphEditor, first: Node, seen: Set<NodeId>): Region | undefined {
  const kept = keptShape(graph, first)
  if (!kept) return undefined
  const { shape: dropped } = graph.value(first.outputs[0]!).type
  const isMember = (node: Node | undefined): node is Node => {
    if (!node) return false
    const own = keptShape(graph, node)
    if (own) return sameShape(own, kept)
    return elementwise.has(node.op) && sameShape(graph.value(node.outputs[0]!).type.shape, dropped)
  }
  const isOne = (v: Value): boolean => v.data !== undefined && elementCount(v.type.shape) === 1
  const nodes = new Map([[first.id, first]])
  const reshapes: Node[] = []
  let isClosed = true
  for (const node of nodes.values()) {
    seen.add(node.id)
    const result = graph.value(node.outputs[0]!)
    isClosed &&= !result.type.quant && !graph.outputs.includes(result.id)
    for (const user of graph.users(result.id)) {
      const [out] = user.outputs
      if (user.op === op.reshape.name && sameShape(graph.value(out!).type.shape, kept) && !graph.outputs.includes(out!)) reshapes.push(user)
      else if (elementwise.has(user.op) && isMember(user)) nodes.set(user.id, user)
      else isClosed = false
    }
    for (const v of elementwise.has(node.op) ? graph.operands(node) : []) {
      const producer = v && graph.producer(v.id)
      if (isMember(producer ?? undefined)) nodes.set(producer!.id, producer!)
      else if (v && !isOne(v)) isClosed = false
    }
  }
  return isClosed && reshapes.length > 0 ? { nodes: [...nodes.values()], reshapes, kept } : undefined
}

function keep(graph: GraphEditor, { nodes, reshapes, kept }: Region): void {
  const origin = mergeOrigins(
    reshapes.map((n) => n.origin),
    keepRegionDims.name,
  )
  for (const node of nodes) {
    const isReduction = reductionNames.includes(node.op)
    graph.updateNode(node, {
      ...(isReduction && { attrs: { ...node.attrs, keepDims: true } }),
      origin: mergeOrigins([node.origin, origin]),
    })
    const { id, type } = graph.value(node.outputs[0]!)
    graph.updateValue(id, { type: { ...type, shape: kept } })
  }
  for (const { id } of reshapes) {
    const { inputs, outputs } = graph.current(id)!
    graph.replaceUses(outputs[0]!, inputs[0]!)
    graph.removeNode(graph.current(id)!)
  }
}
