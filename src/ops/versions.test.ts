import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import type { DType } from '../core/dtype.ts'
import { noOrigin, type TensorType, type Value } from '../ir/types.ts'
import { findBuiltin } from './index.ts'
import { decodeOptions } from './options.ts'
import { viewNode, withResults } from './view.ts'

interface Tensor {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly scale?: number
  readonly axis?: number
}
/** One use of an op in a file that TensorFlow's converter wrote; recorded by `fixtures/ops-golden/versions.py`. */
interface Row {
  readonly op: string
  readonly version: number
  readonly options: Readonly<Record<string, unknown>>
  readonly operands: readonly (Tensor | null)[]
  readonly results: readonly Tensor[]
}

const { rows } = JSON.parse(readFileSync(new URL('../../fixtures/ops-golden/versions.json', import.meta.url), 'utf8')) as { rows: Row[] }

function typeOf({ dtype, shape, scale, axis }: Tensor): TensorType {
  if (scale === undefined) return { dtype, shape }
  if (axis === undefined) return { dtype, shape, quant: { kind: 'per-tensor', scale, zeroPoint: 0 } }
  return { dtype, shape, quant: { kind: 'per-axis', axis, scales: Float32Array.of(scale), zeroPoints: Int32Array.of(0) } }
}

function describeRow(r: Row): string {
  return `${r.operands.map((t) => (t ? t.dtype + (t.axis !== undefined ? ' per axis' : t.scale ? ' quantized' : '') : 'none')).join(', ')}`
}

describe.each([...new Set(rows.map((r) => r.op))])('%s', (builtin) => {
  const own = rows.filter((r) => r.op === builtin).map((r) => [describeRow(r), r] as const)
  test.each(own)('takes and versions operands as TensorFlow: %s', (_, r) => {
    const spec = findBuiltin(builtin)!
    const values = r.operands.map((t, id): Value | null => t && { id, name: `x${id}`, type: typeOf(t) })
    r.operands.forEach((t, i) => {
      const operand = spec.operands[Math.min(i, spec.operands.length - 1)]!
      if (i >= spec.operands.length) expect(operand.variadic).toBe(true)
      if (t) expect(operand.dtypes).toContain(t.dtype)
      else expect(operand.optional).toBe(true)
    })
    const view = viewNode(spec, decodeOptions(spec, r.options), values, noOrigin)
    const version = spec.version(withResults(view, r.results.map(typeOf)) as never)
    expect(version).toBe(r.version)
    expect(spec.releases).toHaveProperty(String(version))
  })
})
