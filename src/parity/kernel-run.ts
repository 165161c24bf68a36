import { type Contents, sourceOf } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { Graph, Model, Signature, SignaturePort, ValueId } from '../ir/types.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { LoadedModel } from '../run/runner.ts'

export type Running = Pick<LoadedModel, 'run' | 'reset' | 'dispose'>

/**
 * A model on the reference kernels, each run from states of zeros. What the kernels cannot compute either throws `cause`.
 */
export function runOnKernels(name: string, contents: Contents, cause: unknown): Running {
  const model = importTflite(readTfliteFile(sourceOf(name, contents)))
  const portOf = (ports: readonly SignaturePort[], value: number) => ports.find((p) => p.value === value)!.name
  return {
    async run(feeds, settings) {
      const signature = signatureOf(model, settings?.signature)
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

/** Of a file that declares none, the first graph's own inputs and outputs. */
export function signatureOf({ signatures, graphs }: Model, key: string | undefined): Signature {
  const { inputs, outputs, values } = graphs[0]!
  const ports = (ids: readonly ValueId[]) => ids.map((value) => ({ name: values.get(value)!.name, value }))
  return signatures.find((s) => s.key === key) ?? { key: '', graph: 0, inputs: ports(inputs), outputs: ports(outputs) }
}

/** Whether a run leaves something behind that the next one reads. */
export function keepsState({ nodes, values }: Graph): boolean {
  return nodes.some((n) => n.op === 'var_handle') || [...values.values()].some((v) => v.isVariable)
}
