import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memoryFolder } from '../folder.ts'
import { importSavedModel } from '../saved-model/read.ts'
import type { SourceGraph, SourceNode } from '../source-graph.ts'

/** Recorded by fixtures/tf1/make.py; test/tf1.test.ts judges what they compute. */
function graphOf(name: string): SourceGraph {
  const root = new URL(`../../../fixtures/tf1/${name}/`, import.meta.url)
  const paths = ['saved_model.pb', ...readdirSync(new URL('variables', root)).map((f) => `variables/${f}`)]
  const files = new Map(paths.map((p) => [p, new Uint8Array(readFileSync(new URL(p, root)))]))
  return importSavedModel(memoryFolder(name, files)).graphs[0]!
}

const only = (g: SourceGraph, op: string): readonly SourceNode[] => g.nodes.filter((n) => n.op === op)
function body(g: SourceGraph, n: SourceNode, attr: string): SourceGraph {
  const f = n.attrs.get(attr)
  if (f?.kind !== 'func') throw new Error(`${n.name} has no ${attr}`)
  return g.functions.load(f.value)
}
const controlOps = /^(Ref)?(Switch|Merge|Enter|Exit|NextIteration)$|^LoopCond$|^TensorArray\w*V3$/

/** Every graph that is reached, control flow checked: one body has as many inputs as the node has operands. */
function walk(g: SourceGraph): void {
  expect(g.nodes.filter((n) => controlOps.test(n.op))).toEqual([])
  for (const n of g.nodes) {
    const [names, operands] =
      n.op === 'While'
        ? [['cond', 'body'], n.inputs.length]
        : n.op === 'If'
          ? [['then_branch', 'else_branch'], n.inputs.length - 1]
          : [[], 0]
    for (const inner of names.map((name) => body(g, n, name))) {
      expect(inner.inputs.length).toBe(operands)
      walk(inner)
    }
  }
}

test.each(['cond', 'loops', 'dynamic_rnn'])('nothing of TensorFlow 1 is left of %s', (name) => walk(graphOf(name)))

test('results of one condition come from one If; a condition with a constant predicate is gone', () => {
  const g = graphOf('cond')
  const [n, ...others] = only(g, 'If')
  expect(others).toEqual([])
  expect(new Set(g.outputs.map((o) => o.ref.node))).toEqual(new Set([g.nodes.indexOf(n!)]))
  expect(g.nodes.some((m) => m.op.startsWith('Random'))).toBe(false)
  const [yes, no] = ['then_branch', 'else_branch'].map((name) => body(g, n!, name)) as [SourceGraph, SourceGraph]
  expect([only(yes, 'If').length, only(no, 'If').length]).toEqual([1, 0])
  expect(only(no, 'Exp').length).toBe(1)
})

test('a loop in a loop is a While in the body; weights are constants of the body', () => {
  const g = graphOf('loops')
  const outer = only(g, 'While').find((n) => only(body(g, n, 'body'), 'While').length === 1)!
  const inner = body(g, outer, 'body')
  expect(inner.nodes.filter((n) => n.variable?.name === 'w').length).toBe(1)
  expect(body(g, outer, 'cond').outputs.map((o) => o.dtype)).toEqual(['bool'])
})

test('arrays are lists', () => {
  const ops = new Set(graphOf('dynamic_rnn').nodes.map((n) => n.op))
  for (const op of ['TensorListReserve', 'TensorListFromTensor', 'TensorListGather']) expect(ops).toContain(op)
})
