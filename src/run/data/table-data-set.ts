import { type NdArray, ndArray } from '../../core/nd-array.ts'
import { csvFields } from '../../wire/csv.ts'
import { openTextLines } from '../../wire/text-lines.ts'
import { badRecord, noSamples } from './diagnostics.ts'
import type { LabelReader } from './labels.ts'
import { baseName, type DataSet, type DataSource, makeDataSet } from './sample.ts'

interface Header {
  /** Places in a line of the elements of each array. */
  readonly arrays: ReadonlyMap<string, { readonly places: readonly number[]; readonly shape: readonly number[] }>
  /** Place of the column of classes. */
  readonly label: number | undefined
  readonly width: number
}

const numberWords: ReadonlyMap<string, number> = new Map([
  ['nan', Number.NaN],
  ['inf', Number.POSITIVE_INFINITY],
  ['-inf', Number.NEGATIVE_INFINITY],
])

/**
 * One sample a line of comma- or tab-separated numbers. Without a header a line is one array. With one, `x[0],x[1]` are the elements of
 * the array `x`, other columns are numbers of their own, and `label` or `labels` holds the class.
 * Throws `run/no-samples`, `run/bad-record`, and what the readers of lines throw; the same when a sample is read.
 */
export function tableDataSet(file: DataSource, readLabels: LabelReader): DataSet {
  const lines = openTextLines(file)
  const separator = /\.tsv$/i.test(file.name) ? '\t' : ','
  const fieldsOf = (index: number): string[] =>
    csvFields(lines.line(index), separator, { file: file.name, line: () => lines.numberOf(index) })
  const fail = (index: number, expected: string, actual: string) => badRecord(file.name, lines.numberOf(index), expected, actual)
  if (lines.count === 0) throw noSamples(file.name)
  const first = fieldsOf(0)
  const hasHeader = first.some((field) => numberOf(field) === undefined)
  const header = hasHeader ? headerOf(first, (expected, actual) => fail(0, expected, actual)) : plainHeader(first.length)
  const skipped = hasHeader ? 1 : 0
  const count = lines.count - skipped
  if (count === 0) throw noSamples(file.name)
  const row = (index: number): Float64Array => {
    const fields = fieldsOf(index + skipped)
    if (fields.length !== header.width) throw fail(index + skipped, `${header.width} fields`, String(fields.length))
    return Float64Array.from(fields, (field, column) => {
      const number = numberOf(field)
      if (number === undefined) throw fail(index + skipped, `a number in column ${column + 1}`, JSON.stringify(field.slice(0, 40)))
      return number
    })
  }
  const labels = readLabels(count)
  const base = baseName(file.name)
  return makeDataSet({
    name: file.name,
    count,
    isLabeled: labels !== undefined || header.label !== undefined,
    classNames: new Map(),
    async read(index) {
      const values = row(index)
      const arrays = Array.from(header.arrays, ([name, { places, shape }]): [string, NdArray] => [
        name,
        ndArray(
          'f64',
          Float64Array.from(places, (p) => values[p]!),
          shape,
        ),
      ])
      const label = labels?.[index] ?? (header.label === undefined ? undefined : values[header.label])
      return { index, name: `${base}[${index}]`, label, arrays: new Map(arrays) }
    },
  })
}

function numberOf(field: string): number | undefined {
  const word = numberWords.get(field.toLowerCase())
  if (word !== undefined) return word
  const number = Number(field)
  return field === '' || Number.isNaN(number) ? undefined : number
}

function plainHeader(width: number): Header {
  const places = Array.from({ length: width }, (_, i) => i)
  return { arrays: new Map([['', { places, shape: [width] }]]), label: undefined, width }
}

function headerOf(names: readonly string[], fail: (expected: string, actual: string) => Error): Header {
  const columns = new Map<string, number[]>()
  const scalars = new Set<string>()
  let label: number | undefined
  for (const [place, name] of names.entries()) {
    const quoted = JSON.stringify(name)
    if (name === '') throw fail('a name for every column (pandas: index=False)', `none for column ${place + 1}`)
    if (name === 'label' || name === 'labels') {
      if (label !== undefined) throw fail('one column of classes', quoted)
      label = place
      continue
    }
    const element = /^(.+)\[(\d+)\]$/.exec(name)
    const key = element ? element[1]! : name
    const places = columns.get(key) ?? []
    const isNext = element ? Number(element[2]) === places.length && !scalars.has(key) : places.length === 0
    if (!isNext) throw fail(element ? `${key}[${places.length}]` : 'each name once', quoted)
    if (!element) scalars.add(key)
    columns.set(key, [...places, place])
  }
  const arrays = new Map(Array.from(columns, ([name, places]) => [name, { places, shape: scalars.has(name) ? [] : [places.length] }]))
  return { arrays, label, width: names.length }
}
