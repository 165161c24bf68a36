import { describe, expect, test } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { broadcastOf, type Dim, larger } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import type { Value } from '../ir/types.ts'
import { numbersOf } from './arrays.kernel.ts'
import { BodyTable } from './bodies.ts'
import { OpBuilder } from './build.ts'
import { constArray, foldedFrom } from './fold.ts'
import { op } from './index.ts'

function builder(): OpBuilder {
  return new OpBuilder(new GraphEditor('g'))
}

function numbers(value: Value): number[] {
  return [...numbersOf(constArray(value))]
}

test('an op on constants is a constant that keeps a name', () => {
  const b = builder()
  const sum = b.op(op.add, [b.f32([1, 2], [2], 'bias'), b.f32([3, 4], [2])], { fusedActivation: 'relu6' })
  expect(numbers(sum)).toEqual([4, 6])
  expect(sum.name).toBe('bias')
  expect([...b.graph.nodes()]).toEqual([])
})

test('batch normalization folds with f32 rounding at each step and a correctly rounded reciprocal root', () => {
  const b = builder()
  const variance = b.f32([0.1, 3], [2])
  const scale = b.op(op.mul, [b.f32([1.7, 0.3], [2]), b.op(op.rsqrt, [b.op(op.add, [variance, b.f32([0.001])])])])
  const { fround } = Math
  const wanted = [0.1, 3].map((v, i) => fround(fround([1.7, 0.3][i]!) * fround(1 / Math.sqrt(fround(fround(v) + fround(0.001))))))
  expect(numbers(scale)).toEqual(wanted)
})

test('large results are computed when they are read, each time', () => {
  const b = builder()
  let reads = 0
  const data = new Float32Array(5000).fill(2)
  const bytes = () => {
    reads++
    return bytesOf(data)
  }
  const x = b.graph.addConst('x', { dtype: 'f32', shape: [5000] }, { byteLength: 20_000, bytes })
  const y = b.op(op.neg, [x])
  expect(reads).toBe(0)
  expect(y.data?.byteLength).toBe(20_000)
  expect(numbers(y)[4999]).toBe(-2)
  expect(numbers(y)[0]).toBe(-2)
  expect(reads).toBe(2)
})

test.each([
  { limitBytes: undefined, elements: 16_384, folds: true },
  { limitBytes: undefined, elements: 16_400, folds: false },
  { limitBytes: 0, elements: 256, folds: true },
  { limitBytes: 0, elements: 257, folds: false },
  { limitBytes: 1 << 20, elements: 1 << 18, folds: true },
  { limitBytes: 1 << 20, elements: (1 << 18) + 5, folds: false },
])('a fold may add $limitBytes bytes: $elements elements from one', ({ limitBytes, elements, folds }) => {
  const b = new OpBuilder(new GraphEditor('g'), { foldLimitBytes: limitBytes })
  const filled = b.op(op.fill, [b.i32([elements]), b.f32([2])])
  expect(filled.data !== undefined).toBe(folds)
})

test('a body folds under the limit of the graph that calls it', () => {
  const b = new OpBuilder(new GraphEditor('g'), { foldLimitBytes: 0, bodies: new BodyTable(1) })
  const { graph } = b.body('body', [], (inner) => [inner.op(op.fill, [inner.i32([1000]), inner.f32([2])])])
  expect(graph.nodes.map((n) => n.op)).toEqual(['fill'])
})

test('a folded constant knows the constants and layers it was made from, through several folds', () => {
  const b = builder()
  const w = b.f32([1, 2], [2], 'w')
  const shape = b.i32([3, 2])
  const wide = b.at({ source: ['wide', 'its node'], rules: [] }, '', () => b.op(op.broadcastTo, [w, shape]))
  const sum = b.at({ source: ['sum'], rules: [] }, '', () => b.op(op.add, [wide, w]))
  const folded = foldedFrom(sum.data!)!
  expect(new Set(folded.from)).toEqual(new Set([w.data, shape.data]))
  expect([...folded.layers]).toEqual(['wide', 'sum'])
  expect(foldedFrom(w.data!)).toBeUndefined()
})

