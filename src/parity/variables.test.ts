import { expect, test } from 'vitest'
import { attr, type FunctionSpec, floats, modelFolder, node, variable } from '../../test/testkit/saved-model.ts'
import { constFromBytes } from '../core/bytes.ts'
import { bytesOf, typedView } from '../core/dtype.ts'
import { ndArray } from '../core/nd-array.ts'
import { importSavedModel } from '../import/saved-model/read.ts'
import type { SourceNode, SourceVariable } from '../import/source-graph.ts'
import { tensorflow } from '../lower/tf/index.ts'
import { evaluateSource, isUnknown } from './evaluate-source.ts'
import { kernelEvaluator } from './kernel-evaluator.ts'
import { updateOf, VariableStore } from './variables.ts'

const total: SourceVariable = {
  name: 'total',
  value: { dtype: 'f32', shape: [1], data: constFromBytes(bytesOf(Float32Array.of(3))) },
  isWritten: true,
}
const two = ndArray('f32', Float32Array.of(2), [1])

test('a store begins with the initial values, holds what is written, and knows none after a write that may have been', () => {
  const store = new VariableStore()
  expect(store.read(total)).toMatchObject({ dtype: 'f32', shape: [1] })
  store.write(total, two)
  expect(store.read(total)).toBe(two)
  store.lose({ reason: 'first' })
  store.lose({ reason: 'second' })
  expect(store.read(total)).toEqual({ reason: 'first' })
  const text: SourceVariable = { name: 't', value: { dtype: 'string', shape: [], strings: [] }, isWritten: true }
  expect(new VariableStore().read(text)).toEqual({ reason: 'the variable t is text' })
})

test('writes are the op on tensors that does the same; others are not followed', () => {
  const update = (op: string, ...others: (typeof two)[]) => updateOf({ op } as SourceNode, two, others)
  expect(update('AssignAddVariableOp', two)).toEqual({ op: 'AddV2', operands: [two, two] })
  expect(update('ResourceScatterNdMax', two, two)).toEqual({ op: 'TensorScatterMax', operands: [two, two, two] })
  expect(update('ResourceScatterAdd', two, two)).toMatchObject({ op: 'TensorScatterAdd', operands: [two, { shape: [1, 1] }, two] })
  expect(update('ResourceScatterAdd', two, { ...two, shape: [] })).toBeUndefined()
  expect(update('AssignVariableOp', two)).toBeUndefined()
})

test('what a branch may have written is not known when the condition is not', async () => {
  const write: FunctionSpec = {
    name: 'write',
    args: { a: 'f32', h: 'resource' },
    results: { r: 'a' },
    nodes: [node('add', 'AssignAddVariableOp', ['h', 'a'])],
  }
  const keep: FunctionSpec = { name: 'keep', args: { a: 'f32', h: 'resource' }, results: { r: 'a' }, nodes: [] }
  const f32 = attr.type('f32')
  const valuesAfter = async (condition: string) => {
    const nodes = [
      node('x', 'Placeholder'),
      variable('v'),
      node('chance', 'RandomUniform', ['x'], { dtype: f32 }),
      node('if', 'If', [condition, 'x', 'v'], { then_branch: attr.func('write'), else_branch: attr.func('keep') }),
      node('y', 'ReadVariableOp', ['v', '^if']),
    ]
    const port = (name: string) => ({ name, dims: [] })
    const signatures = { f: { inputs: { x: port('x:0') }, outputs: { y: port('y:0') } } }
    const { graphs } = importSavedModel(modelFolder({ nodes, functions: [write, keep], signatures }, { tensors: { v: floats([1], 1) } }))
    const input = { ...ndArray('f32', Float32Array.of(2), [1]) }
    return evaluateSource(graphs[0]!, [input], { evaluators: [kernelEvaluator(tensorflow)] })
  }
  const [lost] = await valuesAfter('chance')
  expect(lost).toEqual({ reason: 'RandomUniform "chance" is random' })
  const [known] = await valuesAfter('x')
  expect(isUnknown(known!) ? known : [...typedView('f32', known!.bytes)]).toEqual([3])
})
