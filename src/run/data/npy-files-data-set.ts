import { readNpy } from '../../wire/npy.ts'
import { unknownDataFormat } from './diagnostics.ts'
import type { LabelReader } from './labels.ts'
import { baseName, type DataFolder, type DataSet, makeDataSet } from './sample.ts'

/**
 * Samples of one `.npy` file for each input: `0001.npy`, or `0001.left.npy` and `0001.right.npy` for the inputs `left` and `right`.
 * Samples are in the order of their names. @see https://github.com/webdataset/webdataset, the names in its archives
 */
export function npyFilesDataSet(folder: DataFolder, files: readonly string[], readLabels: LabelReader): DataSet {
  const samples = new Map<string, Map<string, string>>()
  for (const file of files) {
    const base = baseName(file)
    const [key = '', ...rest] = base.split('.')
    const sample = file.slice(0, file.length - base.length) + key
    const inputs = samples.get(sample) ?? new Map<string, string>()
    samples.set(sample, inputs.set(rest.slice(0, -1).join('.'), file))
  }
  const names = [...samples.keys()]
  const labels = readLabels(names.length, names)
  return makeDataSet({
    name: folder.name,
    count: names.length,
    isLabeled: labels !== undefined,
    classNames: new Map(),
    async read(index) {
      const name = names[index]!
      const arrays = Array.from(samples.get(name)!, ([input, file]) => {
        const source = folder.open(file)
        if (!source) throw unknownDataFormat(`${folder.name}/${file}`, 'no file')
        return [input, readNpy(source)] as const
      })
      return { index, name, label: labels?.[index], arrays: new Map(arrays) }
    },
  })
}
