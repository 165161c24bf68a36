import type { DType } from '../core/dtype.ts'
import type { Value } from '../ir/types.ts'

/** A type that kernels take in the place of the model's: what they compute has fewer digits, a smaller range, or more digits. */
interface Narrowing {
  readonly from: DType
  readonly to: DType
  readonly layers: Set<string>
}

/** Layers that are computed in other element types than the model states, collected over all graphs. */
export class Narrowings {
  readonly #found = new Map<string, Narrowing>()

  /** Notes a layer, unless all of its results are constants: those were folded. */
  note(layer: string, from: DType, to: DType, results: readonly Value[] = []): void {
    if (!isTold(from, to) || (results.length > 0 && results.every((v) => v.data !== undefined || v.dims !== undefined))) return
    const key = `${from} ${to}`
    const known = this.#found.get(key) ?? { from, to, layers: new Set<string>() }
    this.#found.set(key, known)
    known.layers.add(layer)
  }

  get list(): readonly { readonly from: DType; readonly to: DType; readonly layers: readonly string[] }[] {
    return [...this.#found.values()].map((n) => ({ ...n, layers: [...n.layers] }))
  }
}

/** Small integers in wider ones wrap to the same bits. */
function isTold(from: DType, to: DType): boolean {
  return to === 'f32' || ((from === 'i64' || from === 'u64' || from === 'u32') && to === 'i32') || (from === 'u64' && to === 'i64')
}
