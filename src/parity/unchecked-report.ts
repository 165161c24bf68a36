import type { Model } from '../ir/types.ts'
import type { ParityReport } from './types.ts'

/** The report where nothing can be run, for one reason. */
export function uncheckedReport(model: Model, reason: string): ParityReport {
  const gaps = model.signatures.map((s) => ({ signature: s.key, reason }))
  return {
    outputs: [],
    gaps,
    evaluators: [],
    inputShapes: {},
    samples: [],
    isReduced: false,
    isInPieces: false,
    isTranslated: false,
    runner: 'none',
    onKernels: undefined,
    timeMs: 0,
  }
}
