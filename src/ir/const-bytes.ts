import type { Model } from './types.ts'

/** Bytes of all constants, each counted once: about the size of the file. */
export function constBytes(model: Model): number {
  const constants = new Set(model.graphs.flatMap((g) => [...g.values.values()].flatMap((v) => v.data ?? [])))
  return [...constants].reduce((n, c) => n + c.byteLength, 0)
}
