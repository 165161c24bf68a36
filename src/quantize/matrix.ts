import { allSpecs, findSpec } from '../ops/index.ts'
import type { IntegerType, OpSpec, WeightBits } from '../ops/spec.ts'
import type { Action, Recipe } from './recipe/recipe.ts'
import type { QuantizeMode, QuantizeOptions } from './types.ts'
import { blockSizes, type Granularity } from './weights/scheme.ts'

/** Ways to store an op's numbers, as columns of the matrix. */
export const matrixColumns = ['int8', 'uint8', 'int16x8', 'dynamic', 'blocks', 'weight-only'] as const
export type MatrixColumn = (typeof matrixColumns)[number]

/** One way in which an op can stand in a quantized model. */
export interface QuantizedForm {
  /** The op, by its IR name. */
  readonly of: string
  readonly column: MatrixColumn
  /** Unique for the op: `weight-only 4 bits, asymmetric`. */
  readonly label: string
  /** Of its weights; undefined where it has none. */
  readonly bits: WeightBits | undefined
  /** The op that stands in its place, mostly itself. */
  readonly as: string
  /** What makes it so of a model that is this op alone. */
  readonly options: QuantizeOptions
}

export interface MatrixRow {
  /** Name in `BuiltinOperator`. */
  readonly op: string
  readonly forms: readonly QuantizedForm[]
}

/** Every op that can be quantized, with all ways to do it, from the op records. */
export function quantizeMatrix(): readonly MatrixRow[] {
  return allSpecs()
    .map((spec) => ({ op: spec.builtin, forms: [...integerForms(spec), ...weightForms(spec)] }))
    .filter((row) => row.forms.length > 0)
    .sort((a, b) => (a.op < b.op ? -1 : 1))
}

const staticColumns = [
  ['i8', 'int8'],
  ['i8', 'uint8'],
  ['i16', 'int16x8'],
] as const satisfies readonly (readonly [IntegerType, MatrixColumn & QuantizeMode])[]

function integerForms({ name, builtin, quant }: OpSpec): QuantizedForm[] {
  const shared = quant?.sameScales?.operands ?? []
  const weights = quant?.weights?.filter((w) => w.integerAs !== 'activation' && !shared.includes(w.operand)) ?? []
  const bits = weights.length > 0 ? 8 : undefined
  return staticColumns.flatMap(([type, column]): QuantizedForm[] => {
    if (column === 'uint8' && quant?.signedOnly) return []
    if (quant?.integer?.includes(type)) {
      const form = (label: string, options: QuantizeOptions, of: WeightBits | undefined = bits) =>
        ({ of: name, column, label, bits: of, as: name, options }) as const
      const forms: QuantizedForm[] = [form(column, { mode: column, io: 'float32' })]
      if (column === 'uint8') return forms
      if (bits) forms.push(form(`${column}, per tensor`, { mode: column, perTensor: true }))
      for (const small of weights.flatMap((w) => w.small?.integer ?? []))
        for (const granularity of ['per-axis', 'per-tensor'] as const) {
          const label = `${column}, weights of ${small} bits${granularity === 'per-tensor' ? ', per tensor' : ''}`
          const action = {
            kind: 'static',
            type,
            isSymmetric: type === 'i16',
            isUnsigned: false,
            weights: { bits: small, granularity, algorithm: 'min-max' },
          } as const
          forms.push(form(label, { recipe: oneRule(builtin, action) }, small))
        }
      return forms
    }
    const other = quant?.integerForm?.op
    if (other === undefined || column === 'uint8' || !findSpec(other)?.quant?.integer?.includes(type)) return []
    return [{ of: name, column, label: `${column}-only`, bits, as: other, options: { mode: `${column}-only` } }]
  })
}

/** Modes in which ops that pick rows become lookups. */
const tableModes = [
  ['dynamic', 'dynamic-int4', 4],
  ['weight-only', 'weight-only-int8', 8],
  ['weight-only', 'weight-only-int4', 4],
] as const

function weightForms({ name, builtin, quant, movesElements }: OpSpec): QuantizedForm[] {
  const forms: QuantizedForm[] = []
  const add = (column: MatrixColumn, bits: WeightBits, options: QuantizeOptions, ...words: string[]) =>
    forms.push({ of: name, column, label: [`${column} ${bits} bits`, ...words].join(', '), bits, as: name, options })
  if (quant?.weights && (quant.dynamicRange || movesElements)) {
    add('dynamic', 8, { mode: 'dynamic', minElements: 0 })
    if (quant.dynamicRange) add('dynamic', 8, { mode: 'dynamic', minElements: 0, perTensor: true }, 'per tensor')
  }
  if (quant?.tableForm)
    for (const [column, mode, bits] of tableModes)
      forms.push({ of: name, column, label: mode, bits, as: quant.tableForm.op, options: { mode } })
  // A trait that is for the form behind a DEQUANTIZE alone is of another operand of the same op.
  for (const { small } of quant?.weights?.filter((w) => w.small?.dynamic.length !== 0) ?? []) {
    for (const bits of small?.dynamic ?? []) {
      add('dynamic', bits, { recipe: dynamicRecipe(builtin, bits, 'per-axis') }, 'by recipe')
      add('dynamic', bits, { recipe: dynamicRecipe(builtin, bits, 'per-tensor') }, 'by recipe', 'per tensor')
    }
    for (const bits of small?.blocks ?? [])
      for (const size of blockSizes) add('blocks', bits, { recipe: dynamicRecipe(builtin, bits, size) }, `of ${size}`)
    for (const bits of small?.weightOnly ?? []) {
      const mode = bits === 8 ? 'weight-only-int8' : 'weight-only-int4'
      add('weight-only', bits, { mode })
      add('weight-only', bits, { mode, perTensor: true }, 'per tensor')
      add('weight-only', bits, { mode, asymmetric: true }, 'asymmetric')
      add('weight-only', bits, { mode, perTensor: true, asymmetric: true }, 'per tensor', 'asymmetric')
      if (!small?.blocks) continue
      for (const blockSize of blockSizes) {
        add('blocks', bits, { mode, blockSize }, `of ${blockSize}`, 'weight-only')
        add('blocks', bits, { mode, blockSize, asymmetric: true }, `of ${blockSize}`, 'weight-only', 'asymmetric')
      }
    }
  }
  return forms
}

function dynamicRecipe(operation: string, bits: WeightBits, granularity: Granularity): Recipe {
  const scheme = { compute: 'dynamic', bits, isSymmetric: true, granularity, algorithm: 'min-max', minElements: 0 } as const
  return oneRule(operation, { kind: 'weights', scheme })
}

/** For every op of a kind, with the numbers of litert-quantizer. */
const oneRule = (operation: string, action: Action): Recipe => ({ name: 'matrix', rules: [{ path: '[0]', match: { operation }, action }] })

/** What a cell says: bits of the weights, or `yes`, or the op that takes its place and the mode that does so. */
export function matrixCell({ forms }: MatrixRow, column: MatrixColumn): string {
  const found = forms.filter((f) => f.column === column)
  const texts = found.map(({ of, as, bits, label }) => (as === of ? String(bits ?? 'yes') : `as ${findSpec(as)!.builtin} in ${label}`))
  return [...new Set(texts)].sort((a, b) => Number(b) - Number(a) || 0).join(' ')
}
