import { stridesOf } from '../../core/shape.ts'
import { arrayOf, arrayOfWords, bigsOf, isBig, makeWords, numbersOf, operandAt, wordsOf } from '../arrays.kernel.ts'
import type { Kernel } from '../fold.ts'

export const where: Kernel = (context) => {
  const x = operandAt(context, 0)
  const values = isBig(x.dtype) ? bigsOf(x) : numbersOf(x)
  const strides = stridesOf(x.shape)
  const found: bigint[] = []
  for (let i = 0; i < values.length; i++) {
    if (values[i]) found.push(...x.shape.map((d, k) => BigInt(Math.floor(i / strides[k]!) % d)))
  }
  const rank = x.shape.length
  const count = rank === 0 ? (values[0] ? 1 : 0) : found.length / rank
  return [arrayOf('i64', [count, rank], BigInt64Array.from(found))]
}

export const unique: Kernel = (context) => {
  const x = operandAt(context, 0)
  const values = isBig(x.dtype) ? bigsOf(x) : numbersOf(x)
  const places = new Map<number | bigint, number>()
  const firsts: number[] = []
  const at = Array.from({ length: values.length }, (_, i) => {
    const known = places.get(values[i]!)
    if (known !== undefined) return known
    places.set(values[i]!, firsts.length)
    return firsts.push(i) - 1
  })
  const from = wordsOf(x)
  const to = makeWords(from, firsts.length)
  const w = from.perElement
  firsts.forEach((f, k) => {
    for (let b = 0; b < w; b++) to.data[k * w + b] = from.data[f * w + b]!
  })
  const { dtype } = context.results[1]!
  return [
    arrayOfWords(x.dtype, [firsts.length], to),
    arrayOf(dtype, x.shape, dtype === 'i64' ? BigInt64Array.from(at, BigInt) : Int32Array.from(at)),
  ]
}
