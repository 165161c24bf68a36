import { describe, expect, it } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { DowncastError } from '../core/diagnostics.ts'
import { bytesOf } from '../core/dtype.ts'
import { GraphEditor } from './graph.ts'
import { parseGraph, parseModel } from './parse.ts'
import { f32Text, printGraph, printModel } from './print.ts'
import type { Graph } from './types.ts'

const canonical = `graph main(%0 "serving_default_x:0": f32[N,4] range[0,255]) {
  %1 = const "dense/kernel" : f32[2,4] = [1, -0, 0.1, inf, nan, 0.25, 1e-7, 3.4028235e+38]
  %3 "dense/Relu" = fully_connected(%0, %1, none) {fusedActivation=relu, stride=[1,2], beta=0.5, keepDims=true, label="a b"} : f32[N,2] @"seq/dense" @"dense" !fuse-bias
  %4 = const "axis" : i64[2] = [-1, 9007199254740993]
  %5 = const "q" : i8[2,2]<axis=0, 0.5:0, 0.25:3> = [1, 2, -3, 4]
  %6 = const "s" : string[1] = x"01000000080000000b000000616263"
  %7 = variable "state" : f32[1,2]
  %2 = const "big" : f32[100,784] = ...
  %8, %9 "rest" = split_like(%3, %4, %5, %6, %7, %2) : f32[N,1], i32[3]<0.5:-128> dims[N,28,min(N,4)]
  assign(%7, %8)
  return %9, %1
}`

