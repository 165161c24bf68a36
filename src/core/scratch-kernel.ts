import { scratchMemory } from './scratch.ts'
import {
  add,
  below,
  type Code,
  during,
  f32,
  functionsOn,
  get,
  i32,
  int,
  moduleBytes,
  set,
  subtract,
  vector as v,
  v128,
} from './wasm-code.ts'

/** Addresses are places in the scratch memory. */
interface ScratchKernel {
  /**
   * Transposes 4-byte words, 4 by 4: `to[row * toStep + 4 * col] = from[4 * row + col * fromStep]`, for 4 * row below `rows` and 4 * col
   * below `cols`, which count bytes and are multiples of 16. Steps count bytes.
   */
  transpose(from: number, fromStep: number, to: number, toStep: number, rows: number, cols: number): void
  /** Multiplies float32 elements, `from` to `end` holds a multiple of 8 of them. */
  multiply(from: number, end: number, to: number, factor: number): void
  divide(from: number, end: number, to: number, divisor: number): void
}

const transpose = (): Code => {
  const [from, fromStep, to, toStep, rows, cols, lastCol, lastRow, row, place, a, b, c, d] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
  const lines = [a, b, c, d]
  const next = (address: number, step: number): Code => set(address, add(get(address), get(step)))
  const column = (at: (i: number) => Code): Code => lines.map((_, i) => [v.store(get(place), at(i), 0), next(place, toStep)])
  // Pairs of words of two lines, then pairs of those.
  const [low, high] = [
    [0, 4, 1, 5],
    [2, 6, 3, 7],
  ] as const
  const words = (half: readonly number[], i: number) => v.words(get(lines[i]!), get(lines[i + 1]!), half)
  const [first, second] = [
    [0, 1, 4, 5],
    [2, 3, 6, 7],
  ] as const
  return [
    set(lastCol, add(get(to), get(cols))),
    during(below(get(to), get(lastCol)), [
      set(row, get(from)),
      set(place, get(to)),
      set(lastRow, add(get(from), get(rows))),
      during(below(get(row), get(lastRow)), [
        set(from, get(row)),
        ...lines.map((line) => [set(line, v.load(get(from))), next(from, fromStep)]),
        column((i) => v.words(words(i < 2 ? low : high, 0), words(i < 2 ? low : high, 2), i % 2 === 0 ? first : second)),
        set(row, add(get(row), int(16))),
      ]),
      // `from` is 4 lines further, at the last row.
      set(from, add(get(from), int(16))),
      set(from, subtract(get(from), get(rows))),
      set(to, add(get(to), int(16))),
    ]),
  ]
}

const scale = (by: (a: Code, b: Code) => Code): Code => {
  const [from, end, to, factor, factors] = [0, 1, 2, 3, 4]
  return [
    set(factors, v.splatF32(get(factor))),
    during(below(get(from), get(end)), [
      ...[0, 16].map((at) => v.store(get(to), by(v.loadAt(get(from), at), get(factors)), at)),
      set(from, add(get(from), int(32))),
      set(to, add(get(to), int(32))),
    ]),
  ]
}

/** Words that plain code moves in the time that making the kernel takes. */
const worthMaking = 1 << 18
let asked = 0
let made: ScratchKernel | undefined

/** The kernel on `scratchMemory`, for so many words; undefined as long as it had little to do in all. */
export function scratchKernel(words: number): ScratchKernel | undefined {
  asked += words
  if (made || asked < worthMaking) return made
  const code = moduleBytes([
    {
      name: 'transpose',
      parameters: [i32, i32, i32, i32, i32, i32],
      locals: [i32, i32, i32, i32, v128, v128, v128, v128],
      body: transpose(),
    },
    { name: 'multiply', parameters: [i32, i32, i32, f32], locals: [v128], body: scale(v.mulF32) },
    { name: 'divide', parameters: [i32, i32, i32, f32], locals: [v128], body: scale(v.divF32) },
  ])
  made = functionsOn<ScratchKernel>(scratchMemory(), code)
  return made
}
