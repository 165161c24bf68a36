import { describe, expect, it } from 'vitest'
import { builtinOperator } from '../schema/tflite/builtin-operator.ts'
import { activationMemory } from './live-ranges.ts'
import { formatAmount, formatBytes, formatCount, formatQuantization, formatRange, formatReal, printable } from './notation.ts'
import { familyOfOp } from './op-family.ts'
import { layerOfNames } from './source-layer.ts'
import type { QuantizationInfo } from './types.ts'
import { ownRange, preprocessedRange, resultRange } from './value-range.ts'

const perTensor = (scale: number, zeroPoint: number): QuantizationInfo => ({
  granularity: 'per-tensor',
  axis: null,
  scales: [scale],
  zeroPoints: [zeroPoint],
  blockSize: null,
  scalesTensor: null,
  min: [],
  max: [],
})

describe('layerOfNames', () => {
  it.each([
    ['sequential/dense/MatMul;sequential/dense/Relu;sequential/dense/BiasAdd', 'sequential/dense'],
    ['mobilenet/re_lu/Relu6;mobilenet/batch_normalization/FusedBatchNormV3;mobilenet/conv2d/Conv2D1', 'mobilenet/conv2d'],
    ['StatefulPartitionedCall/StatefulPartitionedCall_1/head/logits/BiasAdd/ReadVariableOp', 'head/logits'],
    ['a/MatMul:0', 'a'],
    ['StatefulPartitionedCall:0', undefined],
    ['tfl.quantize', undefined],
    ['arith.constant3', undefined],
    ['', undefined],
    [';;/', undefined],
  ])('%s', (name, layer) => expect(layerOfNames([name])).toBe(layer))
  it('takes the layer of the weights when the result bears another', () => {
    expect(layerOfNames(['net/block_bn/FusedBatchNormV3', 'net/block_conv/Conv2D/ReadVariableOp', 'net/block_bn/offset'])).toBe(
      'net/block_conv',
    )
    expect(layerOfNames(['StatefulPartitionedCall:0', 'net/head/BiasAdd'])).toBe('net/head')
  })
})

describe('activationMemory', () => {
  const tensor = { sizeBytes: 10, isInput: false, isOutput: false, isVariable: false, producer: null, consumers: [] }
  it('frees a result after its last reader', () => {
    const chain = [
      { ...tensor, isInput: true, consumers: [0] },
      { ...tensor, producer: 0, consumers: [1], sizeBytes: 100 },
      { ...tensor, producer: 1, consumers: [2], sizeBytes: 50 },
      { ...tensor, producer: 2, isOutput: true },
    ]
    expect(activationMemory(chain, 3)).toEqual({ peakBytes: 150, peakOperator: 1, totalBytes: 170 })
  })
  it('keeps what is read later, outputs and variables', () => {
    const live = [
      { ...tensor, isInput: true, consumers: [0, 2] },
      { ...tensor, producer: 0, isOutput: true, consumers: [1] },
      { ...tensor, isVariable: true, consumers: [1] },
      { ...tensor, producer: 2, isOutput: true },
    ]
    expect(activationMemory(live, 3)).toEqual({ peakBytes: 40, peakOperator: 2, totalBytes: 40 })
  })
  it('has no peak without operators', () => expect(activationMemory([{ ...tensor, isInput: true }], 0).peakOperator).toBeNull())
})

describe('value ranges', () => {
  it('follow from quantization, storage and type', () => {
    expect(ownRange({ dtype: 'uint8', quantization: perTensor(0.5, 128) })).toEqual({ min: -64, max: 63.5, source: 'quantization' })
    expect(ownRange({ dtype: 'int32', quantization: perTensor(0.5, 0) })).toBeNull()
    expect(ownRange({ dtype: 'float32', quantization: { ...perTensor(1, 0), min: [0], max: [255] } })).toEqual({
      min: 0,
      max: 255,
      source: 'file',
    })
    expect(ownRange({ dtype: 'bool', quantization: null })).toEqual({ min: 0, max: 1, source: 'dtype' })
    expect(ownRange({ dtype: 'float32', quantization: null })).toBeNull()
  })
  it('follow from ops and fused activations', () => {
    const unit = { min: 0, max: 1, source: 'SOFTMAX' }
    const wide = { min: -2, max: null, source: 'ELU' }
    expect(resultRange('TANH', {}, [null])).toMatchObject({ min: -1, max: 1 })
    expect(resultRange('CONV_2D', { fusedActivationFunction: 'RELU6' }, [null])).toEqual({ min: 0, max: 6, source: 'RELU6' })
    expect(resultRange('CONV_2D', { fusedActivationFunction: 'NONE' }, [unit])).toBeNull()
    expect(resultRange('RESHAPE', {}, [unit, null])).toEqual(unit)
    expect(resultRange('CONCATENATION', {}, [unit, wide])).toEqual({ min: -2, max: null, source: 'SOFTMAX' })
    expect(resultRange('CONCATENATION', {}, [unit, null])).toBeNull()
  })
  it('follow from preprocessing, the widest channel counting', () => {
    expect(preprocessedRange({ mean: 127.5, std: 127.5 })).toEqual({ min: -1, max: 1, source: 'preprocess' })
    expect(preprocessedRange({ mean: [0, 255], std: [255, 1] })).toEqual({ min: -255, max: 1, source: 'preprocess' })
  })
})

describe('notation', () => {
  it('writes numbers alike in every locale', () => {
    expect([0, 999, 1000, 86096, 1234567].map(formatCount)).toEqual(['0', '999', '1,000', '86,096', '1,234,567'])
    expect([0, 1023, 1024, 86096, 2 ** 20, 2 ** 20 - 1, 5e12].map(formatBytes)).toEqual([
      '0 B',
      '1023 B',
      '1.00 KiB',
      '84.1 KiB',
      '1.00 MiB',
      '1.00 MiB',
      '4657 GiB',
    ])
    expect([7, 79400, 999_999, 3.8e9].map(formatAmount)).toEqual(['7', '79.4K', '1.00M', '3.80G'])
    expect([0, 1 / 255, 9.47642e-6, -1.5].map(formatReal)).toEqual(['0', '0.00392157', '9.47642e-6', '-1.5'])
  })
  it('writes ranges and quantization', () => {
    expect(formatRange({ min: 0, max: null, source: 'RELU' })).toBe('at least 0')
    expect(formatRange({ min: null, max: 0, source: 'LOG_SOFTMAX' })).toBe('at most 0')
    expect(formatQuantization(perTensor(0.5, -128))).toBe('0.5 × (q + 128)')
    expect(formatQuantization({ ...perTensor(0, 0), granularity: 'per-axis', axis: 3, scales: [1, 2], zeroPoints: [0, 0] })).toBe(
      'per axis 3, 2 scales 1 to 2',
    )
    expect(formatQuantization({ ...perTensor(0, 0), granularity: 'blockwise', blockSize: 32, scalesTensor: 4 })).toBe(
      'blockwise, blocks of 32, scales in tensor 4',
    )
  })
  it('disarms control characters and shortens in the middle', () => {
    expect(printable('a\u001b[31mb\u202e')).toBe('a\\u001b[31mb\\u202e')
    expect(printable('abcdefghij', 5)).toBe('ab…ij')
  })
})

it('gives most builtins a family', () => {
  const others = Object.keys(builtinOperator.codes).filter((op) => familyOfOp(op, false) === 'other' && !op.startsWith('STABLEHLO'))
  expect(others.length).toBeLessThan(40)
  expect(familyOfOp('CONV_2D', false)).toBe('convolution')
  expect(familyOfOp('CONV_2D', true)).toBe('custom')
})
