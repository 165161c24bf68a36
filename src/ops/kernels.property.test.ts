import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { byteLengthOf, type DType } from '../core/dtype.ts'
import { elementCount, stridesOf } from '../core/shape.ts'
import { GraphEditor } from '../ir/graph.ts'
import { noOrigin, type Value } from '../ir/types.ts'
import { arrayOf, numbersOf } from './arrays.kernel.ts'
import { OpBuilder, withDefaults } from './build.ts'
import { constArray, evaluate, foldConstants } from './fold.ts'
import { allSpecs, findSpec, op } from './index.ts'
import { whyNoKernel } from './kernels.ts'
import { copyBlock } from './shape/copy.kernel.ts'
import { viewNode } from './view.ts'

const seed = 20_240_607
const runs = { seed, numRuns: 60 }

/** Shapes of at most 4 dims, sizes 1 to 5. */
const shapes = fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1, maxLength: 4 })
const moved: readonly DType[] = ['f32', 'f16', 'i4', 'i8', 'u16', 'i32', 'i64', 'bool']

/** A constant whose elements are all different where the type has room for that. */
function sample(b: OpBuilder, shape: readonly number[], dtype: DType = 'f32'): Value {
  const count = elementCount(shape)!
  if (dtype === 'f32')
    return b.f32(
      Array.from({ length: count }, (_, i) => i + 0.5),
      shape,
    )
  const bytes = Uint8Array.from({ length: byteLengthOf(dtype, count) }, (_, i) => (dtype === 'bool' ? i % 2 : (i * 37) % 251))
  if (dtype === 'i4' && count % 2 === 1) bytes[bytes.length - 1]! &= 15
  return b.const('x', dtype, shape, constFromBytes(bytes))
}

function builder(): OpBuilder {
  return new OpBuilder(new GraphEditor('g'))
}

function sameValue(a: Value, b: Value): void {
  expect([a.type.dtype, ...a.type.shape]).toEqual([b.type.dtype, ...b.type.shape])
  expect(Buffer.from(a.data!.bytes()).equals(Buffer.from(b.data!.bytes()))).toBe(true)
}

/** A shape with an axis of it, counted from either end, and an element type. */
const placed = shapes.chain((shape) =>
  fc.record({
    shape: fc.constant(shape),
    axis: fc.integer({ min: -shape.length, max: shape.length - 1 }),
    dtype: fc.constantFrom(...moved),
  }),
)

