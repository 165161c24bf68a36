import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import type { DType } from '../core/dtype.ts'
import { type NdArray, toFloat32 } from '../core/nd-array.ts'
import { isStatic } from '../core/shape.ts'
import { noOrigin, type QuantParams, type TensorType, type Value } from '../ir/types.ts'
import { allSpecs, findBuiltin } from './index.ts'
import { kernels } from './kernels.ts'
import { decodeOptions } from './options.ts'
import type { OpSpec } from './spec.ts'
import { viewNode, withResults } from './view.ts'

/** A tensor of `fixtures/ops-golden/ops.json`, recorded from LiteRT's reference kernels by `make.py` beside it. */
interface Recorded {
  readonly dtype: DType
  readonly shape: readonly number[]
  readonly data: string
  readonly const?: boolean
  readonly quant?: { readonly scale: readonly number[]; readonly zeroPoint: readonly number[]; readonly axis?: number }
}
interface Case {
  readonly op: string
  readonly label: string
  readonly options: Readonly<Record<string, unknown>>
  readonly operands: readonly (Recorded | null)[]
  readonly results: readonly Recorded[]
}

const golden = JSON.parse(readFileSync(new URL('../../fixtures/ops-golden/ops.json', import.meta.url), 'utf8')) as { cases: Case[] }

function bytesOfRecorded(t: Recorded): Uint8Array {
  return new Uint8Array(Buffer.from(t.data, 'base64'))
}

function typeOf(t: Recorded): TensorType {
  const { dtype, shape, quant } = t
  return quant ? { dtype, shape, quant: quantOf(quant) } : { dtype, shape }
}

function quantOf({ scale, zeroPoint, axis }: NonNullable<Recorded['quant']>): QuantParams {
  if (axis === undefined) return { kind: 'per-tensor', scale: Math.fround(scale[0]!), zeroPoint: zeroPoint[0]! }
  return { kind: 'per-axis', axis, scales: Float32Array.from(scale), zeroPoints: Int32Array.from(zeroPoint) }
}

function valuesOf(c: Case): (Value | null)[] {
  return c.operands.map((t, id) =>
    t === null ? null : { id, name: `x${id}`, type: typeOf(t), ...(t.const ? { data: constFromBytes(bytesOfRecorded(t)) } : {}) },
  )
}

/** Attributes of the case; those that no file holds come from the result. */
function attrsOf(spec: OpSpec, c: Case): ReturnType<typeof decodeOptions> {
  const attrs = { ...decodeOptions(spec, c.options) }
  for (const [name, a] of Object.entries(spec.attrs)) if (a.kind === 'dtype' && a.field === '') attrs[name] = c.results[0]!.dtype
  return attrs
}

/** Equal bytes, or for ops that round: within a few units in the last place of the largest term, 4 * 2^-23 of it. */
function expectClose(found: NdArray, wanted: NdArray, isExact: boolean, what: string): void {
  expect([found.dtype, ...found.shape], what).toEqual([wanted.dtype, ...wanted.shape])
  expect(found.bytes.byteLength, what).toBe(wanted.bytes.byteLength)
  const pair = wanted.dtype === 'c64' ? { dtype: 'f32' as const, shape: [wanted.bytes.byteLength / 4] } : undefined
  const a = toFloat32({ ...found, ...pair })
  const b = toFloat32({ ...wanted, ...pair })
  if (isExact || !a || !b || !/^[fc]/.test(wanted.dtype)) {
    if (!a || !b || !/^f/.test(wanted.dtype)) expect(Buffer.from(found.bytes).equals(Buffer.from(wanted.bytes)), what).toBe(true)
    else expect(a, what).toEqual(b)
    return
  }
  const unit = 4 * 2 ** -23
  const largest = b.reduce((m, x) => (Number.isFinite(x) ? Math.max(m, Math.abs(x)) : m), 0)
  b.forEach((x, i) => {
    if (!Number.isFinite(x)) expect(a[i], `${what} [${i}]`).toBe(x)
    else
      expect(Math.abs(a[i]! - x), `${what} [${i}]: ${a[i]}, not ${x}`).toBeLessThanOrEqual(
        unit * Math.max(Math.abs(x), Math.min(largest, 16)),
      )
  })
}

describe.each([...new Set(golden.cases.map((c) => c.op))])('%s', (builtin) => {
  const spec = findBuiltin(builtin)!
  test.each(golden.cases.filter((c) => c.op === builtin).map((c) => [c.label, c] as const))(
    'computes what LiteRT computes: %s',
    (label, c) => {
      const values = valuesOf(c)
      const attrs = attrsOf(spec, c)
      const types = c.results.map(typeOf)
      const results = kernels[spec.name]!({
        inputs: c.operands.map((t) => t && { dtype: t.dtype, shape: t.shape, bytes: bytesOfRecorded(t) }),
        types: values.map((v) => v?.type ?? null),
        attrs,
        results: types,
      })
      expect(results.length).toBe(c.results.length)
      c.results.forEach((t, i) => {
        expectClose(
          results[i]!,
          { dtype: t.dtype, shape: t.shape, bytes: bytesOfRecorded(t) },
          spec.accuracy === 'exact',
          `${builtin} ${label}`,
        )
      })
    },
  )
  test.each(golden.cases.filter((c) => c.op === builtin).map((c) => [c.label, c] as const))(
    'infers the types of the results: %s',
    (_, c) => {
      const view = viewNode(spec, attrsOf(spec, c), valuesOf(c), noOrigin)
      const inferred = spec.infer(view as never)
      expect(inferred.map((t) => t.dtype)).toEqual(c.results.map((t) => t.dtype))
      inferred.forEach((t, i) => {
        expect(t.shape.length).toBe(c.results[i]!.shape.length)
        if (isStatic(t.shape)) expect(t.shape).toEqual(c.results[i]!.shape)
        else expect(spec.summary).toMatch(/data-dependent|unknown/)
      })
      expect(Object.keys(spec.releases)).toContain(String(spec.version(withResults(view, c.results.map(typeOf)) as never)))
    },
  )
})

test('every op with a kernel has a recorded case, and every case a record', () => {
  const recorded = [...new Set(golden.cases.map((c) => c.op))].sort()
  const withKernel = allSpecs().filter((s) => kernels[s.name])
  expect(recorded).toEqual(withKernel.map((s) => s.builtin).sort())
})
