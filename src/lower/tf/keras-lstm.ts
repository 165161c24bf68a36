import { typedView } from '../../core/dtype.ts'
import type { SourceGraph } from '../../import/source-graph.ts'
import type { TensorType, Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { lastStep, lstmLayer, perGate } from '../../ops/recurrent/lstm-layer.ts'
import { permute, reshapeTo } from '../operands.ts'
import type { SourceOp } from '../source-op.ts'

/** Operands: sequence, initial output and cell state, kernel [I,4U], recurrent kernel [U,4U], bias [4U]; gates in the order i, f, c, o. */
const operandCount = 6

/**
 * The LSTM layer of Keras 2, which calls a function marked as such, as one op. undefined where that op cannot stand for it: with a mask,
 * a batch of unknown size, states that do not begin at zero or whose last cell state is read, or inside a loop, whose steps would share
 * the op's states.
 * @see tf_keras layers/rnn/lstm.py standard_lstm
 */
export function fusedLstm(n: SourceOp, b: OpBuilder, body: SourceGraph): readonly Value[] | undefined {
  const { layout } = body
  if (!body.implements?.startsWith('lstm_') || !layout || b.isBody || n.operands.length !== operandCount || n.context.isRead(3))
    return undefined
  const [x, h, c, kernel, recurrent, bias] = n.operands as [Value, Value, Value, Value, Value, Value]
  if (![kernel, recurrent, bias].every((v) => v.data && v.type.dtype === 'f32') || !isZero(b, h) || !isZero(b, c)) return undefined
  const [batch, units] = h.type.shape
  const [channels] = kernel.type.shape
  if (typeof batch !== 'number' || typeof units !== 'number' || typeof channels !== 'number' || x.type.shape.length !== 3) return undefined
  const all = resultTypes(n, b, body)[1]
  const times = layout.timeMajor ? 0 : 1
  const time = x.type.shape[times]!
  if (!all) return undefined

  const gates = (weights: Value, rows: number) =>
    perGate((g) => permute(b, b.op(op.slice, [weights, b.i32([0, g * units]), b.i32([rows, units])]), [1, 0]))
  const biases = perGate((g) => b.op(op.slice, [bias, b.i32([g * units]), b.i32([units])]))
  const sequence = layout.goBackwards ? b.op(op.reverseV2, [x, b.i32([times])]) : x
  const { timeMajor } = layout
  const layer = { input: gates(kernel, channels), recurrent: gates(recurrent, units), bias: biases, batch, units, timeMajor }
  const outputs = lstmLayer(b, sequence, layer, b.name)
  const last = lastStep(b, outputs, timeMajor)
  // A layer that gives its last output only has it as a sequence of one.
  const isLastOnly = all.shape[times] === 1 && time !== 1
  const unread = b.f32([0])
  return [last, isLastOnly ? reshapeTo(b, last, all.shape) : outputs, last, unread, unread]
}

function isZero(b: OpBuilder, v: Value): boolean {
  if (v.data) return v.type.dtype === 'f32' && typedView('f32', v.data.bytes()).every((x) => x === 0)
  const producer = b.graph.producer(v.id)
  return producer?.op === op.fill.name && isZero(b, b.graph.value(producer.inputs[1]!))
}

/** What the function gives; nothing where it cannot be lowered. */
function resultTypes(n: SourceOp, b: OpBuilder, body: SourceGraph): readonly (TensorType | undefined)[] {
  let types: readonly (TensorType | undefined)[] = []
  b.bodies.attempt(() => {
    b.body('trial', n.operands, (inner, args) => {
      const given = n.operands.map((v, i) => (v.data ? inner.copy(v) : args[i]!))
      types = n.scope.nodes.lowerNodes(body, given, inner, []).map((v) => v?.type)
      return []
    })
    return undefined
  })
  return types
}
