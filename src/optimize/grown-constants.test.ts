import { expect, test } from 'vitest'
import { ir } from '../../test/testkit/rewrite.ts'
import type { Model } from '../ir/types.ts'
import { optimizeModel } from './index.ts'

function modelOf(text: string): Model {
  return { graphs: [ir(text)], signatures: [], description: '', metadata: new Map() }
}

const outer =
  '(%x: f32[64,64]) { %a = const "column" : f32[64,1] = random(1)  %b = const "row" : f32[1,64] = random(2)  %c = mul(%a, %b) @"outer"  %y = sub(%c, %x) return %y }'

test('tells which constants folding made larger, from which layers', () => {
  const { model, diagnostics } = optimizeModel(modelOf(outer))
  expect(model.graphs[0]!.nodes.map((n) => n.op)).toEqual(['sub'])
  expect(diagnostics).toMatchObject([{ severity: 'info', code: 'optimize/folding-grew', node: 'outer', tensor: 'column' }])
  expect(diagnostics[0]!.message).toBe(
    'Folding added 15872 bytes to the file, in 1 constant: "column" f32[64,64] from "outer": 512 -> 16384 bytes.',
  )
})

test('what still stands in the file was not saved by the fold', () => {
  const text = outer.replace('return %y', '%z = sub(%x, %a) return %y, %z')
  const { diagnostics } = optimizeModel(modelOf(text))
  expect(diagnostics[0]!.message).toContain('"column" f32[64,64] from "outer": 256 -> 16384 bytes')
})

test('says nothing of folds that saved bytes, nor of a few', () => {
  expect(optimizeModel(modelOf(outer.replaceAll('64', '8'))).diagnostics).toEqual([])
  const smaller =
    '(%x: f32[1000]) { %a = const : f32[1000] = random(1)  %b = const : f32[1000] = random(2)  %c = mul(%a, %b)  %y = sub(%c, %x) return %y }'
  expect(optimizeModel(modelOf(smaller)).diagnostics).toEqual([])
})

test('a smaller limit keeps the op, and says so', () => {
  const { model, diagnostics } = optimizeModel(modelOf(outer), { foldLimitBytes: 4096 })
  expect(model.graphs[0]!.nodes.map((n) => n.op)).toEqual(['mul', 'sub'])
  expect(diagnostics).toMatchObject([{ severity: 'info', code: 'optimize/folding-declined', node: 'outer' }])
})
