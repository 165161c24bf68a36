import { byteLengthOf } from '../../core/dtype.ts'
import { type NdArray, rowOf } from '../../core/nd-array.ts'
import { openIdx } from '../../wire/idx.ts'
import { openNpy, readNpy } from '../../wire/npy.ts'
import { openNpz } from '../../wire/npz.ts'
import { swapBytes } from '../../wire/swap-bytes.ts'
import { countMismatch, noSamples, unknownDataFormat } from './diagnostics.ts'
import { type LabelReader, labelsOf } from './labels.ts'
import { baseName, type DataSet, type DataSource, makeDataSet } from './sample.ts'

/** Rows of an array in a file, read one at a time. */
interface Rows {
  readonly count: number
  row(index: number): NdArray
}

/** Samples along the first axis of an IDX file. `labels` are those of its partner, when there is one. */
export function idxDataSet(file: DataSource, readLabels: LabelReader): DataSet {
  const idx = openIdx(file)
  const shape = idx.shape.slice(1)
  const rowBytes = byteLengthOf(
    idx.dtype,
    shape.reduce((n, d) => n * d, 1),
  )
  const row = (i: number): NdArray => {
    const bytes = idx.source.read(idx.dataOffset + i * rowBytes, rowBytes)
    return { dtype: idx.dtype, shape, bytes: swapBytes(idx.dtype, bytes) }
  }
  return rowsDataSet(file.name, new Map([['', { count: idx.shape[0]!, row }]]), readLabels)
}

/** Samples along the first axis of a `.npy` file. */
export function npyDataSet(file: DataSource, readLabels: LabelReader): DataSet {
  return rowsDataSet(file.name, new Map([['', npyRows(file)]]), readLabels)
}

/** Samples along the first axis of the arrays of a `.npz` file, one for each input; an array `labels` holds the classes. */
export function npzDataSet(file: DataSource, readLabels: LabelReader): DataSet {
  const arrays = openNpz(file)
  const stored = arrays.get('labels')
  arrays.delete('labels')
  const rows = new Map(Array.from(arrays, ([name, array]) => [name, npyRows(array)]))
  return rowsDataSet(file.name, rows, (count) => readLabels(count) ?? (stored && labelsOf(readNpy(stored), stored.name, count)))
}

function npyRows(source: DataSource): Rows {
  const npy = openNpy(source)
  if (npy.shape.length === 0) throw unknownDataFormat(source.name, 'a single number')
  const count = npy.shape[0]!
  if (npy.isFortran || npy.isBigEndian) {
    const whole = readNpy(source)
    return { count, row: (i) => rowOf(whole, i) }
  }
  const shape = npy.shape.slice(1)
  const rowBytes = byteLengthOf(
    npy.dtype,
    shape.reduce((n, d) => n * d, 1),
  )
  return { count, row: (i) => ({ dtype: npy.dtype, shape, bytes: source.read(npy.dataOffset + i * rowBytes, rowBytes) }) }
}

function rowsDataSet(name: string, arrays: ReadonlyMap<string, Rows>, readLabels: LabelReader): DataSet {
  const [first] = arrays.values()
  if (!first || first.count === 0) throw noSamples(name)
  const { count } = first
  for (const [array, rows] of arrays)
    if (rows.count !== count) throw countMismatch(name, `rows of ${JSON.stringify(array)}`, count, rows.count)
  const base = baseName(name)
  const nameOf = (i: number): string => `${base}[${i}]`
  const labels = readLabels(count)
  return makeDataSet({
    name,
    count,
    isLabeled: labels !== undefined,
    classNames: new Map(),
    read: async (index) => ({
      index,
      name: nameOf(index),
      label: labels?.[index],
      arrays: new Map(Array.from(arrays, ([array, rows]) => [array, rows.row(index)])),
    }),
  })
}
