import { typedView } from '../core/dtype.ts'
import { GraphEditor } from '../ir/graph.ts'
import { type Graph, type Model, mergeOrigins, type Node, type Value } from '../ir/types.ts'
import { bodiesOf } from '../ops/bodies.ts'
import { OpBuilder } from '../ops/build.ts'
import { layerOf } from '../ops/diagnostics.ts'
import { op } from '../ops/index.ts'
import { lastStep, lstmLayer, perGate } from '../ops/recurrent/lstm-layer.ts'
import { constInts } from '../ops/view.ts'
import { handOver } from './hand-over.ts'
import { type LstmLoop, type Part, recognizeLstm } from './lstm-loop.ts'
import { mustStay, type NearMiss } from './pass.ts'

/** In reports. */
export const fuseLstmName = 'fuse-lstm'

/**
 * while over the steps of an LSTM cell  =>  unidirectional_sequence_lstm. The states are variables of the model: only for a batch of known
 * size, states that begin at zero, a last cell state that nobody reads, and not in a graph that others call, whose calls would share them.
 * The same model when there is nothing to do.
 */
export function fuseLstm(model: Model): { readonly model: Model; readonly hits: number; readonly misses: readonly NearMiss[] } {
  const called = new Set(model.graphs.flatMap((g) => g.nodes.flatMap(bodiesOf)))
  const misses: NearMiss[] = []
  let hits = 0
  const graphs = model.graphs.map((graph, i) => {
    const loops = graph.nodes.filter((n) => n.op === op.whileLoop.name)
    if (loops.length === 0) return graph
    const editor = new GraphEditor(graph)
    for (const loop of loops) {
      const reason = fuse(model, editor, editor.current(loop.id)!, called.has(i))
      if (reason) misses.push({ rule: fuseLstmName, reason, op: loop.op, layer: layerOf(loop.origin) })
    }
    const left = loops.filter((loop) => editor.current(loop.id)).length
    if (left === loops.length) return graph
    hits += loops.length - left
    editor.removeDead(mustStay)
    return editor.finish()
  })
  return { model: graphs.every((g, i) => g === model.graphs[i]) ? model : { ...model, graphs }, hits, misses }
}

/** Puts the op in the place of the loop; where an LSTM cell is in it and the op cannot stand for it, the reason. */
function fuse(model: Model, graph: GraphEditor, node: Node, isCalled: boolean): string | undefined {
  const [cond, step] = bodiesOf(node).map((i) => model.graphs[i]!) as [Graph, Graph]
  if ([...cond.nodes, ...step.nodes].some(mustStay)) return undefined
  const operands = graph.operands(node) as Value[]
  const loop = recognizeLstm(cond, step, operands)
  if (!loop || 'reason' in loop) return loop?.reason
  if (isCalled) return 'the loop is in a graph that is called, whose calls would share the states of the op'
  if (!isZero(graph, operands[loop.hidden]!) || !isZero(graph, operands[loop.cell]!)) return 'its states do not begin at zero'
  const isRead = node.outputs.map((id) => graph.useCount(id) > 0)
  if (loop.kept.some((kept, i) => kept === 'other' && isRead[i])) return 'a result is read that is no output of the cell'

  const b = new OpBuilder(graph)
  const layer = layerOf(node.origin) ?? 'lstm'
  graph.inPlaceOf(node, () => b.at(mergeOrigins([node.origin], fuseLstmName), layer, () => replace(b, node, loop, operands, layer)))
  graph.removeNode(node)
  return undefined
}

