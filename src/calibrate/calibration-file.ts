import { Calibration, type CalibrationRecord } from './calibration.ts'
import { malformedCalibration } from './diagnostics.ts'
import { maxBins } from './histogram.ts'
import type { TensorStatistics } from './statistics.ts'

const format = 'downcast calibration'
const version = 1

/** A calibration as text, one line for each activation. Equal calibrations give equal text. */
export function calibrationText(calibration: Calibration): string {
  const { tensors, ...rest } = calibration.record
  const head = JSON.stringify({ format, version, ...rest }, undefined, 2).slice(0, -2)
  const lines = Array.from(tensors, ([key, t]) => `    ${JSON.stringify(key)}: ${JSON.stringify(tensorJson(t))}`)
  return `${head},\n  "tensors": {\n${lines.join(',\n')}\n  }\n}\n`
}

function tensorJson(t: TensorStatistics): object {
  const { elements, samples, range, average, sum, squares, nan, infinite, notFiniteIn } = t
  const { exponent, first, counts } = t.histogram
  return { elements, samples, range, average, sum, squares, nan, infinite, notFiniteIn, histogram: { exponent, first, counts } }
}

/** Reads what `calibrationText` writes; `file` names it in errors. Throws calibrate/malformed-calibration. */
export function parseCalibration(file: string, text: string): Calibration {
  let json: unknown
  try {
    json = JSON.parse(text)
  } catch (e) {
    throw malformedCalibration(file, '', 'JSON', e instanceof Error ? e.message.replace(/\.$/, '') : String(e))
  }
  const root = new Cursor(file, '', json)
  if (root.at('format').value !== format) throw root.at('format').fail(JSON.stringify(format))
  if (root.at('version').value !== version) throw root.at('version').fail(String(version))
  const [model, data, method] = [root.at('model'), root.at('data'), root.at('method')]
  if (method.value !== 'litert' && method.value !== 'interpreter') throw method.fail('"litert" or "interpreter"')
  const record: CalibrationRecord = {
    model: { name: model.at('name').text(), sha256: model.at('sha256').text() },
    data: {
      name: data.at('name').text(),
      sha256: data.at('sha256').text(),
      samples: data.at('samples').count(),
      skipped: data.at('skipped').list((s) => ({ name: s.at('name').text(), reason: s.at('reason').text() })),
    },
    preprocess: Object.fromEntries(root.at('preprocess').entries((p) => p.text())),
    method: method.value,
    signatures: root.at('signatures').list((s) => s.text()),
    curve: root.at('curve').list((p) => ({ samples: p.at('samples').count(), share: p.at('share').number() })),
    tensors: new Map(root.at('tensors').entries(tensorOf)),
  }
  return new Calibration(record)
}

function tensorOf(t: Cursor): TensorStatistics {
  const range = t.find('range')?.pair()
  const average = t.find('average')?.pair()
  const notFiniteIn = t.find('notFiniteIn')?.text()
  const [exponent, first, counts] = [t.at('histogram').at('exponent'), t.at('histogram').at('first'), t.at('histogram').at('counts')]
  const bins = counts.list((n) => n.count())
  if (bins.length > maxBins) throw counts.fail(`at most ${maxBins} bins`)
  if (range === undefined && bins.length > 0) throw counts.fail('none without a range')
  return {
    elements: t.at('elements').count(),
    samples: t.at('samples').count(),
    ...(range && { range }),
    ...(average && { average }),
    sum: t.at('sum').number(),
    squares: t.at('squares').number(),
    nan: t.at('nan').count(),
    infinite: t.at('infinite').count(),
    ...(notFiniteIn !== undefined && { notFiniteIn }),
    histogram: {
      min: range?.[0] ?? Number.POSITIVE_INFINITY,
      max: range?.[1] ?? Number.NEGATIVE_INFINITY,
      exponent: exponent.integer(-126, 127),
      first: first.integer(-(2 ** 30), 2 ** 30),
      counts: bins,
    },
  }
}

/** A place in a JSON document, which tells where it is when it is not what it must be. */
class Cursor {
  readonly #file: string
  readonly #path: string
  readonly value: unknown

  constructor(file: string, path: string, value: unknown) {
    this.#file = file
    this.#path = path
    this.value = value
  }

  fail(expected: string): Error {
    const { value } = this
    const actual = value === undefined ? 'nothing' : (JSON.stringify(value) ?? typeof value)
    return malformedCalibration(this.#file, this.#path, expected, actual.length > 60 ? `${actual.slice(0, 60)}…` : actual)
  }

  find(key: string): Cursor | undefined {
    const object = this.#object()
    return Object.hasOwn(object, key) ? new Cursor(this.#file, this.#path === '' ? key : `${this.#path}.${key}`, object[key]) : undefined
  }

  at(key: string): Cursor {
    return this.find(key) ?? new Cursor(this.#file, this.#path === '' ? key : `${this.#path}.${key}`, undefined)
  }

  list<T>(read: (item: Cursor) => T): T[] {
    if (!Array.isArray(this.value)) throw this.fail('a list')
    return this.value.map((item, i) => read(new Cursor(this.#file, `${this.#path}[${i}]`, item)))
  }

  entries<T>(read: (item: Cursor) => T): [string, T][] {
    return Object.keys(this.#object()).map((key) => [key, read(this.at(key))])
  }

  text(): string {
    if (typeof this.value !== 'string') throw this.fail('text')
    return this.value
  }

  number(): number {
    if (typeof this.value !== 'number') throw this.fail('a number')
    return this.value
  }

  integer(min: number, max: number): number {
    const n = this.number()
    if (!Number.isInteger(n) || n < min || n > max) throw this.fail(`a whole number from ${min} to ${max}`)
    return n
  }

  count(): number {
    return this.integer(0, Number.MAX_SAFE_INTEGER)
  }

  pair(): readonly [number, number] {
    const [low, high, ...more] = this.list((x) => x.number())
    if (low === undefined || high === undefined || more.length > 0 || low > high) throw this.fail('two numbers, the smaller first')
    return [low, high]
  }

  #object(): Readonly<Record<string, unknown>> {
    const { value } = this
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw this.fail('an object')
    return value as Readonly<Record<string, unknown>>
  }
}
