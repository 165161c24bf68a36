import type { DType } from '../../core/dtype.ts'
import type { TensorType } from '../../ir/types.ts'
import { attr, defineOp, elementsAtBatchOne, type OperandSpec, operand } from '../spec.ts'

const gates = ['Input', 'Forget', 'Cell', 'Output'] as const
const weightTypes: readonly DType[] = ['f32', 'i8', 'u8']
const biasTypes: readonly DType[] = ['f32', 'i32']

function perGate(prefix: string, dtypes: readonly DType[], isOptional: (gate: string) => boolean): OperandSpec[] {
  return gates.map((g) => operand(`${prefix}${g}`, dtypes, { optional: isOptional(g), preparing: true }))
}

/** Absent for the input gate means that it is coupled with the forget gate. */
const coupled = (gate: string) => gate === 'Input'
const always = () => true

const operands: readonly OperandSpec[] = [
  operand('input', ['f32', 'i8', 'i16']),
  ...perGate('inputTo', weightTypes, coupled),
  ...perGate('recurrentTo', weightTypes, coupled),
  ...gates.filter((g) => g !== 'Cell').map((g) => operand(`cellTo${g}`, ['f32', 'i8', 'i16'], { optional: true, preparing: true })),
  ...perGate('bias', biasTypes, coupled),
  operand('projection', weightTypes, { optional: true, preparing: true }),
  operand('projectionBias', biasTypes, { optional: true, preparing: true }),
  operand('outputState', ['f32', 'i8', 'i16']),
  operand('cellState', ['f32', 'i16']),
  ...perGate('layerNorm', ['f32', 'i16'], always),
]

/** Operands that dynamic range quantization stores as int8, one scale each: positions 1 to 11 and 16. */
const quantizedWeights = [...operands.slice(1, 12), operands[16]!].map((o) => ({ operand: o.name, axis: null, narrowRange: true }))

/**
 * A layer of LSTM cells over a sequence: input [B,T,I], or [T,B,I] when time comes first; weights [U,I] and [U,U] per
 * gate; the states [B,U] are variables that last from run to run. The result holds the output of each step.
 */
export const unidirectionalSequenceLstm = defineOp({
  name: 'unidirectional_sequence_lstm',
  builtin: 'UNIDIRECTIONAL_SEQUENCE_LSTM',
  summary: 'LSTM over a sequence',
  operands,
  attrs: {
    fusedActivation: attr.activation(),
    cellClip: attr.f32('cellClip'),
    projClip: attr.f32('projClip'),
    timeMajor: attr.bool('timeMajor'),
    asymmetricQuantizeInputs: attr.bool('asymmetricQuantizeInputs'),
    diagonalRecurrentTensors: attr.bool('diagonalRecurrentTensors'),
  },
  options: 'UnidirectionalSequenceLSTMOptions',
  infer(n) {
    const { shape, dtype } = n.type('input')
    if (shape.length !== 3) n.fail('the input must have rank 3')
    const units = n.type('outputState').shape.at(-1)!
    return [{ dtype, shape: [shape[0]!, shape[1]!, units] }]
  },
  quant: {
    integer: ['i8'],
    signedOnly: true,
    weights: quantizedWeights,
    biases: gates.map((g) => ({ operand: `bias${g}`, scaleFrom: ['input', `inputTo${g}`] })),
    states: [
      { operand: 'outputState', grid: 'result' },
      { operand: 'cellState', grid: 'power-of-two' },
    ],
    integerWithout: [...operands.slice(9, 12), operands[16]!, ...operands.slice(20)].map((o) => o.name),
    dynamicRange: { setAttrs: { asymmetricQuantizeInputs: true }, together: true },
  },
  // Four for the gates, used with layer norm, and the hidden state before a projection. @see LiteRT kernels/unidirectional_sequence_lstm.cc
  intermediates(n) {
    if (n.types[0]?.dtype !== 'i8') return []
    return [...gates.map((): TensorType => ({ dtype: 'f32', shape: [0] })), { ...n.results[0]!, shape: [0] }]
  },
  version(n) {
    const [x, , weights] = n.types
    if (x?.dtype === 'i16' && weights?.dtype === 'i8') return 5
    if (n.attrs.diagonalRecurrentTensors) return 4
    if (x?.dtype === 'f32' && weights?.dtype === 'i8') return n.attrs.asymmetricQuantizeInputs ? 3 : 2
    return 1
  },
  // LiteRT's table names no release for version 5: that of 4 is a lower bound.
  releases: { 1: '1.13.1', 2: '1.14.0', 3: '2.3.0', 4: '2.12.0', 5: '2.12.0' },
  accuracy: 'rounding',
  // The states change; without them the result is a function of the operands.
  sideEffect: true,
  cost(n) {
    const [a, b] = n.type('input').shape
    const weights = n.types.slice(1, 9).reduce((sum, t) => sum + (t ? elementsAtBatchOne(t.shape) : 0), 0)
    return { macs: elementsAtBatchOne([a!, b!]) * weights, elementOps: 10 * elementsAtBatchOne(n.results[0]!.shape) }
  },
})
