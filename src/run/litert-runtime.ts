import { DowncastError } from '../core/diagnostics.ts'
import { outOfMemory, runFailed, runtimeCrashed } from './diagnostics.ts'
import type { LiteRtEnvironment, LiteRtLoader, LiteRtModule } from './litert-module.ts'

/** One start of the WebAssembly module. After a trap its memory cannot be trusted, so it is left and a new one started. */
export interface LiteRtRuntime {
  readonly module: LiteRtModule
  readonly environment: LiteRtEnvironment
  readonly memory: WebAssembly.Memory | undefined
  readonly description: string
  /** What LiteRT has written since the present call began. */
  readonly lines: string[]
  isDead: boolean
}

/** Whose call it is, for messages. */
export interface Subject {
  readonly name: string
  readonly sizeBytes: number
}

const maxLines = 1000

export async function startRuntime(load: LiteRtLoader): Promise<LiteRtRuntime> {
  const lines: string[] = []
  const { module, memory, description } = await load((line) => {
    if (lines.length < (isError(line) ? 2 * maxLines : maxLines)) lines.push(line)
  })
  module.setupLogging()
  return { module, memory, description, lines, isDead: false, environment: module.LiteRtEnvironment.create(null) }
}

/**
 * Calls into the module. A trap or abort marks the runtime dead and becomes run/crashed or run/out-of-memory; an error of LiteRT
 * becomes run/failed with its words.
 */
export async function guarded<T>(runtime: LiteRtRuntime, subject: Subject, call: () => T | Promise<T>): Promise<T> {
  runtime.lines.length = 0
  try {
    const result = await call()
    // A failed invocation is told in the log only, and its outputs hold whatever was there before.
    if (runtime.lines.some(isError)) throw runFailed(subject.name, wordsOf(runtime.lines, ''))
    return result
  } catch (e) {
    if (e instanceof DowncastError) throw e
    const words = wordsOf(runtime.lines, e)
    // A C++ exception that nobody caught arrives as a number.
    if (e instanceof WebAssembly.RuntimeError || e instanceof RangeError || typeof e === 'number') {
      runtime.isDead = true
      throw isOutOfMemory(e) || isFull(runtime) ? outOfMemory(subject.name, subject.sizeBytes) : runtimeCrashed(subject.name, words, e)
    }
    throw runFailed(subject.name, words, e)
  }
}

function isOutOfMemory(e: unknown): boolean {
  return /\bOOM\b|enlarge memory|allocation failed|out of memory/i.test(String(e))
}

/** It aborts without a word where a kernel asks for more than there is, of 2 GiB; by then it has grown as far as it does. */
const fullBytes = 1.75 * 2 ** 30
function isFull({ memory }: LiteRtRuntime): boolean {
  return (memory?.buffer.byteLength ?? 0) >= fullBytes
}

function isError(line: string): boolean {
  return /\bERROR\b/.test(line)
}

/** LiteRT's own explanation without source positions; what it throws only says where in its code it was. */
function wordsOf(lines: readonly string[], e: unknown): string {
  const errors = lines.filter(isError).map((l) => l.replace(/^.*?\bERROR:?\s*(\[[^\]]*\]\s*)*/, '').trim())
  const said = [...new Set(errors.filter((l) => l !== ''))]
  const reasons = said.filter((l) => l !== 'Failed to invoke')
  const words =
    (reasons.length > 0 ? reasons : said).map((l) => l.replace(/\.$/, '')).join('; ') ||
    (e instanceof Error && e.message !== '' ? e.message : String(e))
  return /[.!?]$/.test(words) ? words : `${words}.`
}
