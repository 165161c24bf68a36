import { memorySource } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import type { NdArray } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { Graph, Signature, SignaturePort, ValueId } from '../ir/types.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { LiteRtRunner } from '../run/litert.ts'
import { withOpenSizes } from '../run/model-io.ts'
import type { LoadedModel } from '../run/runner.ts'
import { costAt } from './cost.ts'

/** A runtime that lacks what a model needs, or memory for it, is no fault of the model. */
export const runtimeLimits: ReadonlySet<string> = new Set(['run/missing-op', 'run/unsupported-dtype', 'run/out-of-memory'])

export type Running = Pick<LoadedModel, 'run' | 'reset' | 'dispose'>

interface Loading {
  readonly name: string
  readonly bytes: Uint8Array
  /** For the cost on the kernels, with inputs of these shapes. */
  readonly graph: Graph
  readonly shapes: readonly (readonly number[])[]
  /** Whether those are others than the file's. */
  readonly isOpen: boolean
}

/** Multiply-accumulates that the reference kernels take about a second for. */
const maxKernelMacs = 2e8

/**
 * A float model in LiteRT.js; where that lacks ops, on the reference kernels, with what is missing, unless that would take long.
 * Throws what `Runner.load` throws.
 */
export async function loadForCheck(
  runner: LiteRtRunner,
  { name, bytes, graph, shapes, isOpen }: Loading,
): Promise<{ readonly running: Running; readonly missing?: DowncastError }> {
  try {
    return { running: await runner.load(bytes, { name, ...(isOpen && { present: withOpenSizes }) }) }
  } catch (e) {
    const isMissing = e instanceof DowncastError && e.code === 'run/missing-op'
    if (!isMissing || (costAt(graph, shapes)?.macs ?? 0) > maxKernelMacs) throw e
    return { running: runOnKernels(name, bytes, e), missing: e }
  }
}

/**
 * A model on the reference kernels, each run from states of zeros. What the kernels cannot compute either throws `cause`.
 */
function runOnKernels(name: string, bytes: Uint8Array, cause: unknown): Running {
  const model = importTflite(readTfliteFile(memorySource(name, bytes)))
  const portOf = (ports: readonly SignaturePort[], value: number) => ports.find((p) => p.value === value)!.name
  return {
    async run(feeds, settings) {
      const signature = model.signatures.find((s) => s.key === settings?.signature) ?? ownSignature(model.graphs[0]!)
      const { inputs, outputs } = model.graphs[signature.graph]!
      let results: readonly NdArray[]
      try {
        results = interpretModel(
          model,
          signature.graph,
          inputs.map((id) => feeds.get(portOf(signature.inputs, id))!),
        )
      } catch (e) {
        throw e instanceof NotComputable ? cause : e
      }
      return new Map(signature.outputs.map((p) => [p.name, results[outputs.indexOf(p.value)]!]))
    },
    async reset() {},
    async dispose() {},
  }
}

/** Of a file that declares none. */
function ownSignature({ inputs, outputs, values }: Graph): Signature {
  const ports = (ids: readonly ValueId[]) => ids.map((value) => ({ name: values.get(value)!.name, value }))
  return { key: '', graph: 0, inputs: ports(inputs), outputs: ports(outputs) }
}
