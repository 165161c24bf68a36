import { expect, it } from 'vitest'
import { modelFromText, modelToText } from '../ops/text.ts'
import { quantize } from '../quantize/quantize.ts'
import { optimizeModel } from './optimize.ts'

const model = modelFromText(`model ""
graph main(%0 "n": i32[], %1 "x": f32[4,32]) {
  %2, %3 = while(%0, %1) {cond=2, body=3} : i32[], f32[4,32]
  return %3
}
graph unused(%0: i32[]) {
  return %0
}
graph cond(%0: i32[], %1: f32[4,32]) {
  %2 = const : i32[] = 3
  %3 = less(%0, %2) : bool[]
  return %3
}
graph body(%0: i32[], %1: f32[4,32]) {
  %2 = const : i32[] = 1
  %3 = add(%0, %2) : i32[]
  %4 = const "kernel" : f32[32,32] = random(1)
  %5 = const "bias" : f32[32] = random(2)
  %6 = fully_connected(%1, %4, none) : f32[4,32] @"cell"
  %7 = add(%6, %5) : f32[4,32] @"cell/bias"
  %8 = relu(%7) : f32[4,32] @"cell/relu"
  return %3, %8
}
signature "serving_default" main("n" %0, "x" %1) -> ("y" %3)
`)

const { model: optimized } = optimizeModel(model)

it('optimizes bodies and drops those that nothing calls', () => {
  expect(optimized.graphs.map((g) => g.name)).toEqual(['main', 'cond', 'body'])
  expect(optimized.graphs[2]!.nodes.map((n) => n.op)).toEqual(['add', 'fully_connected'])
  expect(modelToText(optimized)).toContain('while(%0, %1) {cond=1, body=2}')
})

it.each([
  ['dynamic', ['i8', 'f32']],
  ['float16', ['f16', 'f16']],
] as const)('quantizes weights of bodies: %s', (mode, dtypes) => {
  const { model: small } = quantize(optimized, { mode })
  const constants = ['kernel', 'bias'].map((name) => [...small.graphs[2]!.values.values()].find((v) => v.name.startsWith(name) && v.data)!)
  expect(constants.map((v) => v.type.dtype)).toEqual(dtypes)
})
