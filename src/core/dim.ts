import { invariant } from './diagnostics.ts'
import type { Dim } from './shape.ts'

/*
 * A symbolic dim is a product: `N`, `16*N`, `N*T`, or an opaque expression in parentheses such as `(H+1)`.
 * Products are kept canonical (number first, then symbols sorted), so equal sizes have equal names.
 */

interface Monomial {
  readonly coefficient: number
  readonly symbols: readonly string[]
}

function parse(d: Dim): Monomial {
  if (typeof d === 'number') return { coefficient: d, symbols: [] }
  let coefficient = 1
  const symbols: string[] = []
  for (const factor of splitFactors(d)) {
    if (/^\d+$/.test(factor)) coefficient *= Number(factor)
    else symbols.push(factor)
  }
  return { coefficient, symbols: symbols.sort() }
}

function splitFactors(text: string): string[] {
  const factors: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')') depth--
    else if (text[i] === '*' && depth === 0) {
      factors.push(text.slice(start, i))
      start = i + 1
    }
  }
  factors.push(text.slice(start))
  return factors
}

function format(m: Monomial): Dim {
  if (m.symbols.length === 0 || m.coefficient === 0) return m.coefficient
  return [...(m.coefficient === 1 ? [] : [String(m.coefficient)]), ...m.symbols].join('*')
}

/** Product of dims, canonical. */
export function mulDims(...dims: readonly Dim[]): Dim {
  const ms = dims.map(parse)
  return format({ coefficient: ms.reduce((n, m) => n * m.coefficient, 1), symbols: ms.flatMap((m) => m.symbols).sort() })
}

/** a / b when b divides a for every value of the symbols, else undefined. */
export function divDims(a: Dim, b: Dim): Dim | undefined {
  const x = parse(a)
  const y = parse(b)
  if (y.coefficient === 0) return undefined
  const left = [...x.symbols]
  for (const s of y.symbols) {
    const i = left.indexOf(s)
    if (i < 0) return undefined
    left.splice(i, 1)
  }
  const coefficient = x.coefficient / y.coefficient
  return Number.isInteger(coefficient) ? format({ coefficient, symbols: left }) : undefined
}

/**
 * A dim computed from another by `f`, e.g. the output size of a strided window; symbolic when `d` is.
 * `text` names the result for a symbolic `d` (`ceil(H/2)`); it must be a function of the same arguments as `f`.
 */
export function mapDim(d: Dim, f: (n: number) => number, text: (name: string) => string): Dim {
  if (typeof d === 'number') return f(d)
  const name = text(d)
  invariant(name.length < 4096, 'a symbolic dim grew beyond bounds')
  return name === d ? d : `(${name})`
}

/** a + b; numbers are added, a zero is dropped, anything else is an opaque sum. */
export function addDims(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + b
  if (a === 0) return b
  if (b === 0) return a
  return `(${[a, b].map(String).sort().join('+')})`
}
