import { invariant } from '../core/diagnostics.ts'
import { byteLengthOf } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Feeds, SignatureInfo } from './runner.ts'

/** Whether samples can be run together: the first size of every input and output is open. */
export function isBatchable(signature: SignatureInfo): boolean {
  return signature.inputs.length > 0 && [...signature.inputs, ...signature.outputs].every((t) => typeof t.shape[0] === 'string')
}

/** Feeds of several samples one behind the other on the first axis; their other sizes are equal. */
export function joinFeeds(samples: readonly Feeds[]): Map<string, NdArray> {
  const [first] = samples
  if (samples.length === 1) return new Map(first)
  return new Map(Array.from(first!.keys(), (name) => [name, join(samples.map((s) => s.get(name)!))]))
}

function join(parts: readonly NdArray[]): NdArray {
  const { dtype, shape } = parts[0]!
  const bytes = new Uint8Array(parts.reduce((n, p) => n + p.bytes.byteLength, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part.bytes, at)
    at += part.bytes.byteLength
  }
  return { dtype, shape: [parts.reduce((n, p) => n + p.shape[0]!, 0), ...shape.slice(1)], bytes }
}

/** The results of `count` samples that were run together, each a view; every first axis is a multiple of `count`. */
export function splitResults(results: ReadonlyMap<string, NdArray>, count: number): Map<string, NdArray>[] {
  return Array.from({ length: count }, (_, i) => new Map(Array.from(results, ([name, array]) => [name, part(array, i, count)])))
}

function part({ dtype, shape, bytes }: NdArray, index: number, count: number): NdArray {
  const [all = 0, ...rest] = shape
  const rows = all / count
  const partBytes = byteLengthOf(
    dtype,
    rest.reduce((n, d) => n * d, rows),
  )
  invariant(Number.isInteger(rows) && partBytes * count === bytes.byteLength, 'a result of several samples cannot be divided among them')
  return { dtype, shape: [rows, ...rest], bytes: bytes.subarray(index * partBytes, (index + 1) * partBytes) }
}
