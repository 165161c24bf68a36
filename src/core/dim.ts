import { fnv1a } from './hash.ts'
import type { Dim } from './shape.ts'

/*
 * A symbolic dim is a product: `N`, `16*N`, `N*T`, where a factor may be a sum in parentheses, `(1+H)`, `(300-N)`, or an opaque
 * expression such as `(ceil(H/2))`. Both are kept canonical (number first, then symbols sorted), so equal sizes have equal names.
 */

/** Sizes of sizes of sizes: longer names are told apart by their hash. */
const maxLength = 1024

/** The name, or a short one for a long one: equal for equal names. */
function bounded(name: string): string {
  return name.length < maxLength ? name : `(size#${name.length}.${[1, 2, 3].map((k) => fnv1a(`${k}${name}`).toString(16)).join('.')})`
}

interface Monomial {
  readonly coefficient: number
  readonly symbols: readonly string[]
}

function parse(d: Dim): Monomial {
  if (typeof d === 'number') return { coefficient: d, symbols: [] }
  let coefficient = 1
  const symbols: string[] = []
  for (const factor of outsideParentheses(d, '*')) {
    if (/^\d+$/.test(factor)) coefficient *= Number(factor)
    else symbols.push(factor)
  }
  return { coefficient, symbols: symbols.sort() }
}

/** The parts of a text between separators outside of its parentheses. */
export function outsideParentheses(text: string, separator: string): string[] {
  const parts: string[] = []
  let depth = 0
  let start = 0
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')') depth--
    else if (text[i] === separator && depth === 0) {
      parts.push(text.slice(start, i))
      start = i + 1
    }
  }
  parts.push(text.slice(start))
  return parts
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
  return name === d ? d : bounded(`(${name})`)
}

/** a + b; what cancels out is dropped. */
export function addDims(a: Dim, b: Dim): Dim {
  return sum(a, b, 1)
}

/** a - b; what cancels out is dropped, so that a size filled up to another is that other: `N + (300-N)` is 300. */
export function subDims(a: Dim, b: Dim): Dim {
  return sum(a, b, -1)
}

/** Coefficients of products of symbols; the product of none is the number. */
type Terms = Map<string, number>

function sum(a: Dim, b: Dim, sign: 1 | -1): Dim {
  if (typeof a === 'number' && typeof b === 'number') return a + sign * b
  const terms = termsOf(a)
  for (const [product, n] of termsOf(b)) terms.set(product, (terms.get(product) ?? 0) + sign * n)
  return formatSum(terms)
}

function termsOf(d: Dim): Terms {
  const sum = typeof d === 'string' ? parseSum(d) : undefined
  if (sum) return sum
  const { coefficient, symbols } = parse(d)
  return new Map([[symbols.join('*'), coefficient]])
}

/** The terms of a sum as `formatSum` writes it; undefined for all else in parentheses. */
function parseSum(text: string): Terms | undefined {
  if (!text.startsWith('(') || !text.endsWith(')')) return undefined
  const terms: Terms = new Map()
  let depth = 0
  let start = 1
  for (let i = 1; i < text.length; i++) {
    if (text[i] === '(') depth++
    else if (text[i] === ')' && depth > 0) depth--
    else if ('+-)'.includes(text[i]!) && depth === 0 && i > start) {
      const isNegative = text[start] === '-'
      const { coefficient, symbols } = parse(text.slice(/[+-]/.test(text[start]!) ? start + 1 : start, i))
      terms.set(symbols.join('*'), isNegative ? -coefficient : coefficient)
      start = i
    }
  }
  return formatSum(terms) === text ? terms : undefined
}

function formatSum(terms: Terms): Dim {
  const left = [...terms].filter(([, n]) => n !== 0).sort(([x], [y]) => (x < y ? -1 : 1))
  const [only] = left
  if (!only) return 0
  const product = (symbols: string, n: number): Dim => format({ coefficient: n, symbols: symbols === '' ? [] : [symbols] })
  if (left.length === 1 && (only[0] === '' || only[1] > 0)) return product(...only)
  const text = left.map(([symbols, n], i) => `${n < 0 ? '-' : i === 0 ? '' : '+'}${product(symbols, Math.abs(n))}`).join('')
  return bounded(`(${text})`)
}
