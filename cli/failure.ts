import { type Diagnostic, DowncastError } from '../src/core/diagnostics.ts'
import { noWasmMemory } from '../src/run/diagnostics.ts'
import type { Style, Terminal } from './terminal.ts'

/** 0 done; the others say whose fault it is. 130 is for Ctrl-C, as shells have it. */
export const exitCodes = { ok: 0, model: 1, usage: 2, bug: 70, interrupted: 130 } as const

export interface FailureOptions {
  readonly json: boolean
  readonly debug: boolean
}

/** Prints an error, with `--json` as the document on stdout too, and gives the exit code for it. */
export function reportFailure(thrown: unknown, options: FailureOptions, terminal: Terminal): number {
  const error = noWasmMemory(thrown) ?? thrown
  if (options.json) terminal.out(`${JSON.stringify({ error: failureJson(error) }, undefined, 2)}\n`)
  terminal.err(`${failureText(error, options.debug, terminal.errStyle)}\n`)
  if (!(error instanceof DowncastError)) return exitCodes.bug
  return error.stage === 'cli' ? exitCodes.usage : exitCodes.model
}

function failureText(error: unknown, showsStack: boolean, style: Style): string {
  const stack = showsStack && error instanceof Error && error.stack !== undefined ? `\n${style.dim(error.stack)}` : ''
  if (!(error instanceof DowncastError)) {
    return (
      [
        `${style.red('downcast failed')}: ${error instanceof Error ? `${error.name}: ${error.message}` : String(error)}`,
        '  This is a bug in downcast, not in your model. Please report it, with the command and the model if you can.',
        ...(showsStack ? [] : ['  --debug shows where it happened.']),
      ].join('\n') + stack
    )
  }
  const several = error.diagnostics.filter((d) => d.severity === 'error')
  if (several.length <= 1) return diagnosticText({ ...error, message: error.message, severity: 'error' }, style) + stack
  // What to do is said once for problems in a row that ask for the same.
  const lines = several.map((d, i) => diagnosticText(d.hint === several[i + 1]?.hint ? { ...d, hint: undefined } : d, style))
  return [`${style.red('error')}: ${several.length} problems:`, ...lines].join('\n') + stack
}

/** A diagnostic for people: the sentence, then what to do on its own line. */
export function diagnosticText(d: Diagnostic, style: Style): string {
  const label = { error: style.red('error'), warning: style.yellow('warning'), info: style.dim('note') }[d.severity]
  const hint = d.hint === undefined ? '' : `\n  ${d.hint}`
  return `${label}: ${d.message} ${style.dim(`[${d.code}]`)}${hint}`
}

function failureJson(error: unknown): object {
  if (!(error instanceof DowncastError)) {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error)
    return { code: 'bug', message, hint: 'This is a bug in downcast, please report it.', diagnostics: [] }
  }
  const { code, message, hint, node, op, tensor, file, offset, path, expected, actual, diagnostics } = error
  return { code, message, hint, node, op, tensor, file, offset, path, expected, actual, diagnostics }
}