test('a constant made from very many is one of its own', () => {
  const b = builder()
  const many = Array.from({ length: 100 }, (_, i) => b.f32([i], [1]))
  expect(foldedFrom(b.op(op.concatenation, many, { axis: 0 }).data!)).toBeUndefined()
})

test.each([
  { shape: [700, 611], perm: [1, 0] },
  { shape: [1, 700, 3, 211], perm: [0, 3, 1, 2] },
  { shape: [3, 3, 130, 257], perm: [3, 0, 1, 2] },
  { shape: [2, 300_001], perm: [0, 1] },
  { shape: [3, 3, 640, 512], perm: [3, 0, 1, 2] },
  { shape: [613, 901], perm: [1, 0] },
])('a large transpose $shape to $perm in pieces is the same as at once', ({ shape, perm }) => {
  const b = builder()
  const elements = bytesOf(Int32Array.from({ length: shape.reduce((x, y) => x * y) }, (_, i) => i))
  // In memory, and as from a file, which is read into what the kernel works on.
  for (const bytes of [() => elements, (into?: Uint8Array) => copyInto(into, elements)]) {
    const x = b.graph.addConst('x', { dtype: 'i32', shape }, { byteLength: elements.byteLength, bytes })
    const { data } = b.op(op.transpose, [x, b.i32(perm)])
    // A piece is overwritten by the next.
    const pieces = Array.from(data!.pieces!(), (piece) => Buffer.from(piece))
    expect(pieces.length).toBeGreaterThan(1)
    expect(Buffer.compare(Buffer.concat(pieces), data!.bytes())).toBe(0)
  }
})

test.each([
  { shape: [700, 611], perm: [1, 0] },
  { shape: [3, 3, 130, 257], perm: [3, 0, 1, 2] },
])('the first elements of a large transpose $shape to $perm take the first bytes of its operand alone', ({ shape, perm }) => {
  const b = builder()
  const elements = bytesOf(Int32Array.from({ length: shape.reduce((x, y) => x * y) }, (_, i) => i))
  const asked: number[] = []
  const head = (n: number) => {
    asked.push(n)
    return elements.subarray(0, n)
  }
  const x = b.graph.addConst('x', { dtype: 'i32', shape }, { byteLength: elements.byteLength, bytes: () => elements, head })
  const { data } = b.op(op.transpose, [x, b.i32(perm)])
  expect(data!.head!(22)).toEqual(new Uint8Array(data!.bytes().slice(0, 20)))
  expect(asked.length).toBe(1)
  expect(asked[0]).toBeLessThan(elements.byteLength / 20)
})

function copyInto(into: Uint8Array | undefined, bytes: Uint8Array): Uint8Array {
  if (!into) return bytes
  into.set(bytes)
  return into.subarray(0, bytes.byteLength)
}

test('an op that keeps the bytes keeps the constant', () => {
  const b = builder()
  const x = b.f32([1, 2, 3, 4], [4])
  expect(b.op(op.reshape, [x, b.i32([2, 2])]).data).toBe(x.data)
})

test('a fold that would grow the file stays an op', () => {
  const b = builder()
  const filled = b.op(op.fill, [b.i32([1000, 1000]), b.f32([1])])
  expect(filled.data).toBeUndefined()
  expect(filled.type.shape).toEqual([1000, 1000])
  expect(b.op(op.fill, [b.i32([10, 10]), b.f32([1])]).data).toBeDefined()
})

test('quantized numbers are dequantized, but not moved or computed on without their scales', () => {
  const b = builder()
  const quant = { kind: 'per-tensor', scale: 0.5, zeroPoint: 1 } as const
  const q = b.graph.addConst('q', { dtype: 'i8', shape: [2, 1], quant }, constFromBytes(Uint8Array.of(3, 255)))
  expect(b.op(op.add, [q, q]).data).toBeUndefined()
  expect(b.op(op.transpose, [q, b.i32([1, 0])]).data).toBeUndefined()
  expect(numbers(b.op(op.dequantize, [q]))).toEqual([1, -1])
})

