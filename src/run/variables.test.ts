import { expect, test } from 'vitest'
import { tfliteBytes } from '../export/write-tflite.ts'
import { modelFromText } from '../ops/text.ts'
import { openModel } from './model-io.ts'
import { stateOf } from './variables.ts'

const stateIn = (entry: string, init: string) => {
  const model = modelFromText(`model ""
graph main(%0 "x": f32[2]) {
  call_once() {init=1}
  %1 = var_handle() {container="", sharedName="v"} : resource[]
${entry}
  %9 = add(%0, %0) : f32[2]
  return %9
}
graph init() {
${init}
  return
}
signature "serving_default" main("x" %0) -> ("y" %9)
`)
  return stateOf(openModel('m.tflite', tfliteBytes(model)).tables)
}
const stored = `  %0 = var_handle() {container="", sharedName="v"} : resource[]
  %1 = const "v" : f32[2] = [1, 2]
  assign_variable(%0, %1)`

test('the variables of a model are those that it initializes', () => {
  expect(stateIn('  assign_variable(%1, %0)', stored)).toEqual({
    variables: [{ container: '', sharedName: 'v', dtype: 'f32', shape: [2] }],
    initializers: [1],
  })
})

test('none are told where one has no initial value, and where there is none', () => {
  expect(stateIn('  assign_variable(%1, %0)', '')).toBeUndefined()
  expect(stateIn('', '')).toBeUndefined()
})
