import { describe, expect, test } from 'vitest'
import { type ByteSource, constFromSource, memorySource } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { GraphEditor } from '../ir/graph.ts'
import { scaledAlong } from './constants.ts'
import { RewriteBuilder } from './rewrite-builder.ts'

/** Bytes as of a file: copied into the memory that is given, on which the kernel works. */
const filed = (bytes: Uint8Array): ByteSource => ({
  ...memorySource('weights', bytes),
  read(offset, length, into = new Uint8Array(length)) {
    into.set(bytes.subarray(offset, offset + length))
    return into.subarray(0, length)
  },
})

describe.each([
  ['in memory', (bytes: Uint8Array) => memorySource('weights', bytes)],
  ['in a file', filed],
])('weights %s', (_, source) =>
  test.each([
    { shape: [7, 3, 50_021], axis: 0, how: 'mul' },
    { shape: [7, 3, 50_021], axis: 1, how: 'div' },
    { shape: [1, 300_007, 3], axis: 2, how: 'mul' },
  ] as const)('$shape scaled ($how) along axis $axis are the same in pieces as at once', ({ shape, axis, how }) => {
    const b = new RewriteBuilder(new GraphEditor('g'))
    const elements = Float32Array.from({ length: shape.reduce<number>((x, y) => x * y, 1) }, (_, i) => Math.sin(i))
    const data = constFromSource(source(bytesOf(elements)), 0, elements.byteLength)
    const weights = b.graph.addConst('w', { dtype: 'f32', shape }, data)
    const factors = Float32Array.from({ length: shape[axis]! }, (_, i) => 1 + i / 8)
    const scaled = scaledAlong(b, weights, axis, factors, how).data!
    const whole = new Float32Array(scaled.bytes().slice().buffer)
    // A piece is overwritten by the next.
    const pieces = Array.from(scaled.pieces!(), (piece) => Buffer.from(piece))
    expect(pieces.length).toBeGreaterThan(1)
    expect(Buffer.compare(Buffer.concat(pieces), Buffer.from(whole.buffer))).toBe(0)
    expect(Buffer.compare(scaled.head!(64), Buffer.from(whole.buffer, 0, 64))).toBe(0)
    const inner = shape.slice(axis + 1).reduce<number>((x, y) => x * y, 1)
    const at = elements.length - 1
    const factor = factors[Math.floor(at / inner) % shape[axis]!]!
    expect(whole[at]).toBe(Math.fround(how === 'mul' ? elements[at]! * factor : elements[at]! / factor))
  }),
)
