import { invariant } from '../core/diagnostics.ts'
import type { Attrs } from '../ir/types.ts'
import type { Numbers } from './arrays.kernel.ts'

const clamps: Readonly<Record<string, readonly [low: number, high: number]>> = {
  relu: [0, Number.POSITIVE_INFINITY],
  relu_n1_to_1: [-1, 1],
  relu6: [0, 6],
}

/** Applies the attribute `fusedActivation` in place; NaN stays NaN. @see LiteRT kernels/kernel_util.h CalculateActivationRange */
export function activate<T extends Numbers>(data: T, attrs: Attrs): T {
  const { fusedActivation = 'none' } = attrs
  if (fusedActivation === 'none') return data
  if (fusedActivation === 'tanh') {
    for (let i = 0; i < data.length; i++) data[i] = Math.tanh(data[i]!)
    return data
  }
  if (fusedActivation === 'sign_bit') {
    for (let i = 0; i < data.length; i++) data[i] = data[i]! < 0 || Object.is(data[i], -0) ? 1 : 0
    return data
  }
  const range = clamps[String(fusedActivation)]
  invariant(range, `no kernel applies the activation ${String(fusedActivation)}`)
  const [low, high] = range
  for (let i = 0; i < data.length; i++) {
    const x = data[i]!
    if (x < low) data[i] = low
    else if (x > high) data[i] = high
  }
  return data
}