describe('IR text', () => {
  it('reads back what it prints', () => {
    const g = parseGraph(canonical)
    expect(printGraph(g)).toBe(canonical)
    expect(parseGraph(printGraph(g)).nodes).toEqual(g.nodes)
    expect([...parseGraph(printGraph(g)).values.values()].map((v) => v.type)).toEqual([...g.values.values()].map((v) => v.type))
    expect(g.values.get(8)!.name).toBe('split_like')
    expect(g.values.get(9)!.dims).toEqual(['N', 28, 'min(N,4)'])
  })

  it('keeps the bytes of small constants, and gives elided ones the same elements each time', () => {
    const g = parseGraph(canonical)
    const again = parseGraph(printGraph(g))
    for (const [id, v] of g.values) if (v.data) expect(again.values.get(id)!.data!.bytes(), v.name).toEqual(v.data.bytes())
  })

  it('prints a graph that was built, numbering values by appearance when asked', () => {
    const b = new GraphEditor('a graph')
    const w = b.addConst('w', { dtype: 'f32', shape: [] }, constFromBytes(bytesOf(Float32Array.of(2))))
    const x = b.addInput('x', { dtype: 'f32', shape: ['16*N', '(H+1)'] })
    const { results } = b.addNode({
      op: 'mul',
      attrs: { fusedActivation: 'none', bytes: Uint8Array.of(1, 255) },
      inputs: [x, w],
      results: [{ name: 'y', type: x.type }],
      origin: { source: ['scale'], rules: [] },
    })
    b.setOutputs([results[0]!.id])
    const records = { defaultsOf: () => ({ fusedActivation: 'none', bytes: new Uint8Array() }) }
    expect(printGraph(b.finish(), { renumber: true, records })).toBe(`graph "a graph"(%0 "x": f32[16*N,(H+1)]) {
  %1 = const "w" : f32[] = 2
  %2 "y" = mul(%0, %1) {bytes=x"01ff"} : f32[16*N,(H+1)] @"scale"
  return %2
}`)
    expect(printGraph(b.finish(), { renumber: true, names: false, records })).toContain(
      '  %2 = mul(%0, %1) {bytes=x"01ff"} : f32[16*N,(H+1)]\n',
    )
  })

  it('fills in what the records know', () => {
    const records = {
      defaultsOf: () => ({ fusedActivation: 'none', axis: 0 }),
      infer: (
        _op: string,
        _attrs: unknown,
        operands: readonly ({
          type: Graph['values'] extends ReadonlyMap<number, infer V> ? (V extends { type: infer T } ? T : never) : never
        } | null)[],
      ) => [operands[0]!.type],
    }
    const g = parseGraph('graph g(%x: f32[2]) { %y = relu(%x) {axis=1} return %y }', { records })
    expect(g.nodes[0]!.attrs).toEqual({ fusedActivation: 'none', axis: 1 })
    expect(g.values.get(g.outputs[0]!)!.type).toEqual({ dtype: 'f32', shape: [2] })
  })

  it('has short forms for the constants of tests', () => {
    const g = parseGraph(`graph g() {
      // one of each
      %a = const : f32[3] = splat(0.5)
      %b = const : f32[3] = random(7)
      %c = const "b" : f32[3] = ...
      %d = const : bool[2] = [true, false]
      return %a, %b, %c, %d
    }`)
    const [a, b, c, d] = g.outputs.map((id) => g.values.get(id)!)
    expect(new Float32Array(a!.data!.bytes().buffer)).toEqual(Float32Array.of(0.5, 0.5, 0.5))
    expect(b!.data!.bytes()).toEqual(b!.data!.bytes())
    expect(c!.data!.bytes()).not.toEqual(b!.data!.bytes())
    expect(d!.data!.bytes()).toEqual(Uint8Array.of(1, 0))
    expect(a!.name).toBe('a')
  })

  it('reads and prints models with several graphs and signatures', () => {
    const text = `model "MLIR Converted."
graph main(%0 "x": f32[N]) {
  %1 = relu(%0) : f32[N]
  return %1
}
graph "other one"(%0 "x": f32[N]) {
  return %0
}
signature "serving_default" main("x" %0) -> ("output_0" %1)
signature "b" "other one"("x" %0) -> ("y" %0)
metadata "min_runtime_version" x"312e352e30"
`
    expect(printModel(parseModel(text))).toBe(text)
  })

  it('prints float32 in the fewest digits', () => {
    for (const x of [0.1, 1 / 3, 1e-45, 16777216, -1.5, 3.4028234663852886e38]) {
      expect(Math.fround(Number(f32Text(Math.fround(x))))).toBe(Math.fround(x))
    }
    expect(f32Text(Math.fround(0.1))).toBe('0.1')
  })

  it.each([
    ['graph g(%x: f32[2]) {\n  %y = relu(%z) : f32[2]\n  return %y\n}', '2:13', 'a value defined above, not %z'],
    ['graph g(%x: f99[2]) {}', '1:13', 'an element type'],
    ['graph g(%x: f32[2) {}', '1:16', 'a list of dims'],
    ['graph g() {\n %c = const : f32[2] = [1]\n return\n}', '2:24', '2 elements'],
    ['graph g() { %c = const : f32[N] = ... return }', '1:35', 'a static shape'],
    ['graph g(%x: f32[2]) { %x = relu(%x) : f32[2] return }', '1:46', 'a value other than %x'],
    ['graph g(%x: f32[2]) { %y = relu(%x) return }', '1:37', '1 result types'],
    ['graph g(%x: f32[2]) { %y = relu(%x) {a=} : f32[2] return }', '1:40', 'a name'],
    ['graph g(%x: f32[2]', '1:19', '","'],
    ['graph "g', '1:7', 'a quoted string'],
    ['graph g() { return } x', '1:22', 'the end'],
    ['graph g() { %c = const : i4[2] = x"0" return }', '1:34', 'bytes such as'],
    ['graph g(%x: f32[2] range[1]) { return }', '1:28', 'range[low,high]'],
  ])('says where text is wrong: %s', (text, place, expected) => {
    let error: unknown
    try {
      parseGraph(text)
    } catch (e) {
      error = e
    }
    expect(error).toBeInstanceOf(DowncastError)
    const e = error as DowncastError
    expect(e.code).toBe('import/ir-syntax')
    expect(e.message).toContain(`ir:${place} `)
    expect(e.expected).toContain(expected)
  })

  it('says which graph a signature lacks', () => {
    expect(() => parseModel('signature "a" main() -> ()')).toThrow('the name of a graph above')
    expect(() => parseModel('nonsense')).toThrow('graph, signature or metadata')
  })
})
