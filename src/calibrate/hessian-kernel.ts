import { add, below, type Code, during, functionsOn, get, i32, memoryOf, moduleBytes, set, vector as v, v128 } from '../core/wasm-code.ts'

/** Columns of a tile: 4 by 8. */
export const tileHeight = 4
export const tileWidth = 8
/** Rows are padded to whole tiles. */
export const paddedWidth = (columns: number): number => Math.ceil(columns / tileWidth) * tileWidth

const blockBytes = 1 << 19
const tileBytes = 4 * tileHeight * tileWidth
/** Their products are summed in float32: enough to be fast, so few that no more than 256 roundings add up. */
const mostRows = 256

/** How many rows of so many columns are multiplied at once. */
export const rowsOf = (columns: number): number => Math.min(mostRows, Math.max(1, Math.floor(blockBytes / 4 / paddedWidth(columns))))

interface Functions {
  /**
   * Sums over float32 rows `step` bytes apart of the products of four columns from `a` on with eight from `b` on, to `out`, row by row; `end` is
   * where a row behind the last would have its a.
   */
  tile(a: number, b: number, end: number, step: number, out: number): void
}

const tile = (): Code => {
  const [a, b, end, step, out, left, right, x, ...sums] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]
  return [
    during(below(get(a), get(end)), [
      set(left, v.load(get(b))),
      set(right, v.loadAt(get(b), 16)),
      ...Array.from({ length: tileHeight }, (_, i): Code => {
        const [l, r] = [sums[2 * i]!, sums[2 * i + 1]!]
        return [
          set(x, v.splatAt(get(a), 4 * i)),
          set(l, v.addF32(get(l), v.mulF32(get(x), get(left)))),
          set(r, v.addF32(get(r), v.mulF32(get(x), get(right)))),
        ]
      }),
      set(a, add(get(a), get(step))),
      set(b, add(get(b), get(step))),
    ]),
    ...sums.map((sum, i) => v.store(get(out), get(sum), 16 * i)),
  ]
}

const code = moduleBytes([{ name: 'tile', parameters: [i32, i32, i32, i32, i32], locals: new Array<number>(11).fill(v128), body: tile() }])

let made: (Functions & { readonly rows: Float32Array; readonly sums: Float32Array }) | undefined

/** The one kernel: rows begin at address 0, `out` is at `outAt`. */
export function hessianKernel(): NonNullable<typeof made> {
  if (made) return made
  const memory = memoryOf(blockBytes + tileBytes)
  const functions = functionsOn<Functions>(memory, code)
  made = {
    tile: functions.tile,
    rows: new Float32Array(memory.buffer, 0, blockBytes / 4),
    sums: new Float32Array(memory.buffer, outAt, tileBytes / 4),
  }
  return made
}
export const outAt = blockBytes
