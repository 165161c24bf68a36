import { typedView } from '../../core/dtype.ts'
import { arrayOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

function part(f: (re: number, im: number) => number): Kernel {
  return (context) => {
    const x = operandAt(context, 0)
    const pairs = typedView('c64', x.bytes)
    return [
      arrayOf(
        'f32',
        x.shape,
        Float32Array.from({ length: pairs.length / 2 }, (_, i) => f(pairs[2 * i]!, pairs[2 * i + 1]!)),
      ),
    ]
  }
}

export const real = part((re) => re)
export const imag = part((_, im) => im)
export const complexAbs = part(Math.hypot)
