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
