import { describe, expect, it } from 'vitest'
import type { Graph, Model } from '../ir/types.ts'
import { hasEffect } from '../ops/bodies.ts'
import { shareGraphs } from '../ops/share-graphs.ts'
import { modelFromText } from '../ops/text.ts'
import { quantize } from '../quantize/quantize.ts'
import { mergeEqualNodes } from './merge-equal-nodes.ts'
import { optimize, optimizeModel } from './optimize.ts'
import { orderForMemory } from './order-for-memory.ts'
import { dropDead, mustStay, type Pass } from './pass.ts'
import { pipeline } from './pipeline.ts'

/*
 * What a variable holds depends on when it is read: no pass may merge, reorder or drop reads and writes.
 */

const init = `graph init() {
  %0 = var_handle() {container="", sharedName="v"} : resource[]
  %1 = const "v" : f32[64,32] = random(3)
  assign_variable(%0, %1)
  return
}`
const entry = (body: string, other = '') =>
  modelFromText(`model ""
graph main(%0 "x": f32[64,32]) {
  call_once() {init=1}
  %1 = var_handle() {container="", sharedName="v"} : resource[]
${body}
}
${init}
${other}
signature "serving_default" main("x" %0) -> ("y" %9)
`)
const aroundWrite = entry(`  %2 = read_variable(%1) : f32[64,32]
  %3 = exp(%2) : f32[64,32]
  assign_variable(%1, %0)
  %4 = read_variable(%1) : f32[64,32]
  %5 = exp(%4) : f32[64,32]
  %6 = add(%0, %0) : f32[64,32]
  %7 = add(%0, %0) : f32[64,32]
  %8 = sub(%6, %7) : f32[64,32]
  %10 = sub(%3, %5) : f32[64,32]
  %9 = add(%8, %10) : f32[64,32]
  assign_variable(%1, %7)
  return %9`)

const accesses = (g: Graph): string[] => g.nodes.filter((n) => hasEffect(n)).map((n) => n.op)
const main = accesses(aroundWrite.graphs[0]!)
const run = (pass: Pass, model: Model = aroundWrite): Graph =>
  optimize(model.graphs[0]!, { pipeline: pipeline('test', [pass]), verifyEach: true }).graph
const count = (g: Graph, op: string): number => g.nodes.filter((n) => n.op === op).length

it('the program has what passes may be tempted by', () => {
  expect(main).toEqual(['call_once', 'var_handle', 'read_variable', 'assign_variable', 'read_variable', 'assign_variable'])
})

describe('merge-equal', () => {
  it('leaves two reads around a write apart, and what is computed from them', () => {
    const merged = run(mergeEqualNodes('merge-equal'))
    expect(accesses(merged)).toEqual(main)
    expect(count(merged, 'exp')).toBe(2)
    expect(count(merged, 'add')).toBe(2)
  })

  it('leaves branches that read apart', () => {
    const model = entry(
      `  %2 = const : f32[] = 0
  %3 = const : i32[2] = [0, 1]
  %4 = sum(%0, %3) : f32[]
  %5 = greater(%4, %2) : bool[]
  %6 = if(%5) {effects=true, thenGraph=2, elseGraph=3} : f32[64,32]
  assign_variable(%1, %0)
  %7 = if(%5) {effects=true, thenGraph=2, elseGraph=3} : f32[64,32]
  %9 = sub(%6, %7) : f32[64,32]
  return %9`,
      ['yes', 'no']
        .map(
          (name) =>
            `graph ${name}() {\n  %0 = var_handle() {container="", sharedName="v"} : resource[]\n  %1 = read_variable(%0) : f32[64,32]\n  return %1\n}`,
        )
        .join('\n'),
    )
    expect(count(run(mergeEqualNodes('merge-equal'), model), 'if')).toBe(2)
    expect(accesses(optimizeModel(model).model.graphs[0]!)).toEqual(['call_once', 'var_handle', 'if', 'assign_variable', 'if'])
  })
})

