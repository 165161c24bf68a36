import { describe, expect, it } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { parseGraph, parseModel } from './parse.ts'
import type { Graph } from './types.ts'
import { verifyModelStructure, verifyStructure } from './verify.ts'

const good = parseGraph(`graph g(%0: f32[2]) {
  %1 = const "c" : f32[2] = [1, 2]
  %2 = add(%0, %1) : f32[2]
  %3 = relu(%2) : f32[2]
  return %3
}`)
const messages = (g: Graph) => verifyStructure(g).map((p) => p.message)
const withValue = (id: number, change: object) => new Map([...good.values].map(([k, v]) => [k, k === id ? { ...v, ...change } : v]))

describe('verifyStructure', () => {
  it('accepts a sound graph', () => expect(messages(good)).toEqual([]))

  it.each<[string, Graph, string]>([
    ['order', { ...good, nodes: [...good.nodes].reverse() }, 'relu reads %2 before it is made'],
    ['unknown operand', { ...good, nodes: [{ ...good.nodes[0]!, inputs: [0, 9] }, good.nodes[1]!] }, 'add reads %9, which is not a value'],
    ['unknown result', { ...good, nodes: [good.nodes[0]!, { ...good.nodes[1]!, outputs: [3, 9] }] }, 'relu makes %9, which is not a value'],
    ['two makers', { ...good, nodes: [...good.nodes, { ...good.nodes[1]!, id: 7 }] }, '%3 is made twice'],
    ['two nodes of one id', { ...good, nodes: [good.nodes[0]!, { ...good.nodes[1]!, id: 0 }] }, 'two nodes have the id 0'],
    ['output', { ...good, outputs: [9] }, 'output %9 is never made'],
    ['input', { ...good, inputs: [0, 9] }, 'input %9 is not a value'],
    ['constant input', { ...good, inputs: [0, 1] }, 'input %1 is a constant'],
    [
      'wrong size',
      { ...good, values: withValue(1, { data: constFromBytes(new Uint8Array(4)) }) },
      'constant %1 "c" holds 4 bytes, its type needs 8',
    ],
    [
      'symbolic constant',
      { ...good, values: withValue(1, { type: { dtype: 'f32', shape: ['N'] } }) },
      'constant %1 "c" has a symbolic shape',
    ],
    ['id', { ...good, values: withValue(1, { id: 5 }) }, 'value %1 calls itself %5'],
    ['dims', { ...good, values: withValue(2, { dims: ['N'] }) }, 'value %2 has 1 dims for its elements'],
  ])('reports %s', (_, g, message) => expect(messages(g)).toContain(message))

  it('reports signatures that do not fit their graph', () => {
    const model = parseModel(`graph g(%0: f32[2]) {
  %1 = relu(%0) : f32[2]
  return %1
}
signature "s" g("x" %0) -> ("y" %1)`)
    expect(verifyModelStructure(model)).toEqual([])
    const [s] = model.signatures
    const swapped = {
      ...model,
      signatures: [
        { ...s!, inputs: s!.outputs, outputs: s!.inputs },
        { ...s!, graph: 3 },
      ],
    }
    expect(verifyModelStructure(swapped).map((p) => p.message)).toEqual([
      'signature "s": "y" is no input of graph g',
      'signature "s": "x" is no output of graph g',
      'signature "s" names graph 3, there are 1',
    ])
  })
})
