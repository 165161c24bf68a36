export type Stage =
  | 'wire'
  | 'import'
  | 'lower'
  | 'optimize'
  | 'quantize'
  | 'calibrate'
  | 'export'
  | 'run'
  | 'inspect'
  | 'report'
  | 'compare'
  | 'deploy'
  | 'parity'
  | 'cli'
/** `<stage>/<kebab-reason>`, stable API. */
export type Code = `${Stage}/${string}`

/** What a diagnostic says. Sentence order: what, where, expected against found, what to do. */
export interface DiagnosticFields {
  readonly code: Code
  /** Full sentences, ending with a period. */
  readonly message: string
  /** What to do, one sentence. Printed on its own line. */
  readonly hint?: string | undefined
  /** Source layer or node name in the user's own words. */
  readonly node?: string | undefined
  readonly op?: string | undefined
  readonly tensor?: string | undefined
  /** File the fault is in. */
  readonly file?: string | undefined
  /** Byte offset in `file`. */
  readonly offset?: number | undefined
  /** Path inside the format, e.g. `subgraphs[0].operators[12].inputs`. */
  readonly path?: string | undefined
  readonly expected?: string | undefined
  readonly actual?: string | undefined
}
export type Severity = 'error' | 'warning' | 'info'
export interface Diagnostic extends DiagnosticFields {
  readonly severity: Severity
}

/** The fault of a model, of data or of an option: the user can act on it. Made only by the factories in `<stage>/diagnostics.ts`. */
export class DowncastError extends Error implements DiagnosticFields {
  override readonly name = 'DowncastError'
  readonly code: Code
  readonly hint: string | undefined
  readonly node: string | undefined
  readonly op: string | undefined
  readonly tensor: string | undefined
  readonly file: string | undefined
  readonly offset: number | undefined
  readonly path: string | undefined
  readonly expected: string | undefined
  readonly actual: string | undefined
  /** Every problem of the stage, when several were collected; else this one alone. */
  readonly diagnostics: readonly Diagnostic[]

  constructor(fields: DiagnosticFields, options: { cause?: unknown; diagnostics?: readonly Diagnostic[] } = {}) {
    super(fields.message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = fields.code
    this.hint = fields.hint
    this.node = fields.node
    this.op = fields.op
    this.tensor = fields.tensor
    this.file = fields.file
    this.offset = fields.offset
    this.path = fields.path
    this.expected = fields.expected
    this.actual = fields.actual
    this.diagnostics = options.diagnostics ?? [toDiagnostic(this, 'error')]
  }

  get stage(): Stage {
    return this.code.slice(0, this.code.indexOf('/')) as Stage
  }
}

export function toDiagnostic(e: DiagnosticFields, severity: Severity): Diagnostic {
  const { code, message, hint, node, op, tensor, file, offset, path, expected, actual } = e
  return Object.fromEntries(
    Object.entries({ severity, code, message, hint, node, op, tensor, file, offset, path, expected, actual }).filter(
      ([, v]) => v !== undefined,
    ),
  ) as unknown as Diagnostic
}

/** Collects the problems of one stage, so that all are reported together. */
export class Diagnostics {
  readonly list: Diagnostic[] = []

  add(severity: Severity, fields: DiagnosticFields): void {
    this.#push(toDiagnostic(fields, severity))
  }

  /** Runs `work`; a DowncastError is kept and undefined returned, anything else flies on. */
  collect<T>(work: () => T): T | undefined {
    try {
      return work()
    } catch (e) {
      if (!(e instanceof DowncastError)) throw e
      for (const d of e.diagnostics) this.#push(d)
      return undefined
    }
  }

  get errors(): Diagnostic[] {
    return this.list.filter((d) => d.severity === 'error')
  }

  /** The same problem in several signatures is one problem. */
  #push(d: Diagnostic): void {
    if (!this.list.some((known) => known.message === d.message && known.code === d.code && known.severity === d.severity)) this.list.push(d)
  }

  /** Throws one DowncastError holding every error, when there are any. */
  throwIfErrors(): void {
    const errors = this.errors
    const [first] = errors
    if (!first) return
    if (errors.length === 1) throw new DowncastError(first, { diagnostics: errors })
    const message = `${errors.length} problems:\n${errors.map((d) => `  - ${d.message}`).join('\n')}`
    throw new DowncastError({ ...first, message }, { diagnostics: errors })
  }
}

/** One error of several problems, of which there is at least one: the sentences of all behind `heading`, the rest that of the first. */
export function joined(problems: readonly DiagnosticFields[], heading = ''): DowncastError {
  const message = heading + problems.map((p) => p.message).join(' ')
  return new DowncastError({ ...problems[0]!, message }, { diagnostics: problems.map((p) => toDiagnostic(p, 'error')) })
}

/** Our bug, never the user's fault. */
export class InvariantError extends Error {
  override readonly name = 'InvariantError'
}

/** Throws InvariantError when `condition` is false: a bug of downcast, to be reported. */
export function invariant(condition: unknown, why: string): asserts condition {
  if (!condition) throw new InvariantError(`${why}. This is a bug in downcast, please report it with the model.`)
}

/** The candidate nearest to `word` by edit distance, when near enough to be a typo; for "did you mean". */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined
  let bestDistance = Math.max(2, Math.floor(word.length / 3)) + 1
  for (const c of candidates) {
    const d = editDistance(word.toLowerCase(), c.toLowerCase())
    if (d < bestDistance) {
      best = c
      bestDistance = d
    }
  }
  return best
}

function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)))
    }
    row = next
  }
  return row[b.length]!
}
