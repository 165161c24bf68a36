import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../build.ts'
import { stridedSlice } from '../shape/slice.ts'
import { unidirectionalSequenceLstm } from './sequence-lstm.ts'

/** Something for each gate: input, forget, cell, output. */
export type PerGate = readonly [Value, Value, Value, Value]

/** What `make` gives for each gate by its number. */
export function perGate(make: (gate: 0 | 1 | 2 | 3) => Value): PerGate {
  return [make(0), make(1), make(2), make(3)]
}

export interface LstmLayer {
  /** f32 [U,I] each. */
  readonly input: PerGate
  /** f32 [U,U] each. */
  readonly recurrent: PerGate
  /** f32 [U] each. */
  readonly bias: PerGate
  readonly batch: number
  readonly units: number
  readonly timeMajor: boolean
}

/**
 * Results of all steps of an LSTM layer with tanh and logistic over `x` ([B,T,I], or [T,B,I]), as [B,T,U] or [T,B,U]. Its states begin at
 * zero and are variables, which a caller resets before the next run. `name` is that of the states.
 */
export function lstmLayer(b: OpBuilder, x: Value, { input, recurrent, bias, batch, units, timeMajor }: LstmLayer, name: string): Value {
  const state = (of: string) => b.graph.addValue({ name: `${name}/${of}`, type: { dtype: 'f32', shape: [batch, units] }, isVariable: true })
  const none = (count: number) => new Array<null>(count).fill(null)
  const states = [state('output_state'), state('cell_state')]
  return b.op(unidirectionalSequenceLstm, [x, ...input, ...recurrent, ...none(3), ...bias, ...none(2), ...states, ...none(4)], {
    fusedActivation: 'tanh',
    timeMajor,
  })
}

/** The last step of what `lstmLayer` gives, as [B,U]. */
export function lastStep(b: OpBuilder, outputs: Value, timeMajor: boolean): Value {
  const axis = timeMajor ? 0 : 1
  const at = (v: number) => b.i32([0, 1, 2].map((i) => (i === axis ? v : 0)))
  const others = 7 & ~(1 << axis)
  return b.op(stridedSlice, [outputs, at(-1), at(0), b.i32([1, 1, 1])], {
    beginMask: others,
    endMask: others,
    shrinkAxisMask: 1 << axis,
  })
}
