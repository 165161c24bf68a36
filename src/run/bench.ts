import { breathe } from '../core/event-loop.ts'
import type { Feeds, HeldRun, LoadedModel } from './runner.ts'

export interface BenchSubject {
  readonly name: string
  readonly model: LoadedModel
  /** Fed to every run, so that all of a subject's runs do the same work. */
  readonly feeds: Feeds
  readonly signature?: string | undefined
}

export interface BenchOptions {
  /** Runs of each subject before any is timed. Default 10. */
  readonly warmUpRuns?: number | undefined
  /** Timed runs of each subject at least. Default 50. */
  readonly minRuns?: number | undefined
  /** Timed runs go on until each subject has taken this long in all. Default 500 ms. */
  readonly minTimeMs?: number | undefined
  /** Timing ends when all subjects together have taken this long, `minRuns` or not. Default 60,000 ms. */
  readonly maxTimeMs?: number | undefined
  /** Milliseconds that only go up. Default `performance.now`. */
  readonly clock?: (() => number) | undefined
  readonly signal?: AbortSignal | undefined
}

/** Latency of one inference in milliseconds, without handing over inputs and results where the runner can leave that out (`hold`). */
export interface Latency {
  readonly name: string
  readonly runs: number
  readonly medianMs: number
  readonly p90Ms: number
  readonly minMs: number
  /** Median absolute deviation from the median: the spread, which single slow runs do not move. */
  readonly madMs: number
  /** The runs in their order. */
  readonly timesMs: readonly number[]
}

/**
 * Measures subjects side by side: warmed up, then run in turns, each round in the opposite order of the one before, so that what else the
 * machine does falls on all alike. Quick models are timed several runs at a time where the clock is coarse.
 * Models are best loaded by a runner of this thread: the way to another one would count as latency.
 * Throws the codes of `LoadedModel.run`.
 */
export async function bench(subjects: readonly BenchSubject[], options: BenchOptions = {}): Promise<Latency[]> {
  const { warmUpRuns = 10, minRuns = 50, minTimeMs = 500, maxTimeMs = 60_000, clock = () => performance.now(), signal } = options
  const resolutionMs = resolutionOf(clock)
  const started = clock()
  const isOver = (): boolean => clock() - started > maxTimeMs
  const timed = async (held: HeldRun, runs: number): Promise<number> => {
    await breathe(signal)
    const from = clock()
    for (let i = 0; i < runs; i++) await held.run()
    return (clock() - from) / runs
  }
  const states: { name: string; held: HeldRun; runsPerSpan: number; timesMs: number[]; totalMs: number }[] = []
  try {
    for (const subject of subjects) {
      const held = await hold(subject)
      const state = { name: subject.name, held, runsPerSpan: 1, timesMs: [], totalMs: 0 }
      states.push(state)
      let estimateMs = await timed(held, 1)
      for (let i = 1; i < warmUpRuns && !isOver(); i++) estimateMs = Math.min(estimateMs, await timed(held, 1))
      // A span is at least 100 ticks of the clock, so that reading it costs the result 1 % at most.
      state.runsPerSpan = Math.max(1, Math.ceil((100 * resolutionMs) / Math.max(estimateMs, resolutionMs / 100)))
    }
    const isDone = (): boolean => states.every((s) => s.timesMs.length >= minRuns && s.totalMs >= minTimeMs)
    for (let round = 0; !isDone() && !(isOver() && states.every((s) => s.timesMs.length > 0)); round++) {
      for (const state of round % 2 === 0 ? states : states.toReversed()) {
        const timeMs = await timed(state.held, state.runsPerSpan)
        state.timesMs.push(timeMs)
        state.totalMs += timeMs * state.runsPerSpan
      }
    }
    return states.map(({ name, timesMs }) => ({ name, ...summary(timesMs) }))
  } finally {
    for (const { held } of states) held.dispose()
  }
}

async function hold({ model, feeds, signature }: BenchSubject): Promise<HeldRun> {
  if (model.hold) return model.hold(feeds, { signature })
  return {
    run: async () => {
      await model.run(feeds, { signature })
    },
    dispose: () => {},
  }
}

/** The smallest step of a clock: what its readings differ by when they differ. */
function resolutionOf(clock: () => number): number {
  let smallest = Number.POSITIVE_INFINITY
  for (let i = 0; i < 20; i++) {
    const from = clock()
    let to = clock()
    for (let tries = 0; to === from && tries < 1_000_000; tries++) to = clock()
    if (to > from) smallest = Math.min(smallest, to - from)
  }
  return Number.isFinite(smallest) ? smallest : 1
}

/** Order statistics of a series that is not empty. */
export function summary(timesMs: readonly number[]): Omit<Latency, 'name'> {
  const medianMs = quantile(timesMs, 0.5)
  return {
    runs: timesMs.length,
    medianMs,
    p90Ms: quantile(timesMs, 0.9),
    minMs: Math.min(...timesMs),
    madMs: quantile(
      timesMs.map((t) => Math.abs(t - medianMs)),
      0.5,
    ),
    timesMs,
  }
}

/** Linear interpolation between the nearest ranks (type 7 of Hyndman and Fan, 1996). */
function quantile(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (sorted.length - 1) * q
  const low = Math.floor(at)
  const below = sorted[low]!
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!
  return below + (above - below) * (at - low)
}
