import { expect, test } from 'vitest'
import { callPath, layerPath } from './layer-name.ts'

test.each([
  ['', 'StatefulPartitionedCall', ''],
  ['', 'model/dense/StatefulPartitionedCall_3', 'model/dense'],
  ['model', 'dense/PartitionedCall', 'model/dense'],
  ['model', 'model/dense/PartitionedCall', 'model/dense'],
  ['model', 'StatefulPartitionedCall', 'model'],
  ['', 'block/StatefulPartitionedCall/inner', 'block/inner'],
])('a call below %j named %j leads to %j', (prefix, name, path) => {
  expect(callPath(prefix, name)).toBe(path)
})

test.each([
  ['', 'dense/MatMul', 'dense/MatMul'],
  ['dense', 'MatMul', 'dense/MatMul'],
  ['model', 'model/dense/MatMul', 'model/dense/MatMul'],
  ['model', 'model_1/MatMul', 'model/model_1/MatMul'],
  ['', 'StatefulPartitionedCall', 'StatefulPartitionedCall'],
  ['', '__inference_f_12/Relu', 'Relu'],
])('a node below %j named %j is %j', (prefix, name, path) => {
  expect(layerPath(prefix, name)).toBe(path)
})
