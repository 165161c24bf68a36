import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

/** One cold run of a whole process. */
export interface Sample {
  readonly seconds: number
  /** undefined for a command that does not tell. */
  readonly peakMb: number | undefined
}

/** Runs a command, which may write its peak memory in KB to `BENCH_PEAK_FILE`. Throws with its output when it fails. */
export function measure(command: readonly string[]): Sample {
  const dir = mkdtempSync(path.join(tmpdir(), 'downcast-bench-'))
  try {
    const peakFile = path.join(dir, 'peak')
    const start = process.hrtime.bigint()
    const run = spawnSync(command[0]!, command.slice(1), { env: { ...process.env, BENCH_PEAK_FILE: peakFile }, encoding: 'utf8' })
    const seconds = Number(process.hrtime.bigint() - start) / 1e9
    if (run.status !== 0) throw new Error(`${command.join(' ')} ended with ${run.status}:\n${run.stderr}`)
    return { seconds, peakMb: existsSync(peakFile) ? Number(readFileSync(peakFile, 'utf8')) / 1024 : undefined }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** A, B, A, B, ...: so that a drift of the machine's speed meets both alike. One uncounted run of each first. */
export function interleave(a: readonly string[], b: readonly string[], rounds: number): { a: Sample[]; b: Sample[] } {
  measure(a)
  measure(b)
  const out = { a: [] as Sample[], b: [] as Sample[] }
  for (let i = 0; i < rounds; i++) {
    out.a.push(measure(a))
    out.b.push(measure(b))
  }
  return out
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((x, y) => x - y)
  return sorted[Math.floor(sorted.length / 2)]!
}
