import { describe, expect, test } from 'vitest'
import type { SourceGraph, SourceRef } from '../import/source-graph.ts'
import { neededResults, passesThrough } from './calls.ts'
import type { Scope } from './scope.ts'

const noFunctions = { load: () => undefined } as unknown as Scope
const node = (op: string, ...inputs: SourceRef[]) => ({ op, inputs, attrs: new Map() })
const result = (at: number): SourceRef => ({ node: at, output: 0 })
const body = (output: SourceRef) =>
  ({
    nodes: [node('Placeholder'), node('Placeholder'), node('Identity', result(0)), node('Neg', result(0))],
    inputs: [{ ref: result(0) }, { ref: result(1) }],
    outputs: [{ ref: output }],
  }) as unknown as SourceGraph

test.each([
  ['the input', result(0), true],
  ['the input, named again', result(2), true],
  ['another input', result(1), false],
  ['what is made of it', result(3), false],
  ['an op that only runs', { node: -1, output: -1 }, false],
] as const)('a body gives %s', (_, output, passes) => {
  expect(passesThrough(body(output), 0, noFunctions)).toBe(passes)
  expect(passesThrough(body(output), 1, noFunctions)).toBe(false)
})

describe('nodes that a caller needs', () => {
  const at = (index: number, output = 0): SourceRef => ({ node: index, output })
  /** 0 x, 1 Neg(x), 2 Split(x), 3 Neg(split:1), 4 Assign(x), 5 If(x), 6 Neg(if:0) */
  const branch = {
    nodes: [
      node('Placeholder'),
      node('Neg', at(0)),
      node('Split', at(0)),
      node('Neg', at(2, 1)),
      node('AssignVariableOp', at(0)),
      node('If', at(0)),
      node('Neg', at(5)),
    ],
    inputs: [{ ref: at(0) }],
    outputs: [{ ref: at(1) }, { ref: at(3) }, { ref: at(6) }],
  } as unknown as SourceGraph
  const asList = (kept?: number[]) => [...neededResults(branch, kept)].map(([k, read]) => [k, [...read]]).sort()

  test('are all where all results are read', () => {
    expect(asList()).toEqual([
      [0, [0]],
      [1, [0]],
      [2, [1]],
      [3, [0]],
      [4, []],
      [5, [0]],
      [6, [0]],
    ])
  })
  test('are found behind a result that is of no node', () => {
    // In a damaged file even its number is missing.
    const of = [{ output: -1 } as SourceRef, at(-1, -1)].map((ref) => ({ ...branch, outputs: [...branch.outputs, { ref }] }) as SourceGraph)
    for (const damaged of of) {
      const found = [...neededResults(damaged).keys()]
      expect([0, 1, 2, 3, 4, 5, 6].filter((k) => !found.includes(k))).toEqual([])
    }
  })
  test('are not those of other results, but all that may write', () => {
    expect(asList([0])).toEqual([
      [0, [0]],
      [1, [0]],
      [4, []],
      [5, []],
    ])
  })
})
