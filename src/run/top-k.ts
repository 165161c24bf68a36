export interface Ranked {
  readonly index: number
  readonly score: number
  readonly label?: string | undefined
}

/** The `k` largest values, largest first; of equal ones the first index first, NaN last. */
export function topK(values: ArrayLike<number>, k: number, labels?: readonly string[]): Ranked[] {
  const best: number[] = []
  const isBetter = (a: number, b: number): boolean => {
    const x = values[a]!
    const y = values[b]!
    return x > y || (Number.isNaN(y) && !Number.isNaN(x))
  }
  for (let i = 0; i < values.length; i++) {
    let place = best.length
    while (place > 0 && isBetter(i, best[place - 1]!)) place--
    if (place >= k) continue
    best.splice(place, 0, i)
    if (best.length > k) best.pop()
  }
  return best.map((index) => ({ index, score: values[index]!, ...(labels?.[index] === undefined ? {} : { label: labels[index] }) }))
}
