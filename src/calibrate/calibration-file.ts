import type { Json } from '../core/json.ts'
import { JsonCursor } from '../import/json-cursor.ts'
import { Calibration, type CalibrationRecord } from './calibration.ts'
import { malformedCalibration } from './diagnostics.ts'
import { maxBins } from './histogram.ts'
import type { Masks } from './masks.ts'
import type { TensorStatistics } from './statistics.ts'

const format = 'downcast calibration'
/** Version 1 has no sums of columns. */
const version = 2

/** A calibration as text, one line for each activation. Equal calibrations give equal text. */
export function calibrationText(calibration: Calibration): string {
  const { tensors, hasColumnSums, ...rest } = calibration.record
  const head = JSON.stringify({ format, version: hasColumnSums ? version : 1, ...rest }, undefined, 2).slice(0, -2)
  const lines = Array.from(tensors, ([key, t]) => `    ${JSON.stringify(key)}: ${JSON.stringify(tensorJson(t))}`)
  return `${head},\n  "tensors": {\n${lines.join(',\n')}\n  }\n}\n`
}

function tensorJson(t: TensorStatistics): object {
  const { elements, samples, range, average, sum, squares, nan, infinite, notFiniteIn, masks, columnSums } = t
  const { exponent, first, counts } = t.histogram
  return {
    elements,
    samples,
    range,
    average,
    sum,
    squares,
    nan,
    infinite,
    notFiniteIn,
    masks,
    columnSums,
    histogram: { exponent, first, counts },
  }
}

/** Reads what `calibrationText` writes; `file` names it in errors. Throws calibrate/malformed-calibration. */
export function parseCalibration(file: string, text: string): Calibration {
  let json: Json
  try {
    json = JSON.parse(text) as Json
  } catch (e) {
    throw malformedCalibration(file, '', 'JSON', e instanceof Error ? e.message.replace(/\.$/, '') : String(e))
  }
  const root = new JsonCursor(malformedCalibration, file, '', json)
  if (root.at('format').value !== format) root.at('format').fail(JSON.stringify(format))
  const written = root.at('version').value
  if (written !== 1 && written !== version) root.at('version').fail(`1 or ${version}`)
  const [model, data, method] = [root.at('model'), root.at('data'), root.at('method')]
  const record: CalibrationRecord = {
    model: { name: model.at('name').string(), sha256: model.at('sha256').string() },
    data: {
      name: data.at('name').string(),
      sha256: data.at('sha256').string(),
      samples: data.at('samples').index(),
      skipped: data
        .at('skipped')
        .array()
        .map((s) => ({ name: s.at('name').string(), reason: s.at('reason').string() })),
    },
    preprocess: Object.fromEntries(members(root.at('preprocess')).map(([input, p]) => [input, p.string()])),
    method: method.value === 'litert' || method.value === 'interpreter' ? method.value : method.fail('"litert" or "interpreter"'),
    signatures: root
      .at('signatures')
      .array()
      .map((s) => s.string()),
    curve: root
      .at('curve')
      .array()
      .map((p) => ({ samples: p.at('samples').index(), share: p.at('share').number() })),
    hasColumnSums: written === version,
    tensors: new Map(members(root.at('tensors')).map(([key, t]) => [key, tensorOf(t)])),
  }
  return new Calibration(record, file)
}

function tensorOf(t: JsonCursor): TensorStatistics {
  const optional = <T>(name: string, read: (at: JsonCursor) => T): T | undefined =>
    t.at(name).value === undefined ? undefined : read(t.at(name))
  const range = optional('range', pair)
  const average = optional('average', pair)
  const notFiniteIn = optional('notFiniteIn', (at) => at.string())
  const masks = optional('masks', masksOf)
  const elements = t.at('elements').index()
  const columnSums = optional('columnSums', (at) => columnsOf(at, elements))
  const histogram = t.at('histogram')
  const counts = histogram.at('counts')
  const bins = counts.array().map((n) => n.index())
  if (bins.length > maxBins) counts.fail(`at most ${maxBins} bins`)
  if (range === undefined && bins.length > 0) counts.fail('none without a range')
  return {
    elements,
    samples: t.at('samples').index(),
    ...(range && { range }),
    ...(average && { average }),
    sum: t.at('sum').number(),
    squares: t.at('squares').number(),
    nan: t.at('nan').index(),
    infinite: t.at('infinite').index(),
    ...(notFiniteIn !== undefined && { notFiniteIn }),
    ...(masks && { masks }),
    ...(columnSums && { columnSums }),
    histogram: {
      min: range?.[0] ?? Number.POSITIVE_INFINITY,
      max: range?.[1] ?? Number.NEGATIVE_INFINITY,
      exponent: integer(histogram.at('exponent'), -126, 127),
      first: integer(histogram.at('first'), -(2 ** 30), 2 ** 30),
      counts: bins,
    },
  }
}

/** Sums of the columns of whole rows. */
function columnsOf(at: JsonCursor, elements: number): number[] {
  const sums = at.array().map((x) => x.number())
  return sums.length > 0 && elements > 0 && elements % sums.length === 0 ? sums : at.fail(`sums whose number divides ${elements} elements`)
}

function masksOf(at: JsonCursor): Masks {
  const finite = at.at('finite')
  return { count: at.at('count').index(), ...(finite.value !== undefined && { finite: pair(finite) }) }
}

function members(at: JsonCursor): [string, JsonCursor][] {
  return Object.keys(at.object()).map((name) => [name, at.at(name)])
}

function integer(at: JsonCursor, min: number, max: number): number {
  const n = at.number()
  return Number.isInteger(n) && n >= min && n <= max ? n : at.fail(`a whole number from ${min} to ${max}`)
}

function pair(at: JsonCursor): readonly [number, number] {
  const [low, high, ...more] = at.array().map((x) => x.number())
  return low === undefined || high === undefined || more.length > 0 || low > high ? at.fail('two numbers, the smaller first') : [low, high]
}
