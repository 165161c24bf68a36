import type { NdArray } from '../../core/nd-array.ts'
import { isScratch, pieceBytes, scratch } from '../../core/scratch.ts'
import { elementCount, stridesOf } from '../../core/shape.ts'
import { arrayOfWords, intsOf, makeWords, operandAt, type Words, wordsOf } from '../arrays.kernel.ts'
import type { Kernel, KernelContext, PieceKernel, PlaceKernel } from '../fold.ts'
import { copyBlock } from './copy.kernel.ts'

interface Permuted {
  readonly x: NdArray
  readonly from: Words
  /** Shape of the result, and for each of its axes the step in `x`. */
  readonly shape: readonly number[]
  readonly strides: readonly number[]
}

function permuted(context: KernelContext): Permuted {
  return along(operandAt(context, 0), Array.from(intsOf(operandAt(context, 1))))
}

function along(x: NdArray, perm: readonly number[]): Permuted {
  const strides = stridesOf(x.shape)
  return { x, from: wordsOf(x), shape: perm.map((p) => x.shape[p]!), strides: perm.map((p) => strides[p]!) }
}

export const transpose: Kernel = (context) => [transposed(permuted(context))]

/** An array with its axes in another order. */
export const permutedArray = (x: NdArray, perm: readonly number[]): NdArray => transposed(along(x, perm))

function transposed({ x, from, shape, strides }: Permuted): NdArray {
  const to = makeWords(from, elementCount(shape)!)
  copyBlock(shape, { words: from, start: 0, strides }, { words: to, start: 0, strides: stridesOf(shape) })
  return arrayOfWords(x.dtype, shape, to)
}

export const transposePlaces: PlaceKernel = (context, count) => {
  const { shape: operand } = operandAt(context, 0)
  const perm = Array.from(intsOf(operandAt(context, 1)))
  const shape = perm.map((p) => operand[p]!)
  const steps = stridesOf(operand)
  const strides = stridesOf(shape)
  return Array.from({ length: Math.min(count, elementCount(shape)!) }, (_, i) =>
    perm.reduce((place, p, axis) => place + (Math.floor(i / strides[axis]!) % shape[axis]!) * steps[p]!, 0),
  )
}

const lineRows = 64
const mostBytes = 1 << 24

/** Some rows of the first axis that has more than one at a time. */
export const transposePieces: PieceKernel = function* (context) {
  const { from, shape, strides } = permuted(context)
  const axis = shape.findIndex((d) => d > 1)
  const rows = axis < 0 ? 1 : shape[axis]!
  const rowShape = shape.map((d, i) => (i === axis ? 1 : d))
  const rowWords = elementCount(rowShape)! * from.perElement
  const rowBytes = rowWords * from.data.BYTES_PER_ELEMENT
  // Beyond all caches some cache lines of each place are taken at once.
  const isFar = !isScratch(from.data) && from.data.byteLength > mostBytes
  const room = isFar ? Math.min(mostBytes, Math.max(pieceBytes, lineRows * rowBytes)) : pieceBytes
  const most = Math.floor(room / rowBytes)
  // Of rows that are a multiple of 4 none is moved word by word.
  const step = Math.max(1, most - (most < 4 ? 0 : most % 4))
  for (let row = 0; row < rows; row += step) {
    const count = Math.min(step, rows - row)
    const bytes = scratch('piece', count * rowBytes)
    const data = new (from.data.constructor as Int32ArrayConstructor)(bytes.buffer, bytes.byteOffset, count * rowWords)
    const pieceShape = rowShape.map((d, i) => (i === axis ? count : d))
    const start = axis < 0 ? 0 : row * strides[axis]!
    copyBlock(
      pieceShape,
      { words: from, start, strides },
      { words: { data, perElement: from.perElement }, start: 0, strides: stridesOf(pieceShape) },
    )
    yield bytes
  }
}
