import type { SourceGraph, SourceRef } from '../import/source-graph.ts'
import type { Scope } from './scope.ts'

/*
 * What can be told of the body of a loop or branch before it is lowered.
 */

const identities = new Set(['Identity', 'StopGradient', 'PreventGradient', 'Snapshot'])
const loops = new Set(['While', 'StatelessWhile'])

/** Whether result `i` of a body is always its input `i`. */
export function passesThrough(body: SourceGraph, i: number, scope: Scope): boolean {
  const output = body.outputs[i]
  return output !== undefined && inputOf(body, output.ref, scope) === body.inputs[i]?.ref.node
}

/** The node whose value a reference always is, seen through identities and through loops that do not change it. */
function inputOf(body: SourceGraph, ref: SourceRef, scope: Scope): number {
  for (let at = ref; ; ) {
    const node = body.nodes[at.node]
    // What only runs gives no value, and is refused where it is read.
    if (!node) return at.node
    if (identities.has(node.op) && node.inputs[0]) at = node.inputs[0]
    else if (loops.has(node.op)) {
      const name = node.attrs.get('body')
      const inner = name?.kind === 'func' ? scope.load(body.functions, name.value, []) : undefined
      const operand = node.inputs[at.output]
      if (!inner || !operand || !passesThrough(inner, at.output, scope)) return at.node
      at = operand
    } else return at.node
  }
}

/** Ops that may write whether or not their results are read. */
const callers = new Set(['If', 'Case', 'While'])

/**
 * The nodes that results `kept` of a body need, and those that write, with the results of each that are read. Other nodes serve
 * only results that the caller does not read, such as what `tf.cond` hands on for gradients.
 */
export function neededResults(body: SourceGraph, kept: Iterable<number> = body.outputs.keys()): ReadonlyMap<number, ReadonlySet<number>> {
  const needed = new Map<number, Set<number>>()
  const open: number[] = []
  const need = (node: number): Set<number> => {
    const known = needed.get(node)
    if (known) return known
    const read = new Set<number>()
    needed.set(node, read)
    // What only runs gives no value: its result is of no node.
    if (body.nodes[node]) open.push(node)
    return read
  }
  const used = new Set([...body.nodes.flatMap((node) => node.inputs), ...body.outputs.map((port) => port.ref)].map((ref) => ref.node))
  for (const [i, node] of body.nodes.entries()) if (!used.has(i) || callers.has(node.op)) need(i)
  for (const i of kept) {
    const { node, output } = body.outputs[i]!.ref
    need(node).add(output)
  }
  for (let i = open.pop(); i !== undefined; i = open.pop())
    for (const { node, output } of body.nodes[i]?.inputs ?? []) need(node).add(output)
  return needed
}

/** Whether a body reads its input `i`: by a node, or as a result, those in `results` aside. */
export function readsInput(body: SourceGraph, i: number, results: readonly number[] = []): boolean {
  const same = new Set([body.inputs[i]?.ref.node])
  for (const [k, node] of body.nodes.entries()) {
    if (!node.inputs.some((ref) => same.has(ref.node))) continue
    if (!identities.has(node.op)) return true
    same.add(k)
  }
  return body.outputs.some((port, k) => !results.includes(k) && same.has(port.ref.node))
}