describe('moves', () => {
  test('a transpose and its inverse give the operand', () => {
    const permuted = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        perm: fc.shuffledSubarray([...shape.keys()], { minLength: shape.length }),
        dtype: fc.constantFrom(...moved),
      }),
    )
    fc.assert(
      fc.property(permuted, ({ shape, perm, dtype }) => {
        const b = builder()
        const x = sample(b, shape, dtype)
        const inverse = perm.map((_, i) => perm.indexOf(i))
        sameValue(b.op(op.transpose, [b.op(op.transpose, [x, b.i32(perm)]), b.i32(inverse)]), x)
      }),
      runs,
    )
  })

  test('parts put together give the whole', () => {
    fc.assert(
      fc.property(placed, fc.integer({ min: 0, max: 5 }), ({ shape, axis, dtype }, cut) => {
        const b = builder()
        const x = sample(b, shape, dtype)
        const at = axis < 0 ? axis + shape.length : axis
        const first = Math.min(cut, shape[at]!)
        const begin = shape.map(() => 0)
        const head = b.op(op.slice, [x, b.i32(begin), b.i32(shape.map((_, i) => (i === at ? first : -1)))])
        const rest = b.op(op.stridedSlice, [x, b.i32(begin.map((_, i) => (i === at ? first : 0))), b.i32(shape), b.i32(shape.map(() => 1))])
        sameValue(b.op(op.concatenation, [head, rest], { axis }), x)
        if (!['f16', 'i4', 'u16', 'i64'].includes(dtype)) {
          const slices = b.ops(op.unpack, [x], { num: shape[at]!, axis })
          sameValue(b.op(op.pack, slices, { valuesCount: slices.length, axis: at }), x)
        }
        if (dtype === 'f32') {
          const sizes = b.i32([first, -1])
          const parts = b.ops(op.splitV, [x, sizes, b.i32([axis], [])], { numSplits: 2 })
          sameValue(b.op(op.concatenation, parts, { axis }), x)
        }
      }),
      runs,
    )
  })

  test('what is undone leaves the operand: reverse, pad and slice, blocks, gather of all, tile once', () => {
    fc.assert(
      fc.property(placed, fc.integer({ min: 0, max: 3 }), ({ shape, axis, dtype }, width) => {
        const b = builder()
        const x = sample(b, shape, dtype)
        const at = axis < 0 ? axis + shape.length : axis
        if (!['i4', 'u16'].includes(dtype)) {
          const reversed = b.op(op.reverseV2, [x, b.i32([axis])])
          sameValue(b.op(op.reverseV2, [reversed, b.i32([at])]), x)
          sameValue(
            b.op(op.stridedSlice, [reversed, b.i32(shape.map(() => 0)), b.i32(shape), b.i32(shape.map((_, i) => (i === at ? -1 : 1)))], {
              beginMask: 1 << at,
              endMask: 1 << at,
            }),
            x,
          )
          sameValue(b.op(op.tile, [x, b.i32(shape.map(() => 1))]), x)
        }
        sameValue(b.op(op.gather, [x, b.i32([...Array(shape[at]).keys()])], { axis: at }), x)
        if (!['f16', 'i4', 'u16'].includes(dtype)) {
          const padded = b.op(op.pad, [
            x,
            b.i32(
              shape.flatMap((_, i) => (i === at ? [width, 1] : [0, width])),
              [shape.length, 2],
            ),
          ])
          sameValue(b.op(op.slice, [padded, b.i32(shape.map((_, i) => (i === at ? width : 0))), b.i32(shape)]), x)
        }
      }),
      runs,
    )
    const b = builder()
    for (const dtype of ['f32', 'i8', 'i64'] as const) {
      const x = sample(b, [4, 4, 6, 8], dtype)
      sameValue(b.op(op.depthToSpace, [b.op(op.spaceToDepth, [x], { blockSize: 2 })], { blockSize: 2 }), x)
      const none = b.i32([0, 0, 0, 0], [2, 2])
      const block = b.i32([2, 3])
      sameValue(b.op(op.batchToSpaceNd, [b.op(op.spaceToBatchNd, [x, block, none]), block, none]), x)
    }
  })

  test('a strided copy is the copy of each element', () => {
    const strided = fc.array(fc.record({ size: fc.integer({ min: 0, max: 40 }), step: fc.integer({ min: -3, max: 50 }) }), {
      minLength: 1,
      maxLength: 3,
    })
    fc.assert(
      fc.property(strided, fc.constantFrom(1, 2), (axes, perElement) => {
        const shape = axes.map((a) => a.size)
        const count = elementCount(shape)!
        const start = axes.reduce((n, a) => n + (a.step < 0 ? -a.step * Math.max(a.size - 1, 0) : 0), 0)
        const reach = axes.reduce((n, a) => n + Math.abs(a.step) * Math.max(a.size - 1, 0), 1)
        const src = Int32Array.from({ length: reach * perElement }, (_, i) => i + 1)
        const dst = new Int32Array(count * perElement)
        const steps = axes.map((a) => a.step)
        copyBlock(
          shape,
          { words: { data: src, perElement }, start, strides: steps },
          { words: { data: dst, perElement }, start: 0, strides: stridesOf(shape) },
        )
        const wanted = new Int32Array(count * perElement)
        const places = stridesOf(shape)
        for (let i = 0; i < count; i++) {
          const at = shape.reduce((n, d, k) => n + (Math.floor(i / places[k]!) % d) * steps[k]!, start)
          for (let w = 0; w < perElement; w++) wanted[i * perElement + w] = src[at * perElement + w]!
        }
        expect(dst).toEqual(wanted)
      }),
      runs,
    )
  })
})

