import { expect, test } from 'vitest'
import { bench, summary } from './bench.ts'
import type { LoadedModel } from './runner.ts'

/** A clock that models move on, and models that take a given time on it. */
function fakeTime() {
  let now = 0
  const order: string[] = []
  const subject = (name: string, times: (run: number) => number) => {
    let runs = 0
    const model = {
      run: async () => {
        order.push(name)
        now += times(runs++)
        return new Map()
      },
    } as unknown as LoadedModel
    return { name, model, feeds: new Map() }
  }
  return {
    clock: () => {
      now += 0.001
      return now
    },
    order,
    subject,
  }
}

test('order statistics', () => {
  expect(summary([3, 1, 2, 100])).toMatchObject({ runs: 4, medianMs: 2.5, minMs: 1, madMs: 1 })
  expect(summary([3, 1, 2, 100]).p90Ms).toBeCloseTo(70.9)
  expect(summary([7])).toMatchObject({ runs: 1, medianMs: 7, p90Ms: 7, madMs: 0 })
})

test('slow first runs are warm-up, subjects take turns, medians are right', async () => {
  const { clock, order, subject } = fakeTime()
  const a = subject('a', (run) => (run < 3 ? 50 : 2))
  const b = subject('b', (run) => (run < 3 ? 90 : 4))
  const [first, second] = await bench([a, b], { warmUpRuns: 3, minRuns: 20, minTimeMs: 0, clock })
  expect(first).toMatchObject({ name: 'a', runs: 20 })
  expect(first!.medianMs).toBeCloseTo(2, 2)
  expect(second!.medianMs).toBeCloseTo(4, 2)
  expect(order.slice(6, 14)).toEqual(['a', 'b', 'b', 'a', 'a', 'b', 'b', 'a'])
})

test('runs go on for the least time, and end at the most', async () => {
  const { clock, subject } = fakeTime()
  const [long] = await bench([subject('a', () => 1)], { minRuns: 5, minTimeMs: 200, clock })
  expect(long!.runs).toBeGreaterThanOrEqual(199)
  const [cut] = await bench([subject('a', () => 100)], { warmUpRuns: 2, minRuns: 50, maxTimeMs: 1000, clock })
  expect(cut!.runs).toBeLessThan(12)
})

test('what is quicker than the clock shows is timed several runs at a time', async () => {
  let now = 0
  const model = {
    run: async () => {
      now += 0.01
      return new Map()
    },
  } as unknown as LoadedModel
  // A clock of whole milliseconds, as some browsers give.
  let reads = 0
  const clock = () => Math.floor(now + 0.001 * reads++)
  const [result] = await bench([{ name: 'a', model, feeds: new Map() }], { minRuns: 10, minTimeMs: 0, clock })
  expect(result!.medianMs).toBeGreaterThan(0.009)
  expect(result!.medianMs).toBeLessThan(0.011)
})

test('a bench can be aborted', async () => {
  const { clock, subject } = fakeTime()
  await expect(bench([subject('a', () => 1)], { clock, signal: AbortSignal.abort(new Error('enough')) })).rejects.toThrow('enough')
})

test('an abort from outside is heard while models run that never wait', async () => {
  const model = { run: async () => new Map() } as unknown as LoadedModel
  const abort = new AbortController()
  setTimeout(() => abort.abort(new Error('enough')))
  const endless = bench([{ name: 'a', model, feeds: new Map() }], { minTimeMs: 3_600_000, maxTimeMs: 3_600_000, signal: abort.signal })
  await expect(endless).rejects.toThrow('enough')
})
