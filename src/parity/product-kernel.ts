import {
  add,
  below,
  type Code,
  during,
  functionsOn,
  get,
  i32,
  int,
  memoryOf,
  moduleBytes,
  set,
  vector as v,
  v128,
} from '../core/wasm-code.ts'

/*
 * Products of matrices in float32, by SIMD. A part of the second operand stays in the first-level cache and meets all rows of the first, so
 * that nothing need be arranged before, which libraries do for matrices that meet many more rows.
 */

/** What the memory holds at a time: of the second operand `deep` rows of `wide` columns, of the first and of the result `tall` rows. */
const [wide, deep, tall] = [512, 1024, 512]
const [wideBytes, step] = [4 * wide, 4 * deep + 64]
const rightAt = tall * step
const resultAt = rightAt + deep * wideBytes
/** Columns of a turn. */
const turn = 8
/** Rows of the second operand that are taken at once, for two of the first. */
const depth = 4

interface Functions {
  /** Adds to rows of the result, `width` bytes of each, an even number of rows of the first operand, 4 elements of each, times 4 rows of the second. */
  accumulate(left: number, leftEnd: number, leftStep: number, right: number, result: number, width: number): void
}

const accumulate = (): Code => {
  const [left, leftEnd, leftStep, right, result, width, from, to, last] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const [factors, rights, sum] = [[9, 10, 11, 12, 13, 14, 15, 16], [17, 18, 19, 20], 21]
  const times = (row: number, k: number): Code => v.mulF32(get(factors[depth * row + k]!), get(rights[k]!))
  const next = (local: number, amount: Code): Code => set(local, add(get(local), amount))
  const columns = (offset: number): Code => [
    rights.map((r, k) => set(r, v.loadAt(get(from), offset + k * wideBytes))),
    [0, 1].map((row) => {
      const at = offset + row * wideBytes
      const products = v.addF32(v.addF32(times(row, 0), times(row, 1)), v.addF32(times(row, 2), times(row, 3)))
      return [set(sum, v.addF32(v.loadAt(get(to), at), products)), v.store(get(to), get(sum), at)]
    }),
  ]
  return during(below(get(left), get(leftEnd)), [
    [0, 1].map((row) => [[0, 1, 2, 3].map((k) => set(factors[depth * row + k]!, v.splatAt(get(left), 4 * k))), next(left, get(leftStep))]),
    set(from, get(right)),
    set(to, get(result)),
    set(last, add(get(result), get(width))),
    during(below(get(to), get(last)), [columns(0), columns(16), next(from, int(32)), next(to, int(32))]),
    set(result, add(get(result), int(2 * wideBytes))),
  ])
}

let made: { readonly functions: Functions; readonly memory: Float32Array } | undefined

function kernel(): NonNullable<typeof made> {
  if (made) return made
  const memory = memoryOf(resultAt + tall * wideBytes)
  const locals = [i32, i32, i32, ...new Array<number>(13).fill(v128)]
  const code = moduleBytes([{ name: 'accumulate', parameters: new Array<number>(6).fill(i32), locals, body: accumulate() }])
  made = { functions: functionsOn<Functions>(memory, code), memory: new Float32Array(memory.buffer) }
  return made
}

/** Puts `length` elements of a row, from `first` on, to `at`. */
export type ReadRow = (to: Float32Array, at: number, row: number, first: number, length: number) => void

/** Sizes of a product. */
export interface ProductSizes {
  readonly rows: number
  /** Elements of a sum. */
  readonly inner: number
  readonly columns: number
  /** The second operand is [columns, inner]. */
  readonly isTransposed: boolean
}

/** `x` of [rows, inner] by `w` of [inner, columns], in float32: [rows, columns], each sum in groups of four in order. */
export function multiply(x: Float32Array | ReadRow, w: Float32Array, sizes: ProductSizes): Float32Array {
  const { functions, memory } = kernel()
  const { rows, inner, columns, isTransposed } = sizes
  const read = typeof x === 'function' ? x : rowsOf(x, inner)
  const result = new Float32Array(rows * columns)
  for (let c = 0; c < columns; c += wide) {
    const width = Math.min(wide, columns - c)
    for (let r = 0; r < rows; r += tall) {
      const height = Math.min(tall, rows - r)
      memory.fill(0, resultAt / 4, resultAt / 4 + (height + (height & 1)) * wide)
      for (let k = 0; k < inner; k += deep) {
        const length = Math.min(deep, inner - k)
        for (let i = 0; i < height; i++) {
          const at = (i * step) / 4
          read(memory, at, r + i, k, length)
          memory.fill(0, at + length, at + length + (-length & (depth - 1)))
        }
        if (isTransposed) transposed(memory, w, c * inner + k, inner, width, length)
        else
          for (let i = 0; i < length; i++)
            memory.set(w.subarray((k + i) * columns + c, (k + i) * columns + c + width), rightAt / 4 + i * wide)
        memory.fill(0, rightAt / 4 + length * wide, rightAt / 4 + (length + (-length & (depth - 1))) * wide)
        const end = (height + (height & 1)) * step
        const bytes = 4 * Math.ceil(width / turn) * turn
        for (let i = 0; i < length; i += depth) functions.accumulate(4 * i, 4 * i + end, step, rightAt + i * wideBytes, resultAt, bytes)
      }
      for (let i = 0; i < height; i++) {
        const at = resultAt / 4 + i * wide
        result.set(memory.subarray(at, at + width), (r + i) * columns + c)
      }
    }
  }
  return result
}

function rowsOf(x: Float32Array, inner: number): ReadRow {
  return (to, at, row, first, length) => to.set(x.subarray(row * inner + first, row * inner + first + length), at)
}

/** A part of the second operand, stored column by column, into its place: a cache line of each row at a time. */
function transposed(memory: Float32Array, w: Float32Array, first: number, inner: number, width: number, length: number): void {
  const line = 16
  for (let j = 0; j < width; j += line) {
    const end = Math.min(line, width - j)
    const to = rightAt / 4 + j
    const from = first + j * inner
    for (let i = 0; i < length; i++) for (let n = 0; n < end; n++) memory[to + i * wide + n] = w[from + n * inner + i]!
  }
}
