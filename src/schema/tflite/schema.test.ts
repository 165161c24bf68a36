import { expect, test } from 'vitest'
import { dtypes } from '../../core/dtype.ts'
import type { FieldLayout, Table } from '../../wire/flatbuffers/schema.ts'
import { builtinOperator } from './builtin-operator.ts'
import { builtinOptions, builtinOptions2 } from './builtin-options.ts'
import { conversionMetadataTable } from './conversion-metadata.ts'
import { dtypeOfTensorType, findDType, tensorTypeOfDType } from './dtype.ts'
import { tensorType } from './enums.ts'
import { modelTable } from './model.ts'

function children(field: FieldLayout): Table[] {
  if (field.kind === 'table' || field.kind === 'tables') return [field.table]
  return field.kind === 'union' ? field.union.memberList.map(([, table]) => table) : []
}

function reachable(table: Table, found = new Map<string, Table>()): Map<string, Table> {
  if (!found.has(table.name)) {
    found.set(table.name, table)
    for (const [, field] of table.fieldList) for (const child of children(field)) reachable(child, found)
  }
  return found
}

const tables = [...reachable(modelTable).values(), ...reachable(conversionMetadataTable).values()]

test('the whole schema hangs together: a name is one table, a slot one field', () => {
  expect(tables.length).toBe(174)
  for (const table of tables) {
    const slots = table.fieldList.flatMap(([, f]) => (f.kind === 'union' ? [f.slot, f.slot + 1] : [f.slot]))
    expect(new Set(slots).size, table.name).toBe(slots.length)
  }
})

test('codes of operators and options are those of the published schema', () => {
  expect(Object.entries(builtinOperator.codes).length).toBe(210)
  expect(builtinOperator.codes).toMatchObject({ ADD: 0, CUSTOM: 32, CONV_2D: 3, WHILE: 119, STABLEHLO_COMPOSITE: 206 })
  const code = (list: readonly (readonly [string, Table])[], name: string) => list.findIndex(([n]) => n === name) + 1
  expect(builtinOptions.memberList.length).toBe(126)
  expect(code(builtinOptions.memberList, 'FullyConnectedOptions')).toBe(8)
  expect(code(builtinOptions.memberList, 'WhileOptions')).toBe(93)
  expect(builtinOptions2.memberList.length).toBe(23)
  expect(code(builtinOptions2.memberList, 'StableHLOCompositeOptions')).toBe(21)
  for (const { memberList } of [builtinOptions, builtinOptions2]) for (const [name, table] of memberList) expect(table.name).toBe(name)
})

test('every dtype has a tensor type of its own', () => {
  for (const dtype of dtypes) expect(dtypeOfTensorType(tensorTypeOfDType(dtype))).toBe(dtype)
  const without = Object.keys(tensorType.codes).filter((name) => !findDType(name))
  expect(without).toEqual(['FLOAT8_E4M3FN', 'FLOAT8_E5M2'])
})
