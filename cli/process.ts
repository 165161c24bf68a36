import { runCli } from './cli.ts'
import { exitCodes } from './failure.ts'
import { progressBar, styleFor, type Terminal } from './terminal.ts'

/** Runs the words of a command line in this process, with its streams, and ends it with the exit code. The only place that does. */
export async function runProcess(words: readonly string[]): Promise<void> {
  const { stdout, stderr, env } = process
  const terminal: Terminal = {
    out: (text) => void stdout.write(text),
    err: (text) => void stderr.write(text),
    outStyle: styleFor(stdout.isTTY === true, env),
    errStyle: styleFor(stderr.isTTY === true, env),
    progress: (label) => progressBar(label, stderr.isTTY === true && env.TERM !== 'dumb' ? (text) => void stderr.write(text) : undefined),
  }

  // The reader of a pipe may leave early, as `head` does; that is no error.
  for (const stream of [stdout, stderr]) {
    stream.on('error', (e: NodeJS.ErrnoException) => {
      process.exit(e.code === 'EPIPE' ? exitCodes.ok : exitCodes.model)
    })
  }

  const code = await runCli(words, terminal)
  // What was written to a pipe must be through before the process ends, and workers must not keep it alive.
  stdout.write('', () => stderr.write('', () => process.exit(code)))
}
