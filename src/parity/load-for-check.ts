import type { ByteSource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { Graph } from '../ir/types.ts'
import type { Foreseen, LiteRtRunner } from '../run/litert.ts'
import { withOpenSizes } from '../run/model-io.ts'
import { costAt } from './cost.ts'
import { type Running, runOnKernels } from './kernel-run.ts'
import { runInPieces } from './pieces.ts'
import type { ParityMode } from './types.ts'

/** A runtime that lacks what a model needs, or memory for it, is no fault of the model. */
export const runtimeLimits: ReadonlySet<string> = new Set(['run/missing-op', 'run/unsupported-dtype', 'run/out-of-memory'])

/** In these LiteRT.js may lack a kernel, which it says in ways of its own. */
export const mayLackKernels: ReadonlySet<ParityMode> = new Set<ParityMode>([
  'dynamic-int4',
  'weight-only-int8',
  'weight-only-int4',
  'recipe',
])

interface Loading {
  readonly name: string
  readonly file: ByteSource
  /** For the cost on the kernels, with inputs of these shapes. */
  readonly graph: Graph
  readonly shapes: readonly (readonly number[])[]
  /** Whether those are others than the file's. */
  readonly isOpen: boolean
  readonly isFloat: boolean
  /** A larger file is run piece by piece. */
  readonly wholeBytes: number
  readonly foreseen?: Foreseen | undefined
}

/** Multiply-accumulates that the reference kernels take about a second for. */
const maxKernelMacs = 2e8

/** LiteRT.js has 2 GiB for the file, its weights packed a second time, and what is computed. */
export const maxWholeBytes = 640 * 2 ** 20

/**
 * A model in LiteRT.js, piece by piece where it is too large for its memory; where that lacks ops of a float model, on the reference kernels, with what is missing, unless that would take long.
 * Throws what `Runner.load` throws.
 */
export async function loadForCheck(
  runner: LiteRtRunner,
  { name, file, graph, shapes, isOpen, isFloat, wholeBytes, foreseen }: Loading,
): Promise<{ readonly running: Running; readonly missing?: DowncastError; readonly isInPieces?: boolean }> {
  const pieces = file.byteLength > wholeBytes ? runInPieces(runner, { name, contents: file, isOpen }) : undefined
  if (pieces) return { running: pieces, isInPieces: true }
  try {
    return { running: await runner.load(file, { name, foreseen, ...(isOpen && { present: withOpenSizes }) }) }
  } catch (e) {
    const isMissing = e instanceof DowncastError && e.code === 'run/missing-op'
    if (!isMissing || !isFloat || (costAt(graph, shapes)?.macs ?? 0) > maxKernelMacs) throw e
    return { running: runOnKernels(name, file, e), missing: e }
  }
}
