import { expect } from 'vitest'
import { runCli } from '../../cli/cli.ts'
import { progressBar, styleFor } from '../../cli/terminal.ts'

export interface Ran {
  readonly code: number
  readonly out: string
  readonly err: string
}

/** Runs a command line in this process, as a user without a screen would. */
export async function runInProcess(...words: readonly string[]): Promise<Ran> {
  let out = ''
  let err = ''
  const style = styleFor(false, {})
  const code = await runCli(words, {
    out: (text) => {
      out += text
    },
    err: (text) => {
      err += text
    },
    outStyle: style,
    errStyle: style,
    progress: (label) => progressBar(label, undefined),
  })
  return { code, out, err }
}

/** What a command that must succeed prints with `--json`. */
export async function jsonOf(...words: readonly string[]): Promise<Record<string, unknown>> {
  const { code, out, err } = await runInProcess(...words, '--json')
  expect(code, err).toBe(0)
  return JSON.parse(out) as Record<string, unknown>
}
