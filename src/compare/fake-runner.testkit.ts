import { byteLengthOf, bytesOf, typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { DataSet, Sample } from '../run/data/sample.ts'
import { makeDataSet } from '../run/data/sample.ts'
import type { LoadedModel, Runner, SignatureInfo, TensorInfo } from '../run/runner.ts'

/** A model by what it answers to one sample's numbers, for each output. */
export interface FakeModel {
  readonly inputs?: readonly TensorInfo[]
  readonly outputs?: readonly TensorInfo[]
  answer(x: readonly number[]): readonly (readonly number[])[]
}

export const scores = (name = 'scores', classes = 3): TensorInfo => ({ name, dtype: 'f32', shape: ['N', classes] })

/** Runs fakes by the name they are loaded under; `batches` counts the samples of each call. */
export function fakeRunner(models: Readonly<Record<string, FakeModel>>, batches: number[] = []): Runner {
  return {
    describe: async () => 'a fake',
    dispose: async () => {},
    load: async (_, settings) => {
      const { inputs = [{ name: 'x', dtype: 'f32', shape: ['N', 1] }], outputs = [scores()], answer } = models[settings?.name ?? '']!
      const signature: SignatureInfo = { key: 'serving_default', inputs, outputs }
      const run: LoadedModel['run'] = async (feeds) => {
        const [x] = feeds.values()
        const count = x!.shape[0]!
        batches.push(count)
        const values = Array.from(typedView('f32', x!.bytes))
        const width = values.length / count
        const rows = Array.from({ length: count }, (_, i) => answer(values.slice(i * width, (i + 1) * width)))
        return new Map(
          outputs.map((o, k) => [
            o.name,
            outputArray(
              o,
              rows.map((r) => r[k]!),
            ),
          ]),
        )
      }
      return { signatures: [signature], run, reset: async () => {}, dispose: async () => {} }
    },
  }
}

function outputArray({ dtype, shape }: TensorInfo, rows: readonly (readonly number[])[]): NdArray {
  const flat = rows.flat()
  const bytes = dtype === 'f32' ? bytesOf(Float32Array.from(flat)) : bytesOf(Int8Array.from(flat))
  return { dtype, shape: [rows.length, ...(shape.slice(1) as number[])], bytes: bytes.slice(0, byteLengthOf(dtype, flat.length)) }
}

/** Samples of numbers with their labels. */
export function fakeData(rows: readonly (readonly number[])[], labels?: readonly number[], classNames: readonly string[] = []): DataSet {
  const read = async (index: number): Promise<Sample> => ({
    index,
    name: `data[${index}]`,
    label: labels?.[index],
    arrays: new Map([['', { dtype: 'f32', shape: [rows[index]!.length], bytes: bytesOf(Float32Array.from(rows[index]!)) }]]),
  })
  return makeDataSet({ name: 'data', count: rows.length, isLabeled: labels !== undefined, classNames: new Map(classNames.entries()), read })
}
