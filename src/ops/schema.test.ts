import { describe, expect, test } from 'vitest'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { builtinOptions, builtinOptions2 } from '../schema/tflite/builtin-options.ts'
import { tensorType } from '../schema/tflite/enums.ts'
import type { FieldLayout, Table } from '../wire/flatbuffers/schema.ts'
import { allSpecs } from './index.ts'
import type { AttrSpec } from './spec.ts'

const tables = new Map<string, Table>([...builtinOptions.memberList, ...builtinOptions2.memberList])

/** What the schema must say of the field that holds an attribute of this kind. */
function expected(a: AttrSpec): Partial<FieldLayout> {
  switch (a.kind) {
    case 'i32':
    case 'i32-tuple':
    case 'graph':
      return { kind: 'scalar', scalar: 'i32' }
    case 'i64':
    case 'f32':
    case 'bool':
      return { kind: 'scalar', scalar: a.kind }
    case 'i32s':
      return { kind: 'vector', scalar: 'i32' }
    case 'f32s':
      return { kind: 'vector', scalar: 'f32' }
    case 'bytes':
      return { kind: 'vector', scalar: 'u8' }
    case 'string':
      return { kind: 'string' }
    case 'dtype':
      return { kind: 'enum', enumeration: tensorType }
    case 'enum':
      return { kind: 'enum' }
  }
}

describe.each(allSpecs().map((spec) => [spec.name, spec] as const))('%s', (_, spec) => {
  test('is a builtin op of the schema, its attributes are fields of its options table', () => {
    expect(builtinOperator.codes).toHaveProperty(spec.builtin)
    const table = spec.options === undefined ? undefined : tables.get(spec.options)
    if (spec.options !== undefined) expect(table, spec.options).toBeDefined()
    for (const a of Object.values(spec.attrs) as AttrSpec[]) {
      const fields = a.kind === 'i32-tuple' ? a.fields : a.field === '' ? [] : [a.field]
      for (const name of fields) {
        const layout = table?.fields[name]
        expect(layout, `${spec.options}.${name}`).toMatchObject(expected(a))
        if (a.kind === 'enum' && layout?.kind === 'enum') {
          const names = Object.keys(layout.enumeration.codes).map((n) => n.toUpperCase())
          expect(names.slice(0, a.names.length)).toEqual(a.names.map((n) => n.toUpperCase()))
        }
        if ((a.kind === 'i32' || a.kind === 'f32' || a.kind === 'bool') && layout?.kind === 'scalar' && 'default' in a)
          expect(a.default, name).toBe(layout.default)
      }
    }
  })

  test('operands that inference reads the elements of are marked as read when the op is prepared', () => {
    const read = new Set<string>()
    const attrs = Object.fromEntries(Object.entries<AttrSpec>(spec.attrs).map(([key, a]) => [key, 'default' in a ? a.default : 0]))
    const elements = (name: string) => {
      read.add(name)
      return undefined
    }
    // Whatever types are asked for: what counts is what is read on the way.
    for (const dtype of ['f32', 'i32', 'bool'] as const)
      for (let rank = 0; rank < 5; rank++) {
        const type = { dtype, shape: new Array<number>(rank).fill(1) }
        const types = spec.operands.map(() => type)
        const view = {
          types,
          values: types.map(() => null),
          declared: [type],
          type: () => type,
          has: () => true,
          ints: elements,
          dims: elements,
        }
        const fail = () => {
          throw new Error('refused')
        }
        const more = { attrs, unknown: () => 'u', unknownShape: () => ['u'], fail }
        try {
          spec.infer({ ...view, ...more } as never)
        } catch {}
      }
    const marked = spec.operands.filter((o) => o.preparing).map((o) => o.name)
    for (const name of read) expect(marked).toContain(name)
  })

  test('operands, versions and releases are well formed', () => {
    const names = spec.operands.map((o) => o.name)
    expect(new Set(names).size).toBe(names.length)
    expect(spec.operands.slice(0, -1).some((o) => o.variadic)).toBe(false)
    const versions = Object.keys(spec.releases).map(Number)
    expect(versions.length).toBeGreaterThan(0)
    expect(Object.values(spec.releases).every((r) => /^\d+\.\d+\.\d+$/.test(r))).toBe(true)
    const { quant } = spec
    const named = [
      ...(quant?.sameScales?.operands ?? []),
      ...(quant?.weights ?? []).map((w) => w.operand),
      ...(quant?.biases ?? []).flatMap((b) => [b.operand, ...b.scaleFrom]),
      ...(typeof spec.movesElements === 'string' ? [spec.movesElements] : []),
    ]
    for (const name of named) expect(names).toContain(name)
    for (const key of Object.keys(quant?.dynamicRange?.setAttrs ?? {})) expect(spec.attrs).toHaveProperty(key)
  })
})

test('names are lower-case builtin names and unique', () => {
  const specs = allSpecs()
  expect(new Set(specs.map((s) => s.builtin)).size).toBe(specs.length)
  for (const s of specs) expect(s.name).toBe(s.builtin.toLowerCase())
})
