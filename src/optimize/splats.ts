import { elementCount, sameShape } from '../core/shape.ts'
import type { GraphEditor } from '../ir/graph.ts'
import type { Node, Value } from '../ir/types.ts'
import * as binary from '../ops/elementwise/binary.ts'
import { findSpec, op } from '../ops/index.ts'
import { repeatedElement } from './constants.ts'

/*
 * Constants that are one element everywhere, and what may stand for them.
 */

/** Ops that broadcast a constant among their operands. */
export const broadcastingNames: readonly string[] = [...Object.values(binary).map((spec) => spec.name), op.selectV2.name]

/** From this size on a FILL, with its shape and its number (about 500 bytes), takes less of a file than the constant, which others may share. */
export const filledBytes = 4096

/** Element types of FILL in its first versions. */
const fillable: ReadonlySet<string> = new Set(['f32', 'i32', 'i64', 'bool'])

/** Highest rank at which the kernel broadcasts. */
export function broadcastRankOf(node: Node): number {
  return findSpec(node.op)?.broadcastRank ?? 0
}

/** What a reader can take in place of a constant: one element, which it broadcasts; what another op computes; or nothing else. */
type Reading = 'element' | 'computed' | 'constant'

export function readingAt(graph: GraphEditor, node: Node, position: number): Reading {
  const spec = findSpec(node.op)
  const operand = spec?.operands[Math.min(position, spec.operands.length - 1)]
  if (!spec || !operand || operand.preparing || spec.quant?.weights?.some((w) => w.operand === operand.name)) return 'constant'
  if (!broadcastingNames.includes(node.op)) return 'computed'
  const { shape } = graph.value(node.outputs[0]!).type
  const others = graph.operands(node).filter((_, i) => i !== position)
  const isGiven = others.some((v) => sameShape(v!.type.shape, shape))
  return isGiven && shape.length <= broadcastRankOf(node) ? 'element' : 'computed'
}

/** What every reader of the value can take, outputs of the graph included; without doubles. */
export function readingsOf(graph: GraphEditor, value: Value): ReadonlySet<Reading> {
  const readings = new Set<Reading>(graph.outputs.includes(value.id) ? ['constant'] : [])
  for (const user of graph.users(value.id))
    for (const [i, id] of user.inputs.entries()) if (id === value.id) readings.add(readingAt(graph, user, i))
  return readings
}

/** Whether a constant is one element many times, and may be stored as another thing. */
export function isRepeated(value: Value): boolean {
  return value.data !== undefined && value.fixed === undefined && !value.type.quant && (elementCount(value.type.shape) ?? 0) > 1
    ? repeatedElement(value) !== undefined
    : false
}

/** Whether a FILL takes less of the file than the value it gives, and every reader takes what is computed. */
export function isBetterFilled(graph: GraphEditor, value: Value, byteLength: number): boolean {
  return byteLength >= filledBytes && fillable.has(value.type.dtype) && !readingsOf(graph, value).has('constant')
}
