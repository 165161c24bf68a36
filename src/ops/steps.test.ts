import { expect, it } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { bytesOf, typedView } from '../core/dtype.ts'
import { GraphEditor } from '../ir/graph.ts'
import { OpBuilder } from './build.ts'
import { op } from './index.ts'
import { stateSteps, stepsOf } from './steps.ts'

const b = new OpBuilder(new GraphEditor('g'))
const f32 = (shape: number[], ...values: number[]) => b.const('', 'f32', shape, constFromBytes(bytesOf(Float32Array.from(values))))
const onGrid = (zeroPoint = 128) => {
  const weights = f32([2, 2], 2, -4, 0.5, 1)
  stateSteps(weights.data!, { of: f32([2, 2], 1, 1, 0.5, 0.5).data!, zeroPoint })
  return weights
}
const stepsIn = (data: Parameters<typeof stepsOf>[0] | undefined) => {
  const steps = data && stepsOf(data)
  return steps && [...typedView('f32', steps.of.bytes())]
}

it('go with elements that are moved', () => expect(stepsIn(b.op(op.transpose, [onGrid(), b.i32([1, 0])]).data)).toEqual([1, 0.5, 1, 0.5]))
it('stay where only the shape changes', () => expect(stepsIn(b.op(op.reshape, [onGrid(), b.i32([4])]).data)).toEqual([1, 1, 0.5, 0.5]))
it('are multiplied with the elements, without a sign', () =>
  expect(stepsIn(b.op(op.mul, [onGrid(), f32([2], 3, -2)]).data)).toEqual([3, 2, 1.5, 1]))
it('also from the right', () => expect(stepsIn(b.op(op.mul, [f32([2], 3, -2), onGrid()]).data)).toEqual([3, 2, 1.5, 1]))
it('end where elements are added to', () => expect(stepsIn(b.op(op.add, [onGrid(), f32([], 1)]).data)).toBeUndefined())
it('around another number than 0 go with elements that are moved, not with ones that are multiplied', () => {
  const moved = b.op(op.transpose, [onGrid(3), b.i32([1, 0])]).data!
  expect(stepsOf(moved)?.zeroPoint).toBe(3)
  expect(stepsIn(b.op(op.mul, [onGrid(3), f32([], 2)]).data)).toBeUndefined()
})
