import { memorySource } from '../core/bytes.ts'
import type { NdArray } from '../core/nd-array.ts'
import { importTflite } from '../import/tflite/import-model.ts'
import { readTfliteFile } from '../import/tflite/read-file.ts'
import type { SignaturePort } from '../ir/types.ts'
import { NotComputable } from '../ops/interpret.ts'
import { interpretModel } from '../ops/interpret-model.ts'
import type { LoadedModel } from '../run/runner.ts'

/**
 * A written model on the reference kernels, each run from states of zeros, for one that LiteRT.js cannot hold. What the kernels cannot
 * compute either throws `cause`.
 */
export function runOnKernels(name: string, bytes: Uint8Array, cause: unknown): Pick<LoadedModel, 'run' | 'reset' | 'dispose'> {
  const model = importTflite(readTfliteFile(memorySource(name, bytes)))
  const portOf = (ports: readonly SignaturePort[], value: number) => ports.find((p) => p.value === value)!.name
  return {
    async run(feeds, settings) {
      const signature = model.signatures.find((s) => s.key === settings?.signature) ?? model.signatures[0]!
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
