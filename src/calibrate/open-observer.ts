import { DowncastError } from '../core/diagnostics.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { openModel } from '../run/model-io.ts'
import { activationsOf } from './activations.ts'
import type { HessianSource } from './hessian.ts'
import { interpreterObserver } from './interpreter-observer.ts'
import { liteRtObserver } from './litert-observer.ts'
import type { Observer } from './observer.ts'

/** What LiteRT.js lacks for some models; the interpreter may have it. */
const lacks: ReadonlySet<string> = new Set(['run/missing-op', 'run/not-loadable', 'run/unsupported-dtype'])

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
  const entries = new Set(file.signatures.map((s) => s.subgraph))
  if (file.tables.subgraphs.some((_, i) => !entries.has(i))) {
    return interpreterObserver(file, activations, 'it shows no tensors of bodies of control flow', hessians)
  }
  try {
    return await liteRtObserver(runner, file, activations, hessians)
  } catch (e) {
    if (!(e instanceof DowncastError) || !lacks.has(e.code)) throw e
    return interpreterObserver(file, activations, e.message, hessians)
  }
}
