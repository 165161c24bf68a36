import { type ByteSource, type Contents, sourceOf } from '../core/bytes.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { signaturesOf } from './checked-signature.ts'
import { secondsOfDay } from './evaluate-source.ts'
import { referenceOf } from './reference.ts'
import { type CheckOptions, SignatureChecks } from './signature-checks.ts'
import type { TfJsLoader } from './tfjs.ts'
import { tfliteReference, tfliteSignatures } from './tflite-source.ts'
import type { ParityReport } from './types.ts'

const defaultBudgetSeconds = 20

export interface ParityOptions extends Omit<CheckOptions, 'budgetSeconds' | 'clock'> {
  /** TensorFlow's ops by TensorFlow.js. Without it our own kernels compute all. */
  readonly loadTfJs?: TfJsLoader | undefined
  /** What one run of the source may take, as far as can be told before; it is stopped at twice that. Default 20. */
  readonly budgetSeconds?: number | undefined
  /** Seconds of work so far: a loaded machine takes longer without doing more. Default those of the day. */
  readonly clock?: (() => number) | undefined
}

/**
 * Runs a written model on random and edge inputs and compares it with an evaluation of its source that has nothing of the optimizer, the
 * writer and the runtime in it; of a `.tflite` source, with that file itself in the runtime. What cannot be compared is in the report, with
 * the reason.
 * Throws parity/mismatch, parity/cannot-run, parity/wrong-weights.
 */
export async function checkParity(source: SourceModel | ByteSource, written: Contents, options: ParityOptions): Promise<ParityReport> {
  const begin = performance.now()
  const isTflite = 'read' in source
  const { clock = secondsOfDay, budgetSeconds = defaultBudgetSeconds } = options
  const reference = isTflite
    ? await tfliteReference(source, options)
    : await referenceOf(source, { ...options, clock, stopSeconds: 2 * budgetSeconds })
  const check = new SignatureChecks(source.name, sourceOf(source.name, written), { ...options, clock, budgetSeconds }, reference)
  const seen = new Set<number>()
  try {
    check.compareWeights()
    const signatures = isTflite ? tfliteSignatures(source, options.model) : signaturesOf(source, options.model)
    if ('reason' in signatures) check.gaps.push(...options.model.signatures.map((s) => ({ signature: s.key, reason: signatures.reason })))
    else
      for (const s of signatures) {
        await check.signature(s, options.model.graphs[s.graph]!, seen.has(s.graph))
        seen.add(s.graph)
      }
  } finally {
    await reference.release()
  }
  return {
    outputs: check.outputs,
    gaps: check.gaps,
    ...(check.weights && { weights: check.weights }),
    evaluators: reference.tally(),
    inputShapes: Object.fromEntries(check.inputShapes),
    samples: [...check.kinds],
    isReduced: check.isReduced,
    isInPieces: check.isInPieces,
    isTranslated: !isTflite && source.graphs.some((g) => g.hasModules),
    runner: await options.runner.describe(),
    onKernels: check.onKernels,
    timeMs: performance.now() - begin,
  }
}
