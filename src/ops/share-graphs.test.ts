import { describe, expect, it } from 'vitest'
import { parseModel } from '../ir/parse.ts'
import type { Model } from '../ir/types.ts'
import { shareGraphs } from './share-graphs.ts'
import { modelFromText } from './text.ts'

function twoGraphs(second: string): Model {
  const text = (name: string, body: string) => `graph ${name}(%0 "x": f32[N,4]) {\n${body}\n  return %2\n}`
  const body = '  %1 = const "c" : f32[4] = [1, 2, 3, 4]\n  %2 = add(%0, %1) : f32[N,4]'
  const a = parseModel(text('a', body)).graphs[0]!
  const b = parseModel(text('b', second)).graphs[0]!
  const signature = (key: string, graph: number) => ({ key, graph, inputs: [{ name: 'x', value: 0 }], outputs: [{ name: 'y', value: 2 }] })
  return { graphs: [a, b], signatures: [signature('serve', 0), signature('serving_default', 1)], description: '', metadata: new Map() }
}

it('lets equal graphs be one, whatever their values are called', () => {
  const shared = shareGraphs(twoGraphs('  %1 = const "other" : f32[4] = [1, 2, 3, 4]\n  %2 = add(%0, %1) : f32[N,4]'))
  expect(shared.graphs.map((g) => [g.name, g.values.get(1)?.name])).toEqual([['main', 'other']])
  expect(shared.signatures.map((s) => [s.key, s.graph])).toEqual([
    ['serve', 0],
    ['serving_default', 0],
  ])
})

it.each([
  ['other constants', '  %1 = const "c" : f32[4] = [1, 2, 3, 5]\n  %2 = add(%0, %1) : f32[N,4]'],
  ['another op', '  %1 = const "c" : f32[4] = [1, 2, 3, 4]\n  %2 = mul(%0, %1) : f32[N,4]'],
  ['other operands', '  %1 = const "c" : f32[4] = [1, 2, 3, 4]\n  %2 = add(%1, %0) : f32[N,4]'],
])('keeps graphs with %s apart', (_, second) => {
  const model = twoGraphs(second)
  expect(shareGraphs(model)).toBe(model)
})

describe('with bodies', () => {
  const graphs = (second: string) =>
    modelFromText(`model ""
graph a(%0 "x": f32[4]) {
  %1 = while(%0) {cond=2, body=3} : f32[4]
  return %1
}
graph b(%0 "x": f32[4]) {
  %1 = while(%0) {cond=4, body=5} : f32[4]
  return %1
}
graph cond(%0: f32[4]) {
  %1 = const : bool[] = false
  return %1
}
graph body(%0: f32[4]) {
  %1 = relu(%0) : f32[4]
  return %1
}
graph cond1(%0: f32[4]) {
  %1 = const : bool[] = false
  return %1
}
graph body1(%0: f32[4]) {
  %1 = ${second}(%0) : f32[4]
  return %1
}
signature "serve" a("x" %0) -> ("y" %1)
signature "serving_default" b("x" %0) -> ("y" %1)
`)

  it('drops the bodies of the graph that goes', () => {
    const shared = shareGraphs(graphs('relu'))
    expect(shared.graphs.map((g) => g.name)).toEqual(['main', 'cond1', 'body1'])
    expect(shared.graphs[0]!.nodes[0]!.attrs).toMatchObject({ cond: 1, body: 2 })
    expect(shared.signatures.map((s) => s.graph)).toEqual([0, 0])
  })

  it('keeps graphs apart whose bodies differ', () => {
    const model = graphs('neg')
    expect(shareGraphs(model)).toBe(model)
  })
})
