import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf, typedView } from '../../core/dtype.ts'
import { elementCount } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { castTo } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { type Counter, type Key, normals, scrambled, truncatedNormals, uniform, words } from './philox.ts'

/*
 * Numbers that a seed tells: with a constant seed they are constants. LiteRT's own generator does not take a seed at run time.
 */

/** More random constants than a model has. */
const maxNumbers = 1 << 22

/** 64-bit integers of a constant operand as words, the lowest first. */
function wordsOf(n: SourceOp, i: number): number[] {
  const { data, type } = n.in(i)
  if (!data || (type.dtype !== 'i32' && type.dtype !== 'i64' && type.dtype !== 'u64'))
    return n.reject(
      'its seed is made at run time, so that it draws other numbers in each run',
      'Where a layer for training alone made it, convert the .keras file or export the model with training=False; else draw the numbers in the app and pass them as an input.',
    )
  return Array.from(typedView(type.dtype, data.bytes()) as Iterable<number | bigint>).flatMap((v) => {
    const wide = BigInt.asUintN(64, BigInt(v))
    return [Number(wide & 0xffffffffn), Number(wide >> 32n)]
  })
}

const seedOf = (n: SourceOp, i: number) => scrambled(wordsOf(n, i) as unknown as Counter)

function wide(b: OpBuilder, parts: readonly number[]): Value {
  const values = Array.from({ length: parts.length / 2 }, (_, i) => BigInt(parts[2 * i]!) | (BigInt(parts[2 * i + 1]!) << 32n))
  return b.const('', 'u64', [values.length], constFromBytes(bytesOf(BigUint64Array.from(values))))
}

/** Key and counter for the ops of the second version. */
function keyCounter(n: SourceOp, b: OpBuilder): readonly Value[] {
  const { key, counter } = seedOf(n, 0)
  return [wide(b, key), wide(b, counter)]
}

/** The generator has the number 1. */
const algorithm = (_: SourceOp, b: OpBuilder): Value => b.i32([1], [])

interface Draw {
  readonly shape: readonly number[]
  readonly count: number
  readonly key: Key
  readonly counter: Counter
}

/** What is to be drawn: of a seed, or of key and counter. */
function drawOf(n: SourceOp): Draw {
  const shape = n.ints(0, 'the shape of what it draws')
  const count = elementCount(shape) ?? 0
  if (count > maxNumbers) return n.reject(`${count} random constants are more than ${maxNumbers}`)
  const isSecond = n.node.op.endsWith('V2')
  const seed = isSecond ? { key: wordsOf(n, 1) as unknown as Key, counter: wordsOf(n, 2) as unknown as Counter } : seedOf(n, 1)
  return { shape, count, ...seed }
}

function floats(of: (draw: Draw) => number[]) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const draw = drawOf(n)
    const { shape, count } = draw
    const numbers = of(draw).slice(0, count)
    return castTo(b, b.f32(numbers.map(Math.fround), shape), n.type('dtype', 'f32'))
  }
}

const wholes = (b: OpBuilder, shape: readonly number[], values: readonly bigint[]): Value =>
  b.const('', 'i64', shape, constFromBytes(bytesOf(BigInt64Array.from(values))))

/** Words as integers of 32 bits, or pairs of them as integers of 64: what `of` makes of each. */
function integers(of: (n: SourceOp) => (word: bigint) => bigint) {
  return (n: SourceOp, b: OpBuilder): Value => {
    const to = n.type('dtype', 'i32')
    if (to !== 'i32' && to !== 'i64') return n.reject(`random integers of ${to} are not supported`, 'Draw int32.')
    const value = of(n)
    const perNumber = to === 'i64' ? 2 : 1
    const { shape, count, counter, key } = drawOf(n)
    const drawn = words(count * perNumber, counter, key)
    const numbers = Array.from({ length: count }, (_, i) =>
      value(BigInt(drawn[perNumber * i]!) | (to === 'i64' ? BigInt(drawn[2 * i + 1]!) << 32n : 0n)),
    )
    return castTo(
      b,
      wholes(
        b,
        shape,
        numbers.map((v) => BigInt.asIntN(32 * perNumber, v)),
      ),
      to,
    )
  }
}

/** low + word mod (high - low) */
const between = integers((n) => {
  const at = n.node.op.endsWith('V2') ? 4 : 2
  const [low, high] = [n.ints(at, 'the lower bound')[0]!, n.ints(at + 1, 'the upper bound')[0]!]
  if (!(high > low)) return n.reject(`the bounds ${low} and ${high} leave no integers`)
  return (word) => BigInt(low) + (word % BigInt(high - low))
})

const anyInteger = integers(() => (word) => word)

const uniforms = floats(({ count, counter, key }) => Array.from(words(count, counter, key), uniform))
const normal = floats(({ count, counter, key }) => {
  const drawn = words(count, counter, key)
  return Array.from({ length: drawn.length / 2 }, (_, i) => normals(drawn[2 * i]!, drawn[2 * i + 1]!)).flat()
})
const truncated = floats(({ count, counter, key }) => truncatedNormals(count, counter, key))

/** Rows in the order that the words tell: each place takes one of the rows from it on. @see Fisher and Yates, 1938 */
function shuffle(n: SourceOp, b: OpBuilder): Value {
  const [count] = n.in(0).type.shape
  if (typeof count !== 'number') return n.reject('how many rows it shuffles must be known', 'State the shape with --shape.')
  if (count > maxNumbers) return n.reject(`${count} rows are more than ${maxNumbers}`)
  const drawn = words(count, wordsOf(n, 2) as unknown as Counter, wordsOf(n, 1) as unknown as Key)
  const order = Array.from({ length: count }, (_, i) => i)
  for (let i = 0; i < count - 1; i++) {
    const from = i + (drawn[i]! % (count - i))
    ;[order[i], order[from]] = [order[from]!, order[i]!]
  }
  return b.op(op.gather, [n.in(0), b.i32(order)], { axis: 0 })
}

export const statelessRandomOps: LoweringRegistry = {
  StatelessShuffle: shuffle,
  StatelessRandomGetKeyCounter: keyCounter,
  StatelessRandomGetKeyCounterAlg: (n, b) => [...keyCounter(n, b), algorithm(n, b)],
  StatelessRandomGetAlg: algorithm,
  StatelessRandomUniform: uniforms,
  StatelessRandomUniformV2: uniforms,
  StatelessRandomNormal: normal,
  StatelessRandomNormalV2: normal,
  StatelessTruncatedNormal: truncated,
  StatelessTruncatedNormalV2: truncated,
  StatelessRandomUniformInt: between,
  StatelessRandomUniformIntV2: between,
  StatelessRandomUniformFullInt: anyInteger,
  StatelessRandomUniformFullIntV2: anyInteger,
}
