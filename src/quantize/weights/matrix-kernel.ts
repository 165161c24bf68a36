import {
  add,
  below,
  type Code,
  during,
  f64,
  functionsOn,
  get,
  growTo,
  i32,
  int,
  memoryOf,
  moduleBytes,
  set,
  vector as v,
  v128,
} from '../../core/wasm-code.ts'

/** Float64 elements that the kernel takes at a time. */
export const lanes = 4

/** All numbers of type i32 are addresses but `stride`, which is bytes; `a` to `end` holds a multiple of 4 float64 elements. */
interface Functions {
  /** Products of a with the four vectors from b on, `stride` apart: two sums of each, to be added, to `out`. */
  dots(a: number, end: number, b: number, stride: number, out: number): void
  /** b - x * a to b. */
  take(a: number, end: number, b: number, x: number): void
  /** b - (x0 * a0 + x1 * a1 + (x2 * a2 + x3 * a3)) to b. */
  takeFour(a0: number, end: number, a1: number, a2: number, a3: number, b: number, x0: number, x1: number, x2: number, x3: number): void
}

const two = 16
const rise = (addresses: readonly number[], bytes: number): Code => addresses.map((a) => set(a, add(get(a), int(bytes))))

const dots = (): Code => {
  const [a, end, b, stride, out, b1, b2, b3, x, ...sums] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]
  const vectors = [b, b1, b2, b3]
  const step = (offset: number): Code => [
    set(x, v.loadAt(get(a), offset)),
    ...vectors.map((at, i) => set(sums[i]!, v.addF64(get(sums[i]!), v.mulF64(get(x), v.loadAt(get(at), offset))))),
  ]
  return [
    ...vectors.slice(1).map((at, i) => set(at, add(get(vectors[i]!), get(stride)))),
    during(below(get(a), get(end)), [step(0), step(two), rise([a, ...vectors], 2 * two)]),
    ...sums.map((sum, i) => v.store(get(out), get(sum), two * i)),
  ]
}

const take = (): Code => {
  const [a, end, b, x, xs] = [0, 1, 2, 3, 4]
  const step = (offset: number): Code =>
    v.store(get(b), v.subF64(v.loadAt(get(b), offset), v.mulF64(get(xs), v.loadAt(get(a), offset))), offset)
  return [set(xs, v.splatF64(get(x))), during(below(get(a), get(end)), [step(0), step(two), rise([a, b], 2 * two)])]
}

const takeFour = (): Code => {
  const [a0, end, a1, a2, a3, b, x0, x1, x2, x3, ...xs] = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13]
  const rows = [a0, a1, a2, a3]
  const step = (offset: number): Code => {
    const product = (i: number) => v.mulF64(get(xs[i]!), v.loadAt(get(rows[i]!), offset))
    const all = v.addF64(v.addF64(product(0), product(1)), v.addF64(product(2), product(3)))
    return v.store(get(b), v.subF64(v.loadAt(get(b), offset), all), offset)
  }
  return [
    ...[x0, x1, x2, x3].map((x, i) => set(xs[i]!, v.splatF64(get(x)))),
    during(below(get(a0), get(end)), [step(0), step(two), rise([...rows, b], 2 * two)]),
  ]
}

const vectors = (n: number): number[] => new Array<number>(n).fill(v128)
/** Made when a kernel is first asked for: most conversions never do. */
const code = () =>
  moduleBytes([
    { name: 'dots', parameters: [i32, i32, i32, i32, i32], locals: [i32, i32, i32, ...vectors(5)], body: dots() },
    { name: 'take', parameters: [i32, i32, i32, f64], locals: vectors(1), body: take() },
    { name: 'takeFour', parameters: [i32, i32, i32, i32, i32, i32, f64, f64, f64, f64], locals: vectors(4), body: takeFour() },
  ])

let made: { readonly memory: WebAssembly.Memory; readonly functions: Functions } | undefined

export interface MatrixKernel extends Functions {
  /** As many bytes as were asked for are zero. */
  readonly buffer: ArrayBuffer
}

/** The one kernel on its memory, of at least so many bytes: what it was used for before is gone. */
export function matrixKernel(bytes: number): MatrixKernel {
  if (!made) {
    const memory = memoryOf(0)
    made = { memory, functions: functionsOn<Functions>(memory, code()) }
  }
  const { memory, functions } = made
  new Uint8Array(memory.buffer).fill(0, 0, bytes)
  growTo(memory, bytes)
  return { ...functions, buffer: memory.buffer }
}
