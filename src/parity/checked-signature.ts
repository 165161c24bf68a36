import type { DType } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { Shape } from '../core/shape.ts'
import type { SourceGraph, SourceModel } from '../import/source-graph.ts'
import type { Model } from '../ir/types.ts'
import type { Foreseen } from '../run/litert.ts'
import type { Feeds } from '../run/runner.ts'
import { isUnknown, type Unknown } from './evaluate-source.ts'
import { indexBounds } from './index-bounds.ts'
import { plainNumbers } from './plain-numbers.ts'

/** An input of a source: what to make up for it. */
export interface CheckedInput {
  readonly name: string
  /** Undefined for a type the IR has no name for. */
  readonly dtype: DType | undefined
  /** Unknown sizes are named; undefined when the rank is unknown. */
  readonly shape: Shape | undefined
  /** Its integers stand for reals. */
  readonly isQuantized?: boolean
  /** Nothing reads its integers but as numbers. */
  readonly isPlain?: boolean
  /** Above every index that it may hold. */
  readonly bound: number | undefined
}

/** A signature as the source has it, whatever its format. */
export interface CheckedSignature {
  readonly name: string
  /** The graph that it became. */
  readonly graph: number
  readonly inputs: readonly CheckedInput[]
  readonly outputs: readonly { readonly name: string }[]
  /** Edge values lead to ties that nothing says how to break. */
  readonly hasTies: boolean
  /** A run leaves something behind that the next one reads. */
  readonly keepsState: boolean
  /** Translated from modules of StableHLO: at other sizes of its inputs it would be another model, and the translation is not checked. */
  readonly hasModules?: boolean
}

/** Equal scores, and halves of a grid that is itself rounded. */
const tied = /^(NonMaxSuppression|CombinedNonMaxSuppression|FakeQuant|QuantizeAndDequantize)/

/** The signatures of a source that `model` has. */
export function signaturesOf(source: SourceModel, model: Model): CheckedSignature[] {
  return model.signatures.flatMap((s) => {
    const graph = source.graphs.find((g) => g.name === s.key)
    return graph ? [signatureOf(graph, s.graph)] : []
  })
}

function signatureOf(source: SourceGraph, graph: number): CheckedSignature {
  const bounds = indexBounds(source)
  const plain = plainNumbers(source)
  return {
    name: source.name,
    graph,
    inputs: source.inputs.map(({ name, dtype, shape }) => ({ name, dtype, shape, isPlain: plain.has(name), bound: bounds.get(name) })),
    outputs: source.outputs,
    hasTies: source.nodes.some((n) => tied.test(n.op)),
    keepsState: source.nodes.some((n) => n.variable?.isWritten),
    ...(source.hasModules && { hasModules: true }),
  }
}

export function feedsOf({ inputs }: CheckedSignature, values: readonly NdArray[]): Feeds {
  return new Map(inputs.map((p, i) => [p.name, values[i]!]))
}

/** What the written model is to give, by the shapes of what the source gives; undefined where that is not all known. */
export function foreseenOf(
  { name, inputs, outputs }: CheckedSignature,
  given: readonly NdArray[],
  expected: readonly (NdArray | Unknown)[],
): Foreseen | undefined {
  const shapes = expected.flatMap((e, o) => (isUnknown(e) ? [] : [[outputs[o]!.name, e.shape] as const]))
  if (shapes.length < outputs.length) return undefined
  return { signature: name, inputs: new Map(inputs.map((p, i) => [p.name, given[i]!.shape])), outputs: new Map(shapes) }
}

/** Integers of which nothing says what they may be. */
export function hasFreeIntegers({ inputs }: CheckedSignature): boolean {
  return inputs.some((p) => p.dtype !== undefined && /^[iu](32|64)$/.test(p.dtype) && !p.isPlain && p.bound === undefined)
}

/** Truth values, which may switch training on. */
export function hasFlags({ inputs }: CheckedSignature): boolean {
  return inputs.some((p) => p.dtype === 'bool')
}

/** The same inputs with all truth values false. */
export function withoutFlags(inputs: readonly NdArray[]): readonly NdArray[] {
  return inputs.map((x) => (x.dtype === 'bool' ? { ...x, bytes: new Uint8Array(x.bytes.byteLength) } : x))
}
