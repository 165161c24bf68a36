import { afterAll, expect, it } from 'vitest'
import { ndArray, toFloat32 } from '../src/core/nd-array.ts'
import { tfliteBytes } from '../src/export/write-tflite.ts'
import { modelFromText } from '../src/ops/text.ts'
import { optimizeModel } from '../src/optimize/optimize.ts'
import { loadNodeLiteRt } from '../src/platform/node-litert.ts'
import { liteRtRunner } from '../src/run/litert.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

it('runs loops and branches in LiteRT', async () => {
  // y = x * 2^3, one less where the sum of x is negative.
  const model = modelFromText(`model ""
graph main(%0 "x": f32[2]) {
  %1 = const : i32[] = 0
  %2, %3 = while(%1, %0) {cond=1, body=2} : i32[], f32[2]
  %4 = const : i32[1] = [0]
  %5 = sum(%0, %4) : f32[]
  %6 = const : f32[] = 0
  %7 = less(%5, %6) : bool[]
  %8 = if(%7, %3) {thenGraph=3, elseGraph=4} : f32[2]
  return %8
}
graph cond(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = 3
  %3 = less(%0, %2) : bool[]
  return %3
}
graph body(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = 1
  %3 = add(%0, %2) : i32[]
  %4 = add(%1, %1) : f32[2]
  return %3, %4
}
graph negative(%0: f32[2]) {
  %1 = const : f32[] = 1
  %2 = sub(%0, %1) : f32[2]
  return %2
}
graph positive(%0: f32[2]) {
  return %0
}
signature "serving_default" main("x" %0) -> ("y" %8)
`)
  const loaded = await runner.load(tfliteBytes(optimizeModel(model).model), { name: 'control-flow' })
  const run = async (x: number[]) => [
    ...toFloat32((await loaded.run(new Map([['x', ndArray('f32', Float32Array.from(x), [2])]]))).get('y')!)!,
  ]
  expect(await run([1, 2])).toEqual([8, 16])
  expect(await run([-1, -2])).toEqual([-9, -17])
})

it('says that LiteRT.js cannot hold the states of an LSTM', async () => {
  const weights = Array.from({ length: 8 }, (_, i) => `  %${i + 1} = const "w${i}" : f32[2,2] = random(${i})`)
  const biases = Array.from({ length: 4 }, (_, i) => `  %${i + 9} = const "b${i}" : f32[2] = random(${i})`)
  const states = ['  %13 = variable "h" : f32[1,2]', '  %14 = variable "c" : f32[1,2]']
  const operands = [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => `%${i}`)
  const all = [...operands, 'none, none, none', '%9, %10, %11, %12', 'none, none', '%13, %14', 'none, none, none, none'].join(', ')
  const model = modelFromText(`model ""
graph main(%0 "x": f32[1,3,2]) {
${[...weights, ...biases, ...states].join('\n')}
  %15 = unidirectional_sequence_lstm(${all}) {fusedActivation=tanh} : f32[1,3,2]
  return %15
}
signature "serving_default" main("x" %0) -> ("y" %15)
`)
  await expect(runner.load(tfliteBytes(model), { name: 'lstm' })).rejects.toMatchObject({ code: 'run/missing-op' })
})
