import type { MlirValue } from '../../wire/mlir/types.ts'
import { type HloScope, knownElements, maxKnown, traced } from './hlo-op.ts'

/** A sum of products of sizes that a run tells: how often each product counts, by the names of its factors; the number alone has no factor. */
type Sum = ReadonlyMap<string, number>

/** The scalars that a vector of sizes is made of; numbers where they are known. */
export function entriesOf(scope: HloScope, vector: MlirValue): readonly (number | MlirValue)[] | undefined {
  return traced<readonly (number | MlirValue)[]>(vector, (value, read) => {
    const known = knownElements(scope, value)
    if (known) return known
    const op = scope.maker(value)
    const [from] = op?.operands ?? []
    if (op?.name === 'concatenate') {
      const parts = op.operands.map(read)
      const count = parts.reduce((n, p) => n + (p?.length ?? 0), 0)
      return count <= maxKnown && parts.every((p) => p !== undefined) ? parts.flat() : undefined
    }
    if ((op?.name !== 'reshape' && op?.name !== 'broadcast_in_dim') || from?.type.kind !== 'tensor') return undefined
    if (from.type.shape.length > 0) return op.name === 'reshape' ? read(from) : undefined
    return [from]
  })
}

/** What a scalar is, in sizes that a run tells. */
export function sumOf(scope: HloScope, value: MlirValue): Sum {
  return traced<Sum>(value, (v, read) => sumMade(scope, v, (from) => read(from) ?? itself(from))) ?? itself(value)
}

/** A size of which no more is said. */
const itself = (value: MlirValue): Sum => sum([[`${value.id}`, 1]])

/** Sizes of a network are made of a few. */
const [maxTerms, maxFactors] = [16, 16]

function sumMade(scope: HloScope, value: MlirValue, part: (from: MlirValue) => Sum): Sum {
  const known = knownElements(scope, value)
  if (known?.length === 1) return sum([['', known[0]!]])
  const op = scope.maker(value)
  const [a, b] = op?.operands ?? []
  if (a && (op?.name === 'convert' || op?.name === 'reshape')) return part(a)
  if (a && b && op?.name === 'add') return sum([...part(a), ...part(b)])
  if (a && b && op?.name === 'subtract') return sum([...part(a), ...[...part(b)].map(([of, n]) => [of, -n] as const)])
  if (a && b && op?.name === 'multiply') {
    const factors = (x: string, y: string) => [...x.split('*'), ...y.split('*')].filter((f) => f !== '').sort()
    const terms = [...part(a)].flatMap(([x, n]) => [...part(b)].map(([y, m]) => [factors(x, y), n * m] as const))
    if (terms.length <= maxTerms && terms.every(([of]) => of.length <= maxFactors)) return sum(terms.map(([of, n]) => [of.join('*'), n]))
  }
  return itself(value)
}

function sum(terms: readonly (readonly [string, number])[]): Sum {
  const counts = new Map<string, number>()
  for (const [of, n] of terms) counts.set(of, (counts.get(of) ?? 0) + n)
  return new Map([...counts].filter(([, n]) => n !== 0))
}

/** Whether `x` less `y` is a number, and this one. */
export function differBy(x: Sum, y: Sum, by: number): boolean {
  const left = sum([...x, ...[...y].map(([of, n]) => [of, -n] as const), ['', -by]])
  return left.size === 0
}
