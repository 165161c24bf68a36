import type { Model } from '../ir/types.ts'
import { unmatchedPattern } from './diagnostics.ts'
import type { KeepFloat } from './types.ts'

/** Compiles `--keep-float` globs. Throws `quantize/unmatched-pattern` for one that names nothing. */
export function keepFloatMatcher(model: Model, patterns: readonly string[]): KeepFloat {
  if (patterns.length === 0) return () => false
  const names = new Set<string>()
  for (const g of model.graphs) {
    for (const n of g.nodes) for (const s of n.origin.source) names.add(s)
    for (const v of g.values.values()) if (v.data) names.add(v.name)
  }
  const tests = patterns.map((p) => {
    const matches = glob(p)
    if (![...names].some(matches)) throw unmatchedPattern(p, names)
    return matches
  })
  return (origin, tensor) => tests.some((t) => t(tensor) || origin.source.some(t))
}

/** `*` is any text; a pattern also names everything below it (`dense` and `dense/MatMul`). */
export function glob(pattern: string): (name: string) => boolean {
  const parts = pattern.split('*')
  return (name) => fits(name, parts) || name.split('/').some((_, i, path) => i > 0 && fits(path.slice(0, i).join('/'), parts))
}

function fits(name: string, parts: readonly string[]): boolean {
  const [first, ...rest] = parts as [string, ...string[]]
  if (rest.length === 0) return name === first
  if (!name.startsWith(first)) return false
  let at = first.length
  for (const part of rest.slice(0, -1)) {
    const found = name.indexOf(part, at)
    if (found < 0) return false
    at = found + part.length
  }
  const last = rest.at(-1)!
  return name.length - at >= last.length && name.endsWith(last)
}
