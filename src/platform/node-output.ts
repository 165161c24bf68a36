import { randomBytes } from 'node:crypto'
import * as fs from 'node:fs'
import * as path from 'node:path'
import type { ByteSink } from '../core/bytes.ts'
import { diskFull, outputIsInput, unwritableOutput } from './diagnostics.ts'
import { isErrno } from './node.ts'

/**
 * Writes a file whole or not at all: `write` fills a temporary file beside the target, which takes the target's name at the
 * end and is removed on any failure, even when the process ends in between. An existing target is replaced, one that is
 * a link is written through. `inputs` are files the output must not replace. `check` may look at the finished file before it takes the name.
 * Throws export/unwritable-output, export/output-is-input, export/disk-full, and what `write` and `check` throw.
 */
export async function writeAtomically<T>(
  target: string,
  write: (sink: ByteSink) => T | Promise<T>,
  options: { inputs?: readonly string[]; check?: (temporary: string, result: T) => Promise<void> } = {},
): Promise<T> {
  const system = <R>(work: () => R): R => asWriteError(target, work)
  const existing = system(() => checkTarget(target, options.inputs ?? []))
  const final = existing?.real ?? target
  const temporary = path.join(path.dirname(final), `.${path.basename(final).slice(0, 100)}.${randomBytes(6).toString('hex')}.tmp`)
  const descriptor = system(() => fs.openSync(temporary, 'wx', existing?.mode ?? 0o666))
  const remove = (): void => fs.rmSync(temporary, { force: true })
  process.once('exit', remove)
  let isOpen = true
  try {
    const result = await write(fileSink(target, descriptor))
    isOpen = false
    system(() => fs.closeSync(descriptor))
    await options.check?.(temporary, result)
    system(() => fs.renameSync(temporary, final))
    return result
  } catch (e) {
    if (isOpen) fs.closeSync(descriptor)
    remove()
    throw e
  } finally {
    process.off('exit', remove)
  }
}

/**
 * Throws what `writeAtomically` would throw for this target before anything is written, so that long work is not done in vain:
 * export/unwritable-output, export/output-is-input.
 */
export function checkOutput(target: string, inputs: readonly string[] = []): void {
  asWriteError(target, () => {
    checkTarget(target, inputs)
    fs.accessSync(path.dirname(target), fs.constants.W_OK)
  })
}

function checkTarget(target: string, inputs: readonly string[]): { real: string; mode: number } | undefined {
  if (target === '' || target.endsWith('/') || target.endsWith(path.sep)) {
    throw unwritableOutput(target, 'it names a folder', { hint: 'Give the name of a file.' })
  }
  const stat = fs.statSync(target, { throwIfNoEntry: false })
  if (!stat) {
    // Some versions of Node take a file in the place of a folder for a missing one.
    if (!fs.statSync(path.dirname(target)).isDirectory())
      throw unwritableOutput(target, `${JSON.stringify(path.dirname(target))} is not a folder`)
    return undefined
  }
  if (stat.isDirectory()) throw unwritableOutput(target, 'it is a folder', { hint: 'Give the name of a file.' })
  if (!stat.isFile()) throw unwritableOutput(target, 'it is not a regular file', { hint: 'Give the name of a file on disk.' })
  for (const input of inputs) {
    const other = fs.statSync(input, { throwIfNoEntry: false })
    if (other && other.dev === stat.dev && other.ino === stat.ino) throw outputIsInput(target)
  }
  fs.accessSync(target, fs.constants.W_OK)
  return { real: fs.realpathSync(target), mode: stat.mode & 0o777 }
}

/** Positioned writes to an open file. Throws export/disk-full, export/unwritable-output. */
export function fileSink(name: string, descriptor: number): ByteSink {
  return {
    write(bytes, position) {
      asWriteError(name, () => {
        let done = 0
        while (done < bytes.byteLength) done += fs.writeSync(descriptor, bytes, done, bytes.byteLength - done, position + done)
      })
    },
  }
}

/** Runs `work` with system errors as those of an output. Throws export/unwritable-output, export/disk-full. */
export function asWriteError<T>(target: string, work: () => T): T {
  try {
    return work()
  } catch (e) {
    throw writeError(target, e)
  }
}

function writeError(target: string, e: unknown): unknown {
  if (!isErrno(e)) return e
  const why: Record<string, string> = {
    EACCES: 'permission denied',
    EPERM: 'permission denied',
    EROFS: 'the file system is read-only',
    EISDIR: 'it is a folder',
    ENOENT: `there is no folder ${JSON.stringify(path.dirname(target))}`,
    ENOTDIR: `${JSON.stringify(path.dirname(target))} is not a folder`,
    ENAMETOOLONG: 'the name is too long',
  }
  if (e.code === 'ENOSPC' || e.code === 'EDQUOT') return diskFull(target, e)
  const hint = e.code === 'ENOENT' ? 'Make the folder first, or choose another output.' : 'Choose another output.'
  return unwritableOutput(target, why[e.code] ?? `the system says ${e.code}`, { hint, cause: e })
}
