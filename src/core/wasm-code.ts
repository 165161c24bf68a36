/*
 * The parts of WebAssembly's binary format that kernels need.
 * @see https://webassembly.github.io/spec/core/binary/
 */

/** Bytes of code, and what is to be put between them. */
export type Code = readonly (number | Code)[]

export const i32 = 0x7f
export const f32 = 0x7d
export const f64 = 0x7c
export const v128 = 0x7b

/** An unsigned number in LEB128. */
export function unsigned(n: number): number[] {
  const bytes: number[] = []
  do {
    bytes.push((n & 0x7f) | (n > 0x7f ? 0x80 : 0))
    n >>>= 7
  } while (n > 0)
  return bytes
}

const lane = 2
const simd = (code: number): number[] => [0xfd, ...unsigned(code)]
/** Alignment of 4 bytes, as power of two, and an offset. */
const at = (offset: number): number[] => [2, ...unsigned(offset)]

export const get = (local: number): Code => [0x20, ...unsigned(local)]
export const set = (local: number, value: Code): Code => [value, 0x21, ...unsigned(local)]
/** A vector of these bytes. */
export const constant = (bytes: readonly number[]): Code => [...simd(0x0c), ...bytes]
/** A constant of i32, in signed LEB128. */
export const int = (n: number): Code => {
  const bytes: number[] = []
  for (; n < -64 || n > 63; n >>= 7) bytes.push((n & 0x7f) | 0x80)
  return [0x41, ...bytes, n & 0x7f]
}
export const add = (a: Code, b: Code): Code => [a, b, 0x6a]
export const subtract = (a: Code, b: Code): Code => [a, b, 0x6b]
export const below = (a: Code, b: Code): Code => [a, b, 0x49]
export const load = (address: Code, offset: number): Code => [address, 0x28, ...at(offset)]
export const store = (address: Code, value: Code, offset: number): Code => [address, value, 0x36, ...at(offset)]
/** `a` where the condition holds, else `b`; both are computed. */
export const either = (condition: Code, a: Code, b: Code): Code => [a, b, condition, 0x1b]
/** Repeats `body` while `condition` holds; not even once when it does not. */
export const during = (condition: Code, body: Code): Code => [0x02, 0x40, 0x03, 0x40, condition, 0x45, 0x0d, 1, body, 0x0c, 0, 0x0b, 0x0b]

export const vector = {
  zero: constant(new Array<number>(16).fill(0)),
  load: (address: Code): Code => [address, ...simd(0x00), ...at(0)],
  store: (address: Code, value: Code, offset: number): Code => [address, value, ...simd(0x0b), ...at(offset)],
  loadAt: (address: Code, offset: number): Code => [address, ...simd(0x00), ...at(offset)],
  /** One int32 or float32 in every lane. */
  splatAt: (address: Code, offset: number): Code => [address, ...simd(0x09), ...at(offset)],
  /** The two lower int32 lanes of each. */
  lowerHalves: (a: Code, b: Code): Code => [a, b, ...simd(0x0d), ...Array.from({ length: 16 }, (_, i) => (i < 8 ? i : i + 8))],
  /** Four 32-bit lanes, each one of the eight of `a` and `b`. */
  words: (a: Code, b: Code, lanes: readonly number[]): Code => [
    a,
    b,
    ...simd(0x0d),
    ...lanes.flatMap((n) => [4 * n, 4 * n + 1, 4 * n + 2, 4 * n + 3]),
  ],
  splatI8: (x: Code): Code => [x, ...simd(0x0f)],
  splatF64: (x: Code): Code => [x, ...simd(0x14)],
  and: (a: Code, b: Code): Code => [a, b, ...simd(0x4e)],
  or: (a: Code, b: Code): Code => [a, b, ...simd(0x50)],
  /** Halves to even. */
  nearestF32: (v: Code): Code => [v, ...simd(0x6a)],
  addF32: (a: Code, b: Code): Code => [a, b, ...simd(0xe4)],
  divF32: (a: Code, b: Code): Code => [a, b, ...simd(0xe7)],
  divF64: (a: Code, b: Code): Code => [a, b, ...simd(0xf3)],
  maxI32: (a: Code, b: Code): Code => [a, b, ...simd(0xb8)],
  minI8: (a: Code, b: Code): Code => [a, b, ...simd(0x76)],
  maxI8: (a: Code, b: Code): Code => [a, b, ...simd(0x78)],
  /** Two vectors as one of narrower lanes; what does not fit is clamped. */
  narrowI16: (a: Code, b: Code): Code => [a, b, ...simd(0x65)],
  narrowI32: (a: Code, b: Code): Code => [a, b, ...simd(0x85)],
  /** Two float64 lanes towards zero as int32, before two zeros. */
  truncateF64: (v: Code): Code => [v, ...simd(0xfc)],
  /** The two upper float32 lanes in the place of the lower. */
  upper: (v: Code): Code => [v, v, ...simd(0x0d), ...Array.from({ length: 16 }, (_, i) => (i + 8) % 16)],
  splatF32: (x: Code): Code => [x, ...simd(0x13)],
  splatI32: (x: Code): Code => [x, ...simd(0x11)],
  lane: (v: Code, index: number): Code => [v, ...simd(0x1b), index % (1 << lane)],
  /** All ones in the lanes where it holds. */
  lessF32: (a: Code, b: Code): Code => [a, b, ...simd(0x43)],
  mulF32: (a: Code, b: Code): Code => [a, b, ...simd(0xe6)],
  /** `b < a ? b : a`: NaN in `b` leaves `a`. */
  minF32: (a: Code, b: Code): Code => [a, b, ...simd(0xea)],
  maxF32: (a: Code, b: Code): Code => [a, b, ...simd(0xeb)],
  /** The two lower float32 lanes as float64. */
  widen: (v: Code): Code => [v, ...simd(0x5f)],
  addF64: (a: Code, b: Code): Code => [a, b, ...simd(0xf0)],
  subF64: (a: Code, b: Code): Code => [a, b, ...simd(0xf1)],
  mulF64: (a: Code, b: Code): Code => [a, b, ...simd(0xf2)],
  /** Towards zero. */
  truncate: (v: Code): Code => [v, ...simd(0xf8)],
  addI32: (a: Code, b: Code): Code => [a, b, ...simd(0xae)],
  subI32: (a: Code, b: Code): Code => [a, b, ...simd(0xb1)],
  shiftLeft: (v: Code, bits: number): Code => [v, int(bits), ...simd(0xab)],
} as const

