import { closeSync, fstatSync, mkdirSync, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import path from 'node:path'
import type { Script } from 'node:vm'
import { crc32 } from 'node:zlib'

/*
 * V8's code of the chunks of one verb: a third of the time of a small conversion is compiling what the last one compiled. As Python keeps `__pycache__`.
 * The file: u32 length of the head | JSON [chunk, bytes][] | the code of each chunk | crc32 of all before, u32. All little-endian.
 * Code is as good as a program, so a file counts only where this user alone can write; V8 refuses code of another version or other flags by itself,
 * and does not see damage, hence the sum.
 */

/** Days after which the code of another build is removed. */
const keptDays = 30

interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly platform: string
  readonly version: string
  readonly arch: string
}

/** Where the code for a verb is kept; undefined when NODE_DISABLE_COMPILE_CACHE (Node's own switch) is set or no folder is known. */
export function codeCacheFile({ env, platform, version, arch }: Host, buildId: string, verb: string): string | undefined {
  if (env.NODE_DISABLE_COMPILE_CACHE) return undefined
  const caches =
    env.XDG_CACHE_HOME ??
    (platform === 'win32' ? env.LOCALAPPDATA : path.join(homedir(), platform === 'darwin' ? 'Library/Caches' : '.cache'))
  if (!caches || !path.isAbsolute(caches)) return undefined
  return path.join(caches, 'downcast', `${version}-${arch}-${buildId}`, `${/^[a-z_]+$/.test(verb) ? verb : 'other'}.bin`)
}

/** The code of chunks: what a file has, and what this run compiled. Nothing here throws: without a cache the program only starts slower. */
export class CodeCache {
  readonly #file: string | undefined
  readonly #kept: Map<string, Buffer>
  readonly #scripts = new Map<string, Script>()
  #isNew = false

  constructor(file: string | undefined) {
    this.#file = file
    this.#kept = file === undefined ? new Map() : read(file)
  }

  get(chunk: string): Buffer | undefined {
    return this.#kept.get(chunk)
  }

  /** Tells of a script that was compiled, with the code of `get` or without. */
  add(chunk: string, script: Script): void {
    this.#scripts.set(chunk, script)
    this.#isNew ||= !this.#kept.has(chunk) || script.cachedDataRejected === true
  }

  /** Writes the file anew, with the functions that ran since, if a chunk was missing in it. */
  save(): void {
    if (this.#file === undefined || !this.#isNew) return
    const chunks = new Map(this.#kept)
    for (const [name, script] of this.#scripts) chunks.set(name, script.createCachedData())
    try {
      write(this.#file, chunks)
    } catch {
      // A full or read-only disk: the next run compiles again.
    }
  }
}

function read(file: string): Map<string, Buffer> {
  const chunks = new Map<string, Buffer>()
  let handle: number | undefined
  try {
    handle = openSync(file, 'r')
    if (!isOwn(fstatSync(handle))) return chunks
    const bytes = readFileSync(handle)
    const end = bytes.length - 4
    if (crc32(bytes.subarray(0, end)) !== bytes.readUInt32LE(end)) return chunks
    let at = 4 + bytes.readUInt32LE(0)
    for (const [name, size] of JSON.parse(bytes.toString('latin1', 4, at)) as [string, number][]) {
      chunks.set(name, bytes.subarray(at, at + size))
      at += size
    }
  } catch {
    chunks.clear()
  } finally {
    if (handle !== undefined) closeSync(handle)
  }
  return chunks
}

function write(file: string, chunks: ReadonlyMap<string, Buffer>): void {
  const dir = path.dirname(file)
  if (mkdirSync(dir, { recursive: true, mode: 0o700 }) !== undefined) removeOld(path.dirname(dir))
  if (!isOwn(statSync(dir))) return
  const head = Buffer.from(JSON.stringify([...chunks].map(([name, code]) => [name, code.length])), 'latin1')
  const size = Buffer.alloc(4)
  size.writeUInt32LE(head.length)
  const all = Buffer.concat([size, head, ...chunks.values(), Buffer.alloc(4)])
  all.writeUInt32LE(crc32(all.subarray(0, all.length - 4)), all.length - 4)
  const partial = `${file}.${process.pid}`
  try {
    writeFileSync(partial, all, { mode: 0o600 })
    renameSync(partial, file)
  } catch (e) {
    rmSync(partial, { force: true })
    throw e
  }
}

function removeOld(builds: string): void {
  const limit = Date.now() - keptDays * 24 * 3600 * 1000
  for (const name of readdirSync(builds)) {
    const build = path.join(builds, name)
    if (statSync(build).mtimeMs < limit) rmSync(build, { recursive: true, force: true })
  }
}

/** Windows has no owner to ask; there the folder of the user is theirs alone. */
function isOwn(stat: { readonly uid: number; readonly mode: number }): boolean {
  return process.getuid === undefined || (stat.uid === process.getuid() && (stat.mode & 0o022) === 0)
}
