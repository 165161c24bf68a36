import { type Code, DowncastError } from '../core/diagnostics.ts'

/** What a reader knows about a fault in bytes. */
export interface ByteFault {
  /** What the file is called. */
  readonly file: string
  /** Byte offset in `file`. */
  readonly offset?: number | undefined
  /** Where that is in a text file, counted from 1: `12:8`. */
  readonly lineColumn?: string | undefined
  /** Path inside the format, e.g. `subgraphs[0].operators[12].inputs`. */
  readonly path?: string | undefined
  /** The thing that is at fault, a noun phrase without an article: `varint`, `zip directory`. */
  readonly what: string
  readonly expected?: string | undefined
  readonly actual?: string | undefined
  /** What to do, one sentence. */
  readonly hint?: string | undefined
}

const damaged = 'The file is damaged or incomplete: copy or download it again.'

/** Bytes end before what they announce. */
export function truncated(fault: ByteFault): DowncastError {
  return byteError('wire/truncated', 'is cut short', { hint: damaged, ...fault })
}

/** A depth, count or size beyond what a reader accepts. */
export function limitExceeded(fault: ByteFault): DowncastError {
  return byteError('wire/limit-exceeded', 'is beyond the limit', fault)
}

/** Bytes that the format does not allow. */
export function malformed(fault: ByteFault): DowncastError {
  return byteError('wire/malformed', 'is malformed', { hint: damaged, ...fault })
}

/** A stored checksum that does not match the bytes it covers. */
export function checksumMismatch(fault: ByteFault): DowncastError {
  return byteError('wire/checksum-mismatch', 'fails its checksum', { hint: damaged, ...fault })
}

function byteError(code: Code, verdict: string, fault: ByteFault): DowncastError {
  const { file, offset, lineColumn, path, what, expected, actual, hint } = fault
  const where = [
    `of ${JSON.stringify(file)}`,
    ...(lineColumn !== undefined ? [`at ${lineColumn}`] : offset === undefined ? [] : [`at byte ${offset}`]),
    ...(path === undefined || path === '' ? [] : [`in ${path}`]),
  ].join(' ')
  const expectation = [
    ...(expected === undefined ? [] : [`expected ${expected}`]),
    ...(actual === undefined ? [] : [`found ${actual}`]),
  ].join(', ')
  const message = `The ${what} ${where} ${verdict}${expectation === '' ? '' : `: ${expectation}`}.`
  return new DowncastError({ code, message, file, offset, path, expected, actual, hint })
}
