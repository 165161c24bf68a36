import { add, below, type Code, during, f32, get, i32, int, load, moduleBytes, set, store, vector as v, v128 } from '../core/wasm-code.ts'

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
   * Counts each value of them, none of which is NaN, in the bin of its lane: `counts[4 * (bin - base) + lane]` of i32, where `bin` is
   * `x * scale` towards zero, and one less for negative `x`.
   */
  count(from: number, end: number, scale: number, base: number, counts: number): void
}

const scan = (): Code => {
  const [from, end, out, least, most, sums, squares, x, wide] = [0, 1, 2, 3, 4, 5, 6, 7, 8]
  const take = (half: Code): Code => [
    set(wide, v.widen(half)),
    set(sums, v.addF64(get(sums), get(wide))),
    set(squares, v.addF64(get(squares), v.mulF64(get(wide), get(wide)))),
  ]
  return [
    set(least, v.load(get(from))),
    set(most, get(least)),
    during(below(get(from), get(end)), [
      set(x, v.load(get(from))),
      set(least, v.minF32(get(least), get(x))),
      set(most, v.maxF32(get(most), get(x))),
      take(get(x)),
      take(v.upper(get(x))),
      set(from, add(get(from), int(16))),
    ]),
    ...[least, most, sums, squares].map((local, i) => v.store(get(out), get(local), 16 * i)),
  ]
}

const count = (): Code => {
  const [from, end, scale, base, counts, scales, bases, x, bins, place] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]
  return [
    set(scales, v.splatF32(get(scale))),
    set(bases, v.splatI32(get(base))),
    during(below(get(from), get(end)), [
      set(x, v.load(get(from))),
      // The mask of the negative ones is -1 in each lane.
      set(bins, v.addI32(v.truncate(v.mulF32(get(x), get(scales))), v.lessF32(get(x), v.splatI32(int(0))))),
      set(bins, v.shiftLeft(v.subI32(get(bins), get(bases)), 4)),
      ...Array.from(
        { length: lanes },
        (_, lane): Code => [
          set(place, add(get(counts), v.lane(get(bins), lane))),
          store(get(place), add(load(get(place), 4 * lane), int(1)), 4 * lane),
        ],
      ),
      set(from, add(get(from), int(16))),
    ]),
  ]
}

const code = moduleBytes([
  { name: 'scan', parameters: [i32, i32, i32], locals: [v128, v128, v128, v128, v128, v128], body: scan() },
  { name: 'count', parameters: [i32, i32, f32, i32, i32], locals: [v128, v128, v128, v128, i32], body: count() },
])
const kernels = new WeakMap<WebAssembly.Memory, Kernel>()

/** The kernel on a memory of someone; it writes only where it is told to. */
export function kernelOn(memory: WebAssembly.Memory): Kernel {
  const known = kernels.get(memory)
  if (known) return known
  const made = new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports as unknown as Kernel
  kernels.set(memory, made)
  return made
}