describe('arithmetic', () => {
  test('broadcasting is the arithmetic of each pair', () => {
    const pairs = shapes.chain((shape) =>
      fc.record({
        shape: fc.constant(shape),
        x: fc.array(fc.boolean(), { minLength: shape.length, maxLength: shape.length }),
        drop: fc.integer({ min: 0, max: shape.length }),
      }),
    )
    fc.assert(
      fc.property(pairs, ({ shape, x, drop }) => {
        const b = builder()
        const xShape = shape.map((d, i) => (x[i] ? d : 1))
        const yShape = shape.map((d, i) => (x[i] && i % 2 ? 1 : d)).slice(drop)
        const [p, q] = [sample(b, xShape), sample(b, yShape)]
        const z = b.op(op.sub, [p, q])
        const out = z.type.shape as number[]
        const at = (sizes: readonly number[], i: number) => {
          const places = stridesOf(out)
          const own = stridesOf(sizes)
          return sizes.reduce((n, d, k) => n + (d === 1 ? 0 : Math.floor(i / places[out.length - sizes.length + k]!) % d) * own[k]!, 0)
        }
        const [u, v] = [p, q].map((w) => numbersOf(constArray(w)))
        const wanted = Array.from({ length: elementCount(out)! }, (_, i) => u![at(xShape, i)]! - v![at(yShape, i)]!)
        expect([...numbersOf(constArray(z))]).toEqual(wanted)
      }),
      runs,
    )
  })

  test('a sum is kept by any order of its axes', () => {
    fc.assert(
      fc.property(shapes, (shape) => {
        const b = builder()
        const x = sample(b, shape)
        const axes = [...shape.keys()]
        const inSteps = axes.reduceRight((v, a) => b.op(op.sum, [v, b.i32([a])]), x)
        expect(numbersOf(constArray(inSteps))).toEqual(numbersOf(constArray(b.op(op.sum, [x, b.i32(axes)]))))
        const n = elementCount(shape)!
        expect(numbersOf(constArray(b.op(op.sum, [x, b.i32(axes)], { keepDims: true })))[0]).toBe((n * n) / 2)
      }),
      runs,
    )
  })

  test('a number quantized and dequantized is within half a step', () => {
    const ranges = fc.record({
      scale: fc.float({ min: Math.fround(1e-3), max: 10, noNaN: true }),
      zeroPoint: fc.integer({ min: -128, max: 127 }),
      part: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    fc.assert(
      fc.property(ranges, ({ scale, zeroPoint, part }) => {
        const quant = { kind: 'per-tensor', scale, zeroPoint } as const
        const real = Math.fround(scale * (-128 - zeroPoint + 255 * part))
        const x = arrayOf('f32', [1], Float32Array.of(real))
        const types = [{ dtype: 'i8', shape: [1], quant }] as const
        const value = (type: Value['type'], bytes: Uint8Array): Value => ({ id: 0, name: '', type, data: constFromBytes(bytes) })
        const [q] = evaluate(findSpec('quantize')!, { to: 'i8' }, [value({ dtype: 'f32', shape: [1] }, x.bytes)], types)!
        const [back] = evaluate(findSpec('dequantize')!, {}, [value(types[0], q!.bytes)], [{ dtype: 'f32', shape: [1] }])!
        // Half a step, and the rounding of three f32 operations on numbers of up to 255 steps.
        expect(Math.abs(numbersOf(back!)[0]! - real)).toBeLessThanOrEqual(scale * (0.5 + 3 * 255 * 2 ** -24))
      }),
      runs,
    )
  })

  test('half precision survives the way to f32 and back', () => {
    const b = builder()
    const all = Uint16Array.from({ length: 0x10000 }, (_, i) => i).filter((h) => (h & 0x7c00) !== 0x7c00 || (h & 0x3ff) === 0)
    const halves = b.const('h', 'f16', [all.length], constFromBytes(new Uint8Array(all.buffer)))
    const wide = b.op(op.cast, [halves], { to: 'f32' })
    sameValue(b.op(op.cast, [wide], { to: 'f16' }), halves)
  })
})

test('a kernel takes every element type that its record takes, or leaves the op', () => {
  for (const spec of allSpecs()) {
    if (spec.operands.length === 0 || whyNoKernel(spec.name as never) !== undefined) continue
    for (const dtype of spec.operands[0]!.dtypes) {
      const b = builder()
      if (dtype === 'string' || dtype === 'c64') continue
      const vector = sample(b, [2, 2], dtype)
      const inputs = spec.operands.map((o) => (o.optional ? null : o.dtypes.includes(dtype) ? vector : b.i32([0, 1])))
      const attrs = withDefaults(spec, {})
      let types: ReturnType<typeof spec.infer>
      try {
        types = spec.infer(viewNode(spec, attrs, inputs, noOrigin) as never)
      } catch {
        continue
      }
      foldConstants(spec, attrs, inputs, types, { limitBytes: 0, origin: noOrigin })?.forEach((data, i) => {
        const wanted = byteLengthOf(types[i]!.dtype, elementCount(types[i]!.shape)!)
        expect(data.bytes().byteLength, `${spec.name} of ${dtype}`).toBe(wanted)
      })
    }
  }
})
