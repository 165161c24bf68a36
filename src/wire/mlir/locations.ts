import type { AttributeTable } from './attribute-table.ts'

const maxSteps = 16

/** The names in locations: that of the op itself, which is the outermost. */
export class Locations {
  readonly #attributes: AttributeTable
  readonly #names = new Map<number, string | undefined>()

  constructor(attributes: AttributeTable) {
    this.#attributes = attributes
  }

  name(index: number): string | undefined {
    if (!this.#names.has(index)) this.#names.set(index, this.#find(index))
    return this.#names.get(index)
  }

  #find(index: number): string | undefined {
    let at = index
    for (let step = 0; step < maxSteps; step++) {
      const entry = this.#attributes.encoded(at)
      if (entry?.dialect !== 'builtin') return undefined
      const { cursor } = entry
      switch (cursor.varint()) {
        // Called and caller.
        case 10:
          break
        // Fused ones; their count comes first.
        case 12:
        case 13:
          if (cursor.count('count of locations') === 0) return undefined
          break
        case 14:
          return this.#attributes.readText(cursor)
        default:
          return undefined
      }
      at = cursor.index('location', this.#attributes.count)
    }
    return undefined
  }
}