describe('drop-dead', () => {
  it('keeps writes that no output depends on, and drops what only they do not need', () => {
    const model = entry(`  %2 = exp(%0) : f32[64,32]
  %3 = tanh(%0) : f32[64,32]
  assign_variable(%1, %3)
  %9 = add(%0, %0) : f32[64,32]
  return %9`)
    expect(run(dropDead, model).nodes.map((n) => n.op)).toEqual(['call_once', 'var_handle', 'tanh', 'assign_variable', 'add'])
  })
})

describe('order-for-memory', () => {
  // Alone, the reduction of the second read would come first: what it needs is held until the end.
  const wide = entry(`  %2 = const : i32[2] = [1, 40]
  %3 = const : i32[2] = [0, 1]
  %4 = tile(%0, %2) : f32[64,1280]
  %5 = read_variable(%1) : f32[64,32]
  %6 = tile(%5, %2) : f32[64,1280]
  assign_variable(%1, %0)
  %7 = sum(%4, %3) : f32[]
  %8 = sum(%6, %3) : f32[]
  %10 = read_variable(%1) : f32[64,32]
  %11 = sum(%10, %3) : f32[]
  %12 = add(%7, %8) : f32[]
  %9 = add(%12, %11) : f32[]
  return %9`)

  it('moves what computes, never reads over writes', () => {
    const ordered = run(orderForMemory(mustStay), wide)
    expect(ordered.nodes.map((n) => n.op)).not.toEqual(wide.graphs[0]!.nodes.map((n) => n.op))
    expect(accesses(ordered)).toEqual(accesses(wide.graphs[0]!))
  })
})

it('the whole pipeline keeps every access in its place', () => {
  const { model } = optimizeModel(aroundWrite, { verifyEach: true })
  expect(accesses(model.graphs[0]!)).toEqual(main)
  expect(accesses(model.graphs[1]!)).toEqual(['var_handle', 'assign_variable'])
})

describe('share-graphs', () => {
  const two = (second: string) =>
    modelFromText(`model ""
graph a(%0 "x": f32[64,32]) {
  call_once() {init=2}
  %1 = var_handle() {container="", sharedName="v"} : resource[]
  assign_variable(%1, %0)
  %9 = read_variable(%1) : f32[64,32]
  return %9
}
graph b(%0 "x": f32[64,32]) {
  call_once() {init=2}
  %1 = var_handle() {container="", sharedName="${second}"} : resource[]
  assign_variable(%1, %0)
  %9 = read_variable(%1) : f32[64,32]
  return %9
}
${init}
signature "a" a("x" %0) -> ("y" %9)
signature "b" b("x" %0) -> ("y" %9)
`)

  it('lets graphs be one that do the same to the same variable, and no others', () => {
    expect(shareGraphs(two('v')).graphs).toHaveLength(2)
    expect(shareGraphs(two('w')).graphs).toHaveLength(3)
  })
})

describe('quantization', () => {
  it.each(['dynamic', 'float16', 'int8', 'int16x8'] as const)('%s leaves accesses, their types and initial values as they are', (mode) => {
    const ranged = aroundWrite.graphs.map((g) => ({
      ...g,
      values: new Map(
        [...g.values].map(([id, v]) => [id, v.type.dtype === 'f32' ? { ...v, type: { ...v.type, range: [-4, 4] as const } } : v]),
      ),
    }))
    const { model, decisions } = quantize({ ...aroundWrite, graphs: ranged }, { mode, minElements: 1 })
    expect(accesses(model.graphs[0]!)).toEqual(main)
    expect(count(model.graphs[0]!, 'quantize') > 0, 'the graph around them is quantized').toBe(mode.startsWith('int'))
    for (const g of model.graphs) {
      for (const n of g.nodes) {
        const touched = n.op === 'assign_variable' ? n.inputs[1]! : n.op === 'read_variable' ? n.outputs[0]! : undefined
        if (touched !== undefined) expect(g.values.get(touched)!.type, n.op).toMatchObject({ dtype: 'f32' })
      }
    }
    const stored = model.graphs[1]!.nodes.find((n) => n.op === 'assign_variable')!
    expect(model.graphs[1]!.values.get(stored.inputs[1]!)!.data!.byteLength).toBe(64 * 32 * 4)
    if (mode === 'dynamic' || mode === 'float16')
      expect(decisions.find((d) => d.tensor === 'v')).toMatchObject({ to: 'f32', reason: expect.any(String) })
  })
})
