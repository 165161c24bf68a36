import { DowncastError } from '../core/diagnostics.ts'
import { bodyKeys } from '../ops/bodies.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { type ModelTables, openModel } from '../run/model-io.ts'
import { activationsOf } from './activations.ts'
import type { HessianSource } from './hessian.ts'
import { interpreterObserver } from './interpreter-observer.ts'
import { liteRtObserver } from './litert-observer.ts'
import type { Observer } from './observer.ts'
import { specOf } from './operator-spec.ts'

/** What LiteRT.js lacks for some models; the interpreter may have it. */
const lacks: ReadonlySet<string> = new Set(['run/missing-op', 'run/not-loadable', 'run/unsupported-dtype'])

/** Whether an op runs other graphs. What a composite stands for is not run: it is one op to who looks on. */
function hasBodies(tables: ModelTables): boolean {
  return tables.subgraphs.some(({ operators }) =>
    operators.some((operator) => {
      const spec = specOf(operator, tables)
      return spec !== undefined && bodyKeys({ op: spec.name }).length > 0
    }),
  )
}

/**
 * Looks at the activations of a `.tflite` model with LiteRT.js, and with downcast's interpreter where LiteRT.js cannot: it shows no tensors
 * of bodies of control flow, and does not load every model. Throws what `LiteRtRunner.load` and `openModel` throw.
 */
export async function openObserver(
  runner: LiteRtRunner,
  bytes: Uint8Array,
  name: string,
  hessians: readonly HessianSource[] = [],
): Promise<Observer> {
  const file = openModel(name, bytes)
  const activations = activationsOf(file.tables)
  if (hasBodies(file.tables)) {
    return interpreterObserver(file, activations, 'it shows no tensors of bodies of control flow', hessians)
  }
  try {
    return await liteRtObserver(runner, file, activations, hessians)
  } catch (e) {
    if (!(e instanceof DowncastError) || !lacks.has(e.code)) throw e
    return interpreterObserver(file, activations, e.message, hessians)
  }
}
