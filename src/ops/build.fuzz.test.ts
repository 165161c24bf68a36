import fc from 'fast-check'
import { expect, test } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { byteLengthOf, type DType } from '../core/dtype.ts'
import { elementCount, isStatic } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Value } from '../ir/types.ts'
import { OpBuilder } from './build.ts'
import { allSpecs } from './index.ts'
import type { AttrSpec } from './spec.ts'

const seed = 20_240_607
const budgetMs = 4000
const specs = allSpecs().filter((s) => s.operands.length > 0)

/** Integers that ask for trouble: out of range, negative, at the ends of types. */
const nasty = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: -3, max: 6 }) },
  { weight: 1, arbitrary: fc.constantFrom(-(2 ** 31), 2 ** 31 - 1, 65_536, 1000) },
)
const shape = fc.oneof(
  { weight: 8, arbitrary: fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 }) },
  { weight: 1, arbitrary: fc.constant(['N', 3]) },
)

function attrValue(a: AttrSpec): fc.Arbitrary<unknown> {
  switch (a.kind) {
    case 'i32':
    case 'i64':
    case 'graph':
      return nasty
    case 'f32':
      return fc.float()
    case 'bool':
      return fc.boolean()
    case 'string':
      return fc.string()
    case 'dtype':
      return fc.constantFrom<DType>('f32', 'i32', 'i64', 'i8', 'f16')
    case 'enum':
      return fc.constantFrom(...a.names)
    case 'i32s':
    case 'f32s':
      return fc.array(nasty, { maxLength: 4 })
    case 'i32-tuple':
      return fc.array(nasty, { minLength: a.fields.length, maxLength: a.fields.length })
    case 'bytes':
      return fc.uint8Array()
  }
}

const problem = fc.constantFrom(...specs).chain((spec) =>
  fc.record({
    spec: fc.constant(spec),
    operands: fc.array(
      fc.record({ shape, isConst: fc.boolean(), pick: fc.nat(), values: fc.array(nasty, { minLength: 1, maxLength: 6 }) }),
      {
        minLength: spec.operands.length,
        maxLength: spec.operands.length + 1,
      },
    ),
    attrs: fc.record(Object.fromEntries(Object.entries(spec.attrs).map(([k, a]) => [k, attrValue(a as AttrSpec)]))),
  }),
)

function bytesFor(dtype: DType, count: number, values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(byteLengthOf(dtype, count))
  const view = new DataView(bytes.buffer)
  for (let i = 0; i < count; i++) {
    const v = values[i % values.length]!
    if (dtype === 'f32') view.setFloat32(4 * i, v, true)
    else if (dtype === 'i32' || dtype === 'u32') view.setInt32(4 * i, v, true)
    else if (dtype === 'i64') view.setBigInt64(8 * i, BigInt(v), true)
    else bytes[i % Math.max(bytes.length, 1)] = v
  }
  return bytes
}

test('any op on any constants and attributes is built or refused', () => {
  const end = performance.now() + budgetMs
  let built = 0
  fc.assert(
    fc.property(problem, ({ spec, operands, attrs }) => {
      if (performance.now() > end) return
      const b = new OpBuilder(new GraphEditor('g'))
      const inputs = operands.slice(0, spec.operands.at(-1)?.variadic ? undefined : spec.operands.length).map((o, i): Value | null => {
        const operand = spec.operands[Math.min(i, spec.operands.length - 1)]!
        if (operand.optional && o.pick % 3 === 0) return null
        const dtype = operand.dtypes[o.pick % operand.dtypes.length]!
        if (!o.isConst || !isStatic(o.shape)) return b.graph.addInput(`x${i}`, { dtype, shape: o.shape })
        return b.graph.addConst(`c${i}`, { dtype, shape: o.shape }, constFromBytes(bytesFor(dtype, elementCount(o.shape)!, o.values)))
      })
      try {
        for (const v of b.ops(spec, inputs, attrs as never, [{ dtype: 'f32', shape: [2] }])) {
          const count = elementCount(v.type.shape)
          if (v.data) expect(v.data.bytes().byteLength, spec.name).toBe(byteLengthOf(v.type.dtype, count!))
          if (v.dims) expect(v.dims.length, spec.name).toBe(count)
        }
        built++
      } catch (e) {
        if (!(e instanceof DowncastError)) throw e
      }
    }),
    { seed, numRuns: 12_000 },
  )
  expect(built).toBeGreaterThan(500)
})