export interface FunctionCode {
  readonly name: string
  readonly parameters: readonly number[]
  /** Types of the locals behind the parameters. */
  readonly locals: readonly number[]
  readonly body: Code
}

/** A module of functions without results, over the memory imported as `env.memory`. */
export function moduleBytes(functions: readonly FunctionCode[]): Uint8Array<ArrayBuffer> {
  const sized = (bytes: readonly number[]): number[] => [...unsigned(bytes.length), ...bytes]
  const list = (items: readonly (readonly number[])[]): number[] => [...unsigned(items.length), ...items.flat()]
  const section = (id: number, bytes: readonly number[]): number[] => [id, ...sized(bytes)]
  const text = (s: string): number[] => sized([...new TextEncoder().encode(s)])
  const bodyOf = ({ locals, body }: FunctionCode): number[] => sized([...list(locals.map((type) => [1, type])), ...flat(body), 0x0b])
  return Uint8Array.from([
    ...[0, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, list(functions.map((f) => [0x60, ...list(f.parameters.map((p) => [p])), 0]))),
    ...section(2, list([[...text('env'), ...text('memory'), 2, 0, 0]])),
    ...section(3, list(functions.map((_, i) => unsigned(i)))),
    ...section(7, list(functions.map((f, i) => [...text(f.name), 0, ...unsigned(i)]))),
    ...section(10, list(functions.map(bodyOf))),
  ])
}

/** The functions of a module on its memory. */
export function functionsOn<T>(memory: WebAssembly.Memory, code: Uint8Array<ArrayBuffer>): T {
  return new WebAssembly.Instance(new WebAssembly.Module(code), { env: { memory } }).exports as T
}

const pageBytes = 65536
const pagesOf = (byteLength: number): number => Math.ceil(byteLength / pageBytes)

/** Memory of at least so many bytes, all zero. Throws RangeError where the engine has none to give. */
export function memoryOf(byteLength: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pagesOf(byteLength) })
}

/** Makes a memory hold at least so many bytes. When it grows, views that were made before are no longer of it. */
export function growTo(memory: WebAssembly.Memory, byteLength: number): void {
  const missing = byteLength - memory.buffer.byteLength
  if (missing > 0) memory.grow(pagesOf(missing))
}

function flat(code: Code): number[] {
  return code.flatMap((c) => (typeof c === 'number' ? [c] : flat(c)))
}
