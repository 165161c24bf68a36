/** Walks the elements of a broadcast result in rows along which every operand has one fixed step (0 or 1). */
export interface BroadcastRows {
  /** Elements in each row. */
  readonly size: number
  /** Step of each operand along a row. */
  readonly steps: readonly number[]
  /** Calls `visit` with the first element of each row in the result and, in a reused array, in each operand. */
  each(visit: (out: number, starts: readonly number[]) => void): void
}

interface Axis {
  readonly size: number
  readonly steps: readonly number[]
}

/**
 * Rows of `shape` for dense operands that broadcast to it as in NumPy. Neighbouring axes that all operands walk alike
 * are joined, so equal shapes and scalars make one row, a trailing vector one row per position before it.
 */
export function broadcastRows(shape: readonly number[], operands: readonly (readonly number[])[]): BroadcastRows {
  const axes: Axis[] = []
  const seen = operands.map(() => 1)
  for (let i = shape.length - 1; i >= 0; i--) {
    const size = shape[i]!
    const steps = operands.map((o, k) => {
      const own = o[o.length - shape.length + i] ?? 1
      const step = own === 1 ? 0 : seen[k]!
      seen[k]! *= own
      return step
    })
    if (size === 1) continue
    const inner = axes[0]
    if (inner?.steps.every((s, k) => steps[k] === s * inner.size)) axes[0] = { size: inner.size * size, steps: inner.steps }
    else axes.unshift({ size, steps })
  }
  const row = axes.pop() ?? { size: 1, steps: operands.map(() => 0) }
  return {
    size: row.size,
    steps: row.steps,
    each(visit) {
      if (shape.includes(0)) return
      const starts = operands.map(() => 0)
      let out = 0
      const walk = (depth: number): void => {
        const axis = axes[depth]
        if (!axis) {
          visit(out, starts)
          out += row.size
          return
        }
        for (let i = 0; i < axis.size; i++) {
          walk(depth + 1)
          for (let k = 0; k < starts.length; k++) starts[k]! += axis.steps[k]!
        }
        for (let k = 0; k < starts.length; k++) starts[k]! -= axis.steps[k]! * axis.size
      }
      walk(0)
    },
  }
}
