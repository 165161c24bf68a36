import { describe, expect, it } from 'vitest'
import { GraphEditor } from '../../ir/graph.ts'
import type { Model, TensorType, Value } from '../../ir/types.ts'
import { BodyTable, dropUncalledGraphs } from '../bodies.ts'
import { OpBuilder } from '../build.ts'
import { op } from '../index.ts'
import { modelFromText, modelToText } from '../text.ts'
import { verifyCalls } from '../verify.ts'
import { choose, loop } from './flow.ts'

/** A model with one entry point; its text without names. */
function built(
  inputs: readonly TensorType[],
  work: (b: OpBuilder, inputs: readonly Value[]) => readonly Value[],
): { model: Model; text: string } {
  const editor = new GraphEditor('main')
  const bodies = new BodyTable(1)
  const values = inputs.map((type, i) => editor.addInput(`x${i}`, type))
  editor.setOutputs(work(new OpBuilder(editor, { bodies }), values).map((v) => v.id))
  const model: Model = { graphs: [editor.finish(), ...bodies.graphs], signatures: [], description: '', metadata: new Map() }
  expect(verifyCalls(model)).toEqual([])
  const text = modelToText(model, { names: false })
  const again = modelToText(modelFromText(text), { names: false })
  expect(again).toBe(text)
  return { model, text }
}

const scalar: TensorType = { dtype: 'i32', shape: [] }
const below =
  (limit: number) =>
  (b: OpBuilder, [i]: readonly Value[]) =>
    b.op(op.less, [i!, b.i32([limit], [])])
const plusOne = (b: OpBuilder, i: Value) => b.op(op.add, [i, b.i32([1], [])])

describe('loop', () => {
  it('has a graph for the condition and one for the body', () => {
    const { text } = built([scalar, { dtype: 'f32', shape: ['N', 2] }], (b, init) =>
      loop(b, init, below(3), (b, [i, x]) => [plusOne(b, i!), b.op(op.mul, [x!, x!])]),
    )
    expect(text).toBe(`model ""
graph main(%0: i32[], %1: f32[N,2]) {
  %2, %3 = while(%0, %1) {cond=1, body=2} : i32[], f32[N,2]
  return %2, %3
}
graph while_cond(%2: i32[], %3: f32[N,2]) {
  %4 = const : i32[] = 3
  %5 = less(%2, %4) : bool[]
  return %5
}
graph while_body(%2: i32[], %3: f32[N,2]) {
  %4 = const : i32[] = 1
  %5 = add(%2, %4) : i32[]
  %6 = mul(%3, %3) : f32[N,2]
  return %5, %6
}
`)
  })

  it('does not know sizes that the body changes', () => {
    const { text } = built([scalar, { dtype: 'f32', shape: [1, 2] }], (b, init) =>
      loop(b, init, below(3), (b, [i, x]) => [plusOne(b, i!), b.op(op.concatenation, [x!, x!], { axis: 0 })]),
    )
    expect(text).toContain('%2, %3 = while(%0, %1) {cond=1, body=2} : i32[], f32[(while1.0@2),2]')
    expect(text.match(/^graph/gm)).toHaveLength(3)
  })

  it('nests', () => {
    const { model } = built([scalar, { dtype: 'f32', shape: [2] }], (b, init) =>
      loop(b, init, below(2), (b, [i, x]) => {
        const [, y] = loop(b, [b.i32([0], []), x!], below(3), (b, [k, y]) => [plusOne(b, k!), b.op(op.neg, [y!])])
        return [plusOne(b, i!), y!]
      }),
    )
    expect(model.graphs.map((g) => g.name)).toEqual(['main', 'while_cond', 'while_cond1', 'while_body', 'while_body1'])
  })

  it.each<[string, (b: OpBuilder, vars: readonly Value[]) => Value[]]>([
    ['its body changes the type of variable 0', (b, [x]) => [b.op(op.cast, [x!], { to: 'f32' })]],
    ['its body changes the type of variable 0', () => []],
    ['its body has other results than it takes', (_, [x]) => [x!, x!]],
  ])('refuses: %s', (reason, body) => {
    expect(() => built([scalar], (b, init) => loop(b, init, below(3), body))).toThrow(reason)
  })
})

describe('choose', () => {
  it('knows the sizes in which both branches agree', () => {
    const types: TensorType[] = [
      { dtype: 'bool', shape: [] },
      { dtype: 'f32', shape: ['N', 2] },
    ]
    const { text } = built(types, (b, [p, x]) =>
      choose(
        b,
        p!,
        [x!],
        (b, [x]) => [b.op(op.concatenation, [x!, x!], { axis: 1 })],
        (b, [x]) => [b.op(op.neg, [x!])],
      ),
    )
    expect(text).toContain('= if(%0, %1) {thenGraph=1, elseGraph=2} : f32[N,(if0.1@2)]')
  })

  it.each<[string, (b: OpBuilder, args: readonly Value[]) => Value[]]>([
    ['its branches have 0 and 1 results', () => []],
    ['its branches differ in the type of result 0', (b, [x]) => [b.op(op.cast, [x!], { to: 'f32' })]],
  ])('refuses: %s', (reason, branch) => {
    const types: TensorType[] = [{ dtype: 'bool', shape: [] }, scalar]
    expect(() => built(types, (b, [p, x]) => choose(b, p!, [x!], branch, (_, [x]) => [x!]))).toThrow(reason)
  })
})

it('keeps what sets a variable, also in a body of a body', () => {
  const { text } = built([scalar], (b, [i]) => {
    const set = (b: OpBuilder, [x]: readonly Value[]) => {
      const [handle] = b.ops(op.varHandle, [], { sharedName: 'v' })
      b.ops(op.assignVariable, [handle!, x!])
      return [x!]
    }
    loop(b, [i!], below(3), (b, [i]) => choose(b, b.op(op.less, [i!, b.i32([0], [])]), [plusOne(b, i!)], set, (_, [x]) => [x!]))
    return [i!]
  })
  expect(text).toContain('{effects=true, cond=1, body=4}')
  expect(text).toContain('{effects=true, thenGraph=2, elseGraph=3}')
  expect(text).toContain('assign_variable(')
})

it('drops graphs that nothing calls', () => {
  const { model } = built([scalar], (b, init) => {
    b.body('unused', init, (_, [x]) => [x!])
    return loop(b, init, below(3), (b, [i]) => [plusOne(b, i!)])
  })
  const dropped = dropUncalledGraphs(model)
  expect(dropped.graphs.map((g) => g.name)).toEqual(['main', 'while_cond', 'while_body'])
  expect(dropped.graphs[0]!.nodes[0]!.attrs).toMatchObject({ cond: 1, body: 2 })
  expect(verifyCalls(dropped)).toEqual([])
  expect(dropUncalledGraphs(dropped)).toBe(dropped)
})
