import { describe, expect, it } from 'vitest'
import { ndArray, toFloat32 } from '../core/nd-array.ts'
import { NotComputable } from './interpret.ts'
import { interpretModel, type ObserveValue } from './interpret-model.ts'
import { modelFromText } from './text.ts'

const x = (...values: number[]) => ndArray('f32', Float32Array.from(values))

function first(text: string, ...values: number[]): number[] {
  return [...toFloat32(interpretModel(modelFromText(text), 0, [x(...values)])[0]!)!]
}

const doubling = (rounds: number): string => `model ""
graph main(%0 "x": f32[2]) {
  %1 = const : i32[] = 0
  %2, %3 = while(%1, %0) {cond=1, body=2} : i32[], f32[2]
  return %3
}
graph cond(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = ${rounds}
  %3 = less(%0, %2) : bool[]
  return %3
}
graph body(%0: i32[], %1: f32[2]) {
  %2 = const : i32[] = 1
  %3 = add(%0, %2) : i32[]
  %4 = add(%1, %1) : f32[2]
  return %3, %4
}
signature "serving_default" main("x" %0) -> ("y" %3)
`
const endless = `model ""
graph main(%0 "x": f32[1]) {
  %1 = while(%0) {cond=1, body=2} : f32[1]
  return %1
}
graph cond(%0: f32[1]) {
  %1 = const : bool[] = true
  return %1
}
graph body(%0: f32[1]) {
  return %0
}
signature "serving_default" main("x" %0) -> ("y" %1)
`
const branches = `model ""
graph main(%0 "x": f32[1]) {
  %1 = const : i32[1] = [0]
  %2 = sum(%0, %1) : f32[]
  %3 = const : f32[] = 0
  %4 = less(%2, %3) : bool[]
  %5 = if(%4, %0) {thenGraph=1, elseGraph=2} : f32[1]
  return %5
}
graph negative(%0: f32[1]) {
  %1 = neg(%0) : f32[1]
  return %1
}
graph positive(%0: f32[1]) {
  return %0
}
signature "serving_default" main("x" %0) -> ("y" %5)
`
const counting = (init: boolean): string => `model ""
graph main(%0 "x": f32[1]) {
${init ? '  call_once() {init=1}\n  call_once() {init=1}' : ''}
  %1 = var_handle() {container="", sharedName="v"} : resource[]
  %2 = read_variable(%1) : f32[1]
  %3 = add(%2, %0) : f32[1]
  assign_variable(%1, %3)
  %4 = read_variable(%1) : f32[1]
  return %4
}
${
  init
    ? `graph init() {
  %0 = var_handle() {container="", sharedName="v"} : resource[]
  %1 = const : f32[1] = [10]
  assign_variable(%0, %1)
  return
}`
    : ''
}
signature "serving_default" main("x" %0) -> ("y" %4)
`

describe('interpretModel', () => {
  it('repeats the body of a loop while its condition holds', () => {
    expect(first(doubling(3), 1, 2)).toEqual([8, 16])
    expect(first(doubling(0), 1, 2)).toEqual([1, 2])
  })

  it('shows each value of each graph every time', () => {
    const seen: string[] = []
    const observe: ObserveValue = (graph, value, array) => {
      if (array.dtype === 'f32') seen.push(`${graph}.${value}=${toFloat32(array)![0]}`)
    }
    interpretModel(modelFromText(doubling(2)), 0, [x(1, 1)], { observe })
    expect(seen).toEqual(['0.0=1', '1.1=1', '2.1=1', '2.4=2', '1.1=2', '2.1=2', '2.4=4', '1.1=4', '0.3=4'])
  })

  it('enters the branch that the condition says', () => {
    expect(first(branches, -3)).toEqual([3])
    expect(first(branches, 4)).toEqual([4])
  })

  it('runs initializers once, and keeps variables for one run', () => {
    expect(first(counting(true), 5)).toEqual([15])
    expect(first(counting(true), 5)).toEqual([15])
    expect(() => first(counting(false), 5)).toThrow(NotComputable)
  })

  it('ends loops that have no end', () => expect(() => first(endless, 1)).toThrow(/more than 100000 rounds/))
})

describe('quantized and complex values', () => {
  const graph = (body: string) => `model ""
graph main(%0 "x": f32[4]) {
${body}
}
signature "serving_default" main("x" %0) -> ("y" %9)
`
  it('go through the scales that the graph states', () => {
    const body = '  %1 = quantize(%0) {to=u8} : u8[4]<0.5:10>\n  %9 = dequantize(%1) : f32[4]\n  return %9'
    expect(first(graph(body), 0.2, 0.3, -7, 1000)).toEqual([0, 0.5, -5, 122.5])
  })

  it('are spectra, read by their parts', () => {
    const body = `  %1 = const : i32[2] = [1, 4]
  %2 = const : i32[2] = [1, 4]
  %3 = reshape(%0, %1) {newShape=[1, 4]} : f32[1,4]
  %4 = rfft2d(%3, %2) : c64[1,3]
  %5 = const : i32[1] = [3]
  %6 = reshape(%4, %5) {newShape=[3]} : c64[3]
  %7 = imag(%6) : f32[3]
  %8 = real(%6) : f32[3]
  %9 = add(%7, %8) : f32[3]
  return %9`
    // [10, -2 + 2i, -2]
    expect(first(graph(body), 1, 2, 3, 4).map((y) => Math.round(y * 1e6) / 1e6)).toEqual([10, 0, -2])
  })
})
