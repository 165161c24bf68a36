/**
 * A sum of float64 numbers that does not depend on their order: it is kept exactly, as numbers that do not overlap.
 * @see Shewchuk, Adaptive Precision Floating-Point Arithmetic (1997), Grow-Expansion
 */
export class ExactSum {
  /** Of increasing magnitude; their exact sum is the sum. */
  readonly #parts: number[]

  constructor(parts: readonly number[] = []) {
    this.#parts = [...parts]
  }

  /** `x` is finite, and so is every sum. */
  add(x: number): void {
    let kept = 0
    let carried = x
    for (const part of this.#parts) {
      const [large, small] = Math.abs(carried) < Math.abs(part) ? [part, carried] : [carried, part]
      const sum = large + small
      const lost = small - (sum - large)
      if (lost !== 0) this.#parts[kept++] = lost
      carried = sum
    }
    this.#parts.length = kept
    if (carried !== 0) this.#parts.push(carried)
  }

  /** What makes the same sum again. */
  get parts(): readonly number[] {
    return this.#parts
  }

  /** The float64 nearest to the sum, the even one of two. */
  get value(): number {
    const parts = [...this.#parts]
    let sum = parts.pop() ?? 0
    for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
      const before = sum
      sum = before + part
      const lost = part - (sum - before)
      if (lost === 0) continue
      // Half way between two numbers: what is left decides.
      const next = parts.at(-1) ?? 0
      const twice = 2 * lost
      if (next !== 0 && Math.sign(next) === Math.sign(lost) && sum + twice - sum === twice) sum += twice
      break
    }
    return sum
  }
}