function replace(b: OpBuilder, node: Node, loop: LstmLoop, operands: readonly Value[], name: string): void {
  const { graph } = b
  const { channels, units, gates, batch } = loop
  const rows = ({ constant, row, column }: Part, columns: number) =>
    b.op(op.slice, [b.copy(constant), b.i32([row, column]), b.i32([units, columns])])
  const given = operands[loop.sequence]!
  const turned = loop.timeMajor ? batchMajor(b, given) : given
  const timeMajor = turned === undefined
  const outputs = lstmLayer(
    b,
    turned ?? given,
    {
      input: perGate((g) => rows(gates[g].input, channels)),
      recurrent: perGate((g) => rows(gates[g].recurrent, units)),
      bias: perGate((g) => biasOf(b, gates[g].bias, units)),
      batch,
      units,
      timeMajor,
    },
    name,
  )
  const last = () => lastStep(b, outputs, timeMajor)
  for (const [i, kept] of loop.kept.entries()) {
    const before = graph.value(node.outputs[i]!)
    if (graph.useCount(before.id) === 0) continue
    const { shape } = before.type
    if (shape.length === 3 && (kept === 'all' || shape[0] === 1))
      for (const user of graph.users(before.id).filter((u) => takesLast(graph, u))) handOver(graph, user.outputs[0]!, last())
    if (graph.useCount(before.id) === 0) continue
    if (kept === 'all') handOver(graph, before.id, timeMajor ? outputs : b.op(op.transpose, [outputs, b.i32([1, 0, 2])]))
    else handOver(graph, before.id, shape.length === 2 ? last() : b.op(op.reshape, [last(), b.i32(shape as readonly number[])]))
  }
}

/** Constants of a gate added up, as [U]. */
function biasOf(b: OpBuilder, parts: readonly Part[], units: number): Value {
  const zeros = b.f32(new Array<number>(units).fill(0), [units])
  return parts.reduce((sum, { constant, row }) => {
    const flat = b.op(op.reshape, [b.copy(constant), b.i32([-1])])
    const own = flat.type.shape[0] === 1 ? flat : b.op(op.slice, [flat, b.i32([row]), b.i32([units])])
    return sum === zeros && own !== flat ? own : b.op(op.add, [sum, own])
  }, zeros)
}

/** `[T,B,..]` as `[B,T,..]` where it is that turned round, and perhaps reversed; undefined where it is not. */
function batchMajor(b: OpBuilder, v: Value): Value | undefined {
  const { graph } = b
  const node = graph.producer(v.id)
  const [x, how] = node ? graph.operands(node) : []
  if (!node || !x) return undefined
  if (node.op === op.transpose.name) return constInts(how)?.join() === '1,0,2' ? x : undefined
  if (node.op === op.reshape.name) {
    const [time, batch, channels] = v.type.shape
    const isSwap = time === 1 || batch === 1
    return isSwap && x.type.shape.length === 3 && [batch, time, channels].every((d, i) => d === x.type.shape[i]) ? x : undefined
  }
  if (node.op !== op.reverseV2.name || constInts(how)?.join() !== '0') return undefined
  const inner = batchMajor(b, x)
  return inner && b.op(op.reverseV2, [inner, b.i32([1])])
}

/** Whether a node takes the last of what is along the first axis of three. */
function takesLast(graph: GraphEditor, node: Node): boolean {
  if (
    node.op !== op.stridedSlice.name ||
    node.attrs.shrinkAxisMask !== 1 ||
    node.attrs.newAxisMask ||
    node.attrs.ellipsisMask ||
    node.attrs.offset
  )
    return false
  const [, begin, , strides] = graph.operands(node).map((v) => constInts(v))
  if (begin?.[0] !== -1 || strides?.some((s) => s !== 1) !== false) return false
  const others = 7 & ~1 & ((1 << begin.length) - 1)
  return ((node.attrs.beginMask as number) & others) === others && ((node.attrs.endMask as number) & others) === others
}

function isZero(graph: GraphEditor, v: Value): boolean {
  if (v.data) return v.type.dtype === 'f32' && typedView('f32', v.data.bytes()).every((x) => x === 0)
  const producer = graph.producer(v.id)
  return producer?.op === op.fill.name && isZero(graph, graph.value(producer.inputs[1]!))
}