test('integer operands of a float kernel leave the op', () => {
  const b = builder()
  const x = b.graph.addConst('x', { dtype: 'i8', shape: [1, 2] }, constFromBytes(Uint8Array.of(1, 2)))
  expect(b.op(op.softmax, [x], { beta: 1 }).data).toBeUndefined()
})

test('random and stateful ops are not folded, nor what has no operands', () => {
  const b = builder()
  expect(b.op(op.randomUniform, [b.i32([2])]).data).toBeUndefined()
  expect(b.op(op.varHandle, [], { sharedName: 'v' }).data).toBeUndefined()
})

describe('symbolic sizes', () => {
  const shapeOf = (b: OpBuilder, shape: readonly Dim[]) => b.op(op.shape, [b.graph.addInput('x', { dtype: 'f32', shape })])

  test('pass through ops that move them', () => {
    const b = builder()
    const shape = shapeOf(b, ['N', 28, 'T', 3])
    expect(shape.dims).toEqual(['N', 28, 'T', 3])
    expect(b.op(op.gather, [shape, b.i32([2, 0])], { axis: 0 }).dims).toEqual(['T', 'N'])
    expect(b.op(op.concatenation, [shape, b.i32([7])], { axis: 0 }).dims).toEqual(['N', 28, 'T', 3, 7])
    expect(b.op(op.reverseV2, [shape, b.i32([0])]).dims).toEqual([3, 'T', 28, 'N'])
    expect(b.ops(op.unpack, [shape], { num: 4, axis: 0 }).map((v) => v.dims)).toEqual([['N'], [28], ['T'], [3]])
    expect(b.ops(op.split, [b.i32([0], []), shape], { numSplits: 2 }).map((v) => v.dims)).toEqual([
      ['N', 28],
      ['T', 3],
    ])
    expect(b.ops(op.splitV, [shape, b.i32([1, 3]), b.i32([0], [])], { numSplits: 2 }).map((v) => v.dims)).toEqual([['N'], [28, 'T', 3]])
    expect(b.op(op.tile, [b.op(op.slice, [shape, b.i32([0]), b.i32([1])]), b.i32([2])]).dims).toEqual(['N', 'N'])
  })

  test('are added, multiplied and divided where the result has a name', () => {
    const b = builder()
    const shape = shapeOf(b, ['N', 28])
    const [n, h] = b.ops(op.unpack, [shape], { num: 2, axis: 0 }) as [Value, Value]
    expect(b.op(op.mul, [n, h]).dims).toEqual(['28*N'])
    expect(numbers(b.op(op.sub, [h, b.i32([1], [])]))).toEqual([27])
    expect(numbers(b.op(op.sub, [n, n]))).toEqual([0])
    expect(b.op(op.floorDiv, [b.op(op.mul, [n, h]), b.i32([7], [])]).dims).toEqual(['4*N'])
    expect(b.op(op.floorDiv, [n, b.i32([2], [])]).dims).toBeUndefined()
    expect(b.op(op.reduceProd, [shape, b.i32([0])]).dims).toEqual(['28*N'])
    expect(numbers(b.op(op.rank, [b.graph.addInput('y', { dtype: 'f32', shape: ['N', 2, 2] })]))).toEqual([3])
    expect(b.op(op.broadcastArgs, [shape, b.i32([5, 1, 28])]).dims).toEqual([5, 'N', 28])
  })

  test('have a larger and a smaller one', () => {
    const b = builder()
    const [n, t, h] = b.ops(op.unpack, [shapeOf(b, ['N', 'T', 28])], { num: 3, axis: 0 }) as [Value, Value, Value]
    expect(b.op(op.maximum, [n, n]).dims).toEqual(['N'])
    expect(b.op(op.minimum, [n, n]).dims).toEqual(['N'])
    expect(numbers(b.op(op.maximum, [h, b.i32([7], [])]))).toEqual([28])
    expect(numbers(b.op(op.minimum, [h, b.i32([7], [])]))).toEqual([7])
    expect(b.op(op.maximum, [t, n]).dims).toEqual(['(max(N|T))'])
    expect(b.op(op.maximum, [n, h]).dims).toBeUndefined()
    expect(b.op(op.minimum, [n, t]).dims).toBeUndefined()
  })

  test('keep names of bounded length, equal for equal sizes', () => {
    const b = builder()
    const x = b.graph.addInput('x', { dtype: 'f32', shape: [1, 'H', 'H', 1] })
    let y = x
    for (let i = 0; i < 200; i++) y = b.op(op.maxPool2d, [y], { padding: 'valid', filter: [2, 2] })
    const [, height, width] = y.type.shape
    expect(String(height).length).toBeLessThan(1100)
    expect(height).toBe(width)
    const once = b.op(op.maxPool2d, [y], { padding: 'valid', filter: [2, 2] })
    expect(once.type.shape[1]).not.toBe(height)
  })

  test('of the larger of larger ones are taken apart again', () => {
    expect(broadcastOf(larger('(ceil((max(A|B))/2))', 'C'))).toEqual(['(ceil((max(A|B))/2))', 'C'])
  })

  test('of rows that do not show in a shape have a name', () => {
    const b = builder()
    const x = b.graph.addInput('x', { dtype: 'f32', shape: ['N', 'C'] })
    const rows = (weights: number) => b.op(op.fullyConnected, [x, b.f32(new Array(2 * weights).fill(0), [2, weights]), null]).type.shape
    expect(rows(4)).toEqual(['(C*N/4)', 2])
    expect(rows(1)).toEqual(['C*N', 2])
  })

  test('are compared where the answer is the same for all', () => {
    const b = builder()
    const [n, h, t] = b.ops(op.unpack, [shapeOf(b, ['N', 28, 'T'])], { num: 3, axis: 0 }) as [Value, Value, Value]
    const truth = (v: Value) => v.data && [...v.data.bytes()]
    for (const [spec, same] of [
      [op.equal, 1],
      [op.notEqual, 0],
      [op.less, 0],
      [op.lessEqual, 1],
      [op.greater, 0],
      [op.greaterEqual, 1],
    ] as const) {
      expect(truth(b.op(spec, [n, n])), spec.name).toEqual([same])
      expect(truth(b.op(spec, [n, t])), spec.name).toBeUndefined()
      expect(truth(b.op(spec, [n, h])), spec.name).toBeUndefined()
    }
    expect(truth(b.op(op.less, [shapeOf(b, [3, 'N']), shapeOf(b, [4, 'N'])]))).toEqual([1, 0])
  })

  test('name the shapes they make', () => {
    const b = builder()
    const shape = shapeOf(b, ['N', 28])
    const [n] = b.ops(op.unpack, [shape], { num: 2, axis: 0 }) as [Value, Value]
    expect(b.op(op.fill, [shape, b.f32([0])]).type.shape).toEqual(['N', 28])
    expect(b.op(op.range, [b.i32([0], []), n, b.i32([1], [])]).type.shape).toEqual(['N'])
    expect(b.op(op.broadcastTo, [b.f32([0]), shape]).type.shape).toEqual(['N', 28])
  })

  test('used as positions are not taken for elements', () => {
    const b = builder()
    const shape = shapeOf(b, ['N', 2])
    const [n] = b.ops(op.unpack, [shape], { num: 2, axis: 0 }) as [Value, Value]
    expect(b.op(op.gather, [b.i32([5, 6]), n], { axis: 0 }).dims).toBeUndefined()
  })

  test('that nobody knows have a name for each op and its operands', () => {
    const b = builder()
    const x = b.graph.addInput('x', { dtype: 'bool', shape: [9] })
    const y = b.graph.addInput('y', { dtype: 'bool', shape: [9] })
    const [p, q, r] = [b.op(op.where, [x]), b.op(op.where, [y]), b.op(op.where, [x])]
    expect(p.type.shape[0]).not.toEqual(q.type.shape[0])
    expect(p.type.shape).toEqual(r.type.shape)
  })
})
