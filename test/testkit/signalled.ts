import { spawn } from 'node:child_process'
import * as path from 'node:path'
import { root } from './files.ts'

export interface Ended {
  /** The exit code, or the signal that ended the process by itself. */
  readonly by: number | NodeJS.Signals | null
  readonly err: string
}

/**
 * Runs a command line that sends itself `signal` on the first turn of its event loop in which `when`, JavaScript that may read `fs`, holds.
 * A process that watches it from outside comes too late on a busy machine.
 */
export async function signalled(signal: NodeJS.Signals, when: string, ...words: readonly string[]): Promise<Ended> {
  const preload = `import * as fs from 'node:fs'
    const timer = setInterval(() => (${when}) && (clearInterval(timer), process.kill(process.pid, '${signal}')), 1)
    timer.unref()`
  const imports = ['--import', 'tsx', '--import', `data:text/javascript,${encodeURIComponent(preload)}`]
  const child = spawn(process.execPath, [...imports, path.join(root, 'cli/main.ts'), ...words], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let err = ''
  child.stderr.on('data', (text) => {
    err += String(text)
  })
  return await new Promise((resolve) => child.once('close', (code, by) => resolve({ by: by ?? code, err })))
}
