import { expect, test } from 'vitest'
import type { SourceGraph, SourceRef } from '../import/source-graph.ts'
import { passesThrough } from './calls.ts'
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
