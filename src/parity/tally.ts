import type { EvaluatorTally } from './types.ts'

/** Counts what each evaluator has computed; the tally has the most frequent ops first. */
export function tallies(): { count(evaluator: string, op: string): void; tally(): EvaluatorTally[] } {
  const byName = new Map<string, Map<string, number>>()
  return {
    count(evaluator, op) {
      const ops = byName.get(evaluator) ?? new Map<string, number>()
      byName.set(evaluator, ops.set(op, (ops.get(op) ?? 0) + 1))
    },
    tally: () =>
      Array.from(byName, ([name, ops]) => ({
        name,
        ops: Object.fromEntries([...ops].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1))),
      })),
  }
}
