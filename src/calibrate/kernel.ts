import {
  add,
  below,
  type Code,
  during,
  either,
  f32,
  functionsOn,
  get,
  i32,
  int,
  load,
  moduleBytes,
  set,
  store,
  vector as v,
  v128,
} from '../core/wasm-code.ts'

/** Values are read four at a time. */
export const lanes = 4

/** The functions of the kernel; all numbers of type i32 are addresses but `base`. */
export interface Kernel {
  /**
   * Of float32 values from `from` to `end`, a multiple of 4 of them: smallest of each lane (NaN left out), largest of each, then two float64
   * sums and two of squares, written to `out`, 64 bytes.
   */
  scan(from: number, end: number, out: number): void
  /**
   * The same, and adds each value to one of the float64 sums from `first` to `last`, a multiple of 4 of them, in turn, from the one at `next` on,
   * a multiple of 4 behind `first`.
   */
  scanColumns(from: number, end: number, out: number, next: number, first: number, last: number): void
  /**
   * Counts each value of them, none of which is NaN, in the bin of its lane: `counts[4 * (bin - base) + lane]` of i32, where `bin` is
   * `x * scale` towards zero, and one less for negative `x`.
   */
  count(from: number, end: number, scale: number, base: number, counts: number): void
}

const scan = (hasColumns: boolean): Code => {
  const [from, end, out, next, first, last, least, most, x, wide] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  // The halves of a vector are summed apart: no addition waits for the one before.
  const halves = [
    { sums: 10, squares: 11, of: (v128: Code): Code => v128 },
    { sums: 12, squares: 13, of: v.upper },
  ]
  const addTo = (offset: number): Code => v.store(get(next), v.addF64(v.loadAt(get(next), offset), get(wide)), offset)
  return [
    set(least, v.load(get(from))),
    set(most, get(least)),
    during(below(get(from), get(end)), [
      set(x, v.load(get(from))),
      set(least, v.minF32(get(least), get(x))),
      set(most, v.maxF32(get(most), get(x))),
      ...halves.map(
        ({ sums, squares, of }, half): Code => [
          set(wide, v.widen(of(get(x)))),
          set(sums, v.addF64(get(sums), get(wide))),
          set(squares, v.addF64(get(squares), v.mulF64(get(wide), get(wide)))),
          ...(hasColumns ? [addTo(16 * half)] : []),
        ],
      ),
      set(from, add(get(from), int(16))),
      ...(hasColumns ? [set(next, add(get(next), int(32))), set(next, either(below(get(next), get(last)), get(next), get(first)))] : []),
    ]),
    ...[get(least), get(most), v.addF64(get(10), get(12)), v.addF64(get(11), get(13))].map((value, i) => v.store(get(out), value, 16 * i)),
  ]
}

const count = (): Code => {
  const [from, end, scale, base, counts, scales, origins, x, bins, places, place] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]
  return [
    set(scales, v.splatF32(get(scale))),
    // Of the counters of bin 0, which may lie before the memory; the sums wrap.
    set(origins, v.subI32(v.splatI32(get(counts)), v.shiftLeft(v.splatI32(get(base)), 4))),
    during(below(get(from), get(end)), [
      set(x, v.load(get(from))),
      // The mask of the negative ones is -1 in each lane.
      set(bins, v.addI32(v.truncate(v.mulF32(get(x), get(scales))), v.lessF32(get(x), v.splatI32(int(0))))),
      set(places, v.addI32(v.shiftLeft(get(bins), 4), get(origins))),
      ...Array.from(
        { length: lanes },
        (_, lane): Code => [set(place, v.lane(get(places), lane)), store(get(place), add(load(get(place), 4 * lane), int(1)), 4 * lane)],
      ),
      set(from, add(get(from), int(16))),
    ]),
  ]
}

const code = moduleBytes([
  ...[false, true].map((hasColumns) => ({
    name: hasColumns ? 'scanColumns' : 'scan',
    // Those that a caller leaves out are 0.
    parameters: [i32, i32, i32, i32, i32, i32],
    locals: Array<typeof v128>(8).fill(v128),
    body: scan(hasColumns),
  })),
  { name: 'count', parameters: [i32, i32, f32, i32, i32], locals: [v128, v128, v128, v128, v128, i32], body: count() },
])
const kernels = new WeakMap<WebAssembly.Memory, Kernel>()

/** The kernel on a memory of someone; it writes only where it is told to. */
export function kernelOn(memory: WebAssembly.Memory): Kernel {
  const known = kernels.get(memory)
  if (known) return known
  const made = functionsOn<Kernel>(memory, code)
  kernels.set(memory, made)
  return made
}
