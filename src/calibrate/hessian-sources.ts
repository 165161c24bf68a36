import { invariant } from '../core/diagnostics.ts'
import { tensorNames } from '../export/model-record.ts'
import type { Model } from '../ir/types.ts'
import type { ObservedSums } from '../quantize/weights/observed-layers.ts'
import { openModel } from '../run/model-io.ts'
import { activationKey, activationsOf } from './activations.ts'
import type { HessianSource } from './hessian.ts'

/** What observers of a float model, and of its bytes as `tfliteBytes` writes it, are to sum. */
export function hessianSources(model: Model, bytes: Uint8Array, observed: readonly ObservedSums[]): HessianSource[] {
  if (observed.length === 0) return []
  const positions = new Map(activationsOf(openModel('model', bytes).tables).map((a, i) => [activationKey(a), i]))
  const names = model.graphs.map(tensorNames)
  return observed.map(({ kind, columns, groups, rows }) => ({
    kind,
    columns,
    groups,
    reads: rows.map(({ graph, value, window }) => {
      const activation = positions.get(activationKey({ graph, name: names[graph]!.get(value.id)! }))
      invariant(activation !== undefined, `"${value.name}" is a float activation`)
      return { activation, window }
    }),
  }))
}
