import { invariant } from '../../core/diagnostics.ts'
import { arrayOf, floatsOf, operandAt, resultShape } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'
import { dot } from '../nn/window.kernel.ts'

function clipped(x: number, limit: number): number {
  return limit > 0 ? Math.max(-limit, Math.min(limit, x)) : x
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x))
}

/**
 * One run from the given states, which are not written to. Gates are summed in float64, states rounded at each step.
 * Without peepholes, projection and layer norm. @see LiteRT kernels/lstm_eval.cc
 */
export const unidirectionalSequenceLstm: Kernel = (context) => {
  const input = operandAt(context, 0)
  const x = floatsOf(input)
  const { timeMajor, cellClip, diagonalRecurrentTensors } = context.attrs
  invariant(
    !diagonalRecurrentTensors && [9, 10, 11, 16, 17, 20, 21, 22, 23].every((i) => !context.inputs[i]),
    'this kernel is for plain cells',
  )
  const optional = (i: number) => (context.inputs[i] ? floatsOf(context.inputs[i]) : undefined)
  const gates = [0, 1, 2, 3].map((g) => ({ w: optional(1 + g), r: optional(5 + g), b: optional(12 + g) }))
  const shape = resultShape(context)
  const [steps, batch] = timeMajor ? [shape[0]!, shape[1]!] : [shape[1]!, shape[0]!]
  const [size, units] = [input.shape[2]!, shape[2]!]
  const hidden = Float32Array.from(floatsOf(operandAt(context, 18)))
  const cell = Float32Array.from(floatsOf(operandAt(context, 19)))
  const activate =
    context.attrs.fusedActivation === 'tanh'
      ? Math.tanh
      : context.attrs.fusedActivation === 'relu'
        ? (v: number) => Math.max(0, v)
        : undefined
  invariant(activate, 'the cell activation must be tanh or relu')
  const out = new Float32Array(steps * batch * units)
  for (let t = 0; t < steps; t++) {
    for (let n = 0; n < batch; n++) {
      const row = timeMajor ? t * batch + n : n * steps + t
      const before = hidden.slice(n * units, (n + 1) * units)
      for (let u = 0; u < units; u++) {
        const [i, f, c, o] = gates.map(({ w, r, b }) =>
          w && r ? dot(size, x, row * size, w, u * size) + dot(units, before, 0, r, u * units) + (b?.[u] ?? 0) : undefined,
        )
        const forget = logistic(f!)
        const enter = i === undefined ? 1 - forget : logistic(i)
        const state = Math.fround(clipped(forget * cell[n * units + u]! + enter * activate(c!), cellClip as number))
        cell[n * units + u] = state
        hidden[n * units + u] = logistic(o!) * activate(state)
        out[row * units + u] = hidden[n * units + u]!
      }
    }
    context.observe?.(18, hidden)
    context.observe?.(19, cell)
  }
  return [arrayOf('f32', shape, out)]
}
