import { isJsonObject, type Json, member } from '../../core/json.ts'
import { type NdArray, ndArray } from '../../core/nd-array.ts'
import { openTextLines } from '../../wire/text-lines.ts'
import { badRecord, noSamples } from './diagnostics.ts'
import type { LabelReader } from './labels.ts'
import { baseName, type DataSet, type DataSource, makeDataSet } from './sample.ts'

const maxRank = 16

/**
 * One sample a line: a JSON object with a number or a nested array for each input by name, and `label` or `labels` for the class; or an
 * array for the only input. Throws `run/no-samples`, `run/bad-record` and what the reader of lines throws; the same when a sample is read.
 */
export function jsonLinesDataSet(file: DataSource, readLabels: LabelReader): DataSet {
  const lines = openTextLines(file)
  const { count } = lines
  if (count === 0) throw noSamples(file.name)
  const record = (index: number): { label: number | undefined; arrays: Map<string, NdArray> } => {
    const fail = (expected: string, actual: string) => badRecord(file.name, lines.numberOf(index), expected, actual)
    const value = parse(lines.line(index))
    if (!isJsonObject(value) && !Array.isArray(value)) throw fail('a JSON object or array', describe(value))
    const given: readonly [string, Json][] = isJsonObject(value) ? Object.entries(value) : [['', value]]
    const label = isJsonObject(value) ? (member(value, 'label') ?? member(value, 'labels')) : undefined
    if (label !== undefined && !(typeof label === 'number' && Number.isInteger(label) && label >= 0)) {
      throw fail('a class number as label', describe(label))
    }
    const arrays = given.flatMap(([name, array]): [string, NdArray][] => {
      if (isJsonObject(value) && (name === 'label' || name === 'labels')) return []
      const shape = shapeOf(array)
      const values = new Float64Array(shape.reduce((n, d) => n * d, 1))
      const filled = fill(array, shape, 0, values, 0)
      if (filled !== values.length)
        throw fail(`numbers of one shape, at most ${maxRank} deep, for ${JSON.stringify(name)}`, describe(array))
      return [[name, ndArray('f64', values, shape)]]
    })
    return { label, arrays: new Map(arrays) }
  }
  const labels = readLabels(count)
  const isLabeled = labels !== undefined || record(0).label !== undefined
  const base = baseName(file.name)
  return makeDataSet({
    name: file.name,
    count,
    isLabeled,
    classNames: new Map(),
    async read(index) {
      const { label, arrays } = record(index)
      return { index, name: `${base}[${index}]`, label: labels?.[index] ?? label, arrays }
    },
  })
}

function parse(line: string): Json | undefined {
  try {
    return JSON.parse(line) as Json
  } catch {
    return undefined
  }
}

function describe(value: Json | undefined): string {
  if (value === undefined) return 'text that is no JSON'
  if (Array.isArray(value)) return 'an array that is not so'
  return isJsonObject(value) ? 'an object' : JSON.stringify(value).slice(0, 40)
}

/** Lengths along the first elements; `fill` checks the others. */
function shapeOf(value: Json): number[] {
  const shape: number[] = []
  for (let part: Json | undefined = value; Array.isArray(part) && shape.length <= maxRank; part = part[0]) shape.push(part.length)
  return shape
}

/** Writes the numbers from `at` on and gives the place after them; NaN where the value is not of the shape. */
function fill(value: Json, shape: readonly number[], axis: number, into: Float64Array, at: number): number {
  if (axis > maxRank) return Number.NaN
  if (axis === shape.length) {
    const number = typeof value === 'boolean' ? Number(value) : value
    if (typeof number !== 'number') return Number.NaN
    into[at] = number
    return at + 1
  }
  if (!Array.isArray(value) || value.length !== shape[axis]) return Number.NaN
  let next = at
  for (const part of value as readonly Json[]) {
    next = fill(part, shape, axis + 1, into, next)
    if (Number.isNaN(next)) return next
  }
  return next
}
