import { describe, expect, it } from 'vitest'
import { applyRules, expectMiss, expectOther, expectRewrite, expectSameResults, ir } from '../../../test/testkit/rewrite.ts'
import { tfliteBytes } from '../../export/write-tflite.ts'
import { GraphEditor } from '../../ir/graph.ts'
import { seededRandom } from '../../ir/synthetic.ts'
import type { Graph } from '../../ir/types.ts'
import { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { optimizeModel } from '../index.ts'
import { optimize } from '../optimize.ts'
import { broadcastSplat } from './broadcast-splat.ts'
import { dropBroadcast } from './drop-broadcast.ts'
import { fillSplat } from './fill-splat.ts'
import { foldConstants } from './fold-constants.ts'

const ones = (shape: string, count: number) => `const "c" : f32[${shape}] = [${new Array(count).fill(2).join(', ')}]`
const sizeOf = (graph: Graph): number => tfliteBytes({ graphs: [graph], signatures: [], description: '', metadata: new Map() }).byteLength

describe('broadcast-splat', () => {
  it.each(['add', 'sub', 'pow', 'maximum'])('gives %s one number', (name) => {
    expectRewrite(
      broadcastSplat,
      `(%x: f32[2,3]) { %c = ${ones('2,3', 6)} %y = ${name}(%c, %x) return %y }`,
      `(%x: f32[2,3]) { %c = const : f32[] = 2 %y = ${name}(%c, %x) return %y }`,
    )
  })

  it('gives a select one number', () => {
    expectRewrite(
      broadcastSplat,
      `(%m: bool[2,3], %x: f32[2,3]) { %c = ${ones('2,3', 6)} %y = select_v2(%m, %x, %c) return %y }`,
      '(%m: bool[2,3], %x: f32[2,3]) { %c = const : f32[] = 2 %y = select_v2(%m, %x, %c) return %y }',
    )
  })

  it.each([
    [
      'a constant that gives the result its shape',
      `(%x: f32[1,3]) { %c = ${ones('2,3', 6)} %y = add(%x, %c) return %y }`,
      'the constant gives the result its shape, or the kernel does not broadcast this rank',
    ],
    [
      'a rank that the kernel does not broadcast',
      `(%x: f32[1,1,1,2,3]) { %c = ${ones('1,1,1,2,3', 6)} %y = pow(%x, %c) return %y }`,
      'the constant gives the result its shape, or the kernel does not broadcast this rank',
    ],
    [
      'a constant that another op needs',
      `(%x: f32[1,3]) { %c = ${ones('3', 3)} %y = add(%x, %c) %w = const : f32[3,3] = random(1) %z = fully_connected(%y, %w, %c) return %z }`,
      'another op needs the whole constant',
    ],
  ])('keeps %s', (_, text, reason) => expectMiss(broadcastSplat, text, reason))

  it('tells numbers apart bit by bit, and leaves one number', () => {
    expectOther(broadcastSplat, '(%x: f32[2]) { %c = const : f32[2] = [0, -0] %y = add(%x, %c) return %y }')
    expectOther(broadcastSplat, '(%x: f32[2]) { %c = const : f32[1] = [3] %y = add(%x, %c) return %y }')
  })
})

describe('fill-splat', () => {
  const c = 'const "c" : f32[32,32] = splat(2)'
  it('fills what only the whole shape will do for, in less of the file', () => {
    const before = `(%x: f32[2,32]) { %c = ${c} %y = concatenation(%x, %c) {axis=0} return %y }`
    const graph = expectRewrite(
      fillSplat,
      before,
      '(%x: f32[2,32]) { %s = const : i32[2] = [32, 32] %n = const : f32[] = 2 %f = fill(%s, %n) %y = concatenation(%x, %f) {axis=0} return %y }',
    )
    expect(sizeOf(graph)).toBeLessThan(sizeOf(ir(before)))
  })

  it('leaves what an op reads when it is prepared', () => {
    const text = `(%x: f32[1,32]) { %c = ${c} %y = fully_connected(%x, %c, none) return %y }`
    expectMiss(fillSplat, text, 'an op reads the constant when it is prepared')
  })

  it('leaves outputs, small constants and weights', () => {
    expectMiss(
      fillSplat,
      `(%x: f32[2,32]) { %c = ${c} %y = concatenation(%x, %c) {axis=0} return %y, %c }`,
      'an op reads the constant when it is prepared',
    )
    expectOther(fillSplat, `(%x: f32[2,2]) { %c = ${ones('2,2', 4)} %y = concatenation(%x, %c) {axis=0} return %y }`)
    expectOther(fillSplat, '(%x: f32[2,2048]) { %c = const : f32[2,2048] = random(1) %y = concatenation(%x, %c) {axis=0} return %y }')
  })

  it('is not undone by folding', () => {
    const text = `(%x: f32[2,32]) { %c = ${c} %y = concatenation(%x, %c) {axis=0} return %y }`
    const once = optimize(ir(text)).graph
    expect(once.nodes.map((n) => n.op)).toEqual(['fill', 'concatenation'])
    const { graph, report } = optimize(once)
    expect(graph.nodes.map((n) => n.op)).toEqual(['fill', 'concatenation'])
    expect(report.nearMisses).toContainEqual(expect.objectContaining({ reason: 'it takes less of the file than its result' }))
    expect(applyRules(once, [foldConstants, fillSplat]).diagnostics).toEqual([])
  })

  it('is filled once for several readers', () => {
    const text = `(%x: f32[2,32]) { %c = ${c} %y = concatenation(%x, %c) {axis=0} %z = concatenation(%c, %x) {axis=0} return %y, %z }`
    expect(optimize(ir(text)).graph.nodes.filter((n) => n.op === 'fill').length).toBe(1)
  })
})

it('a binary op on a FILL takes the number', () => {
  expectRewrite(
    dropBroadcast,
    '(%x: f32[4,3]) { %s = const : i32[2] = [4, 3] %n = const : f32[] = 2 %f = fill(%s, %n) %y = mul(%x, %f) return %y }',
    '(%x: f32[4,3]) { %n = const : f32[] = 2 %y = mul(%x, %n) return %y }',
  )
})

it('random graphs on splats compute the same, in files that are not larger', () => {
  for (let seed = 1; seed <= 60; seed++) {
    const next = seededRandom(seed)
    const int = (n: number) => Math.floor(next() * n)
    const editor = new GraphEditor('main')
    const b = new OpBuilder(editor)
    const [h, w] = [1 + int(48), 8 + int(48)] as const
    let x = editor.addInput('x', { dtype: 'f32', shape: [h, w] })
    const splat = (shape: readonly number[]) => b.f32(new Array(shape.reduce((p, d) => p * d, 1)).fill(0.5 + int(3)), shape)
    let shared = splat([h, w])
    for (let i = 0; i < 4; i++) {
      const c = next() < 0.5 ? shared : splat(next() < 0.5 ? [h, w] : [w])
      shared = c.type.shape.length === 2 ? c : shared
      const kind = int(5)
      if (kind === 0) x = b.op(op.add, [x, c])
      else if (kind === 1) x = b.op(op.maximum, [c, x])
      else if (kind === 2) x = b.op(op.mul, [x, b.op(op.fill, [b.i32([h, w]), b.f32([2])])])
      else if (kind === 3) x = b.op(op.slice, [b.op(op.concatenation, [x, splat([h, w])], { axis: 0 }), b.i32([int(h), 0]), b.i32([h, w])])
      else x = b.op(op.selectV2, [b.op(op.greater, [x, c]), x, c])
    }
    editor.setOutputs([x.id])
    const graph = editor.finish()
    const model = { graphs: [graph], signatures: [], description: '', metadata: new Map() }
    const optimized = optimizeModel(model).model.graphs[0]!
    expectSameResults(optimized, graph, 1e-6, seed)
    expect(sizeOf(optimized), `seed ${seed}`).toBeLessThanOrEqual(sizeOf(optimize(graph, { pipeline: { name: 'none', passes: [] } }).graph))
  }
})
