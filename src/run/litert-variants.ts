import { typedView } from '../core/dtype.ts'
import type { NdArray } from '../core/nd-array.ts'
import type { OutputEdit } from './edit-model.ts'
import type { Compiled } from './litert-compile.ts'
import { maxRank, type PortInfo, type SignatureIo } from './model-io.ts'

/** A signature prepared for inputs of fixed shapes. */
export interface Variant {
  readonly compiled: Compiled
  /** Shapes of the outputs; those without elements are not asked for. Undefined for the model as it is. */
  readonly outputShapes?: readonly (readonly number[])[]
  /** Whether the sizes of the outputs come behind them, to be looked at after each run. */
  readonly isChecked?: boolean
}

/** What to ask for to learn the shapes of a signature's outputs. Those of a scalar are no elements, which LiteRT.js cannot hand out twice. */
export function probes({ outputs }: SignatureIo): OutputEdit[] {
  if (outputs.every(isScalar)) return outputs.map((port) => ({ kind: 'copy', port, shape: [] }))
  return outputs.flatMap((port): OutputEdit[] =>
    isScalar(port)
      ? []
      : [
          { kind: 'rank', port },
          { kind: 'sizes', port },
        ],
  )
}

export function probedShapes(signature: SignatureIo, answers: readonly NdArray[]): number[][] {
  let next = 0
  return signature.outputs.map((port) => {
    if (isScalar(port)) return []
    const [rank] = typedView('i32', answers[next++]!.bytes)
    return [...typedView('i32', answers[next++]!.bytes)].slice(0, Math.min(rank!, maxRank))
  })
}

function isScalar(port: PortInfo): boolean {
  return port.shape.length === 0 && !port.isRankOpen
}

/** The outputs in the signature's order; undefined when they do not have the shapes they were prepared for. */
export function resultsOf(
  { outputShapes, isChecked }: Variant,
  signature: SignatureIo,
  answers: readonly NdArray[],
): NdArray[] | undefined {
  if (!outputShapes) return [...answers]
  let next = 0
  const results = outputShapes.map((shape, i): NdArray => {
    return shape.includes(0) ? { dtype: signature.outputs[i]!.dtype, shape, bytes: new Uint8Array(0) } : answers[next++]!
  })
  const isSame = !isChecked || String(probedShapes(signature, answers.slice(next))) === String(outputShapes)
  return isSame ? results : undefined
}

/** In the order of the ports; undefined where one is missing. */
export function shapesBy(ports: readonly PortInfo[], shapes: ReadonlyMap<string, readonly number[]>): (readonly number[])[] | undefined {
  const found = ports.map((p) => shapes.get(p.name))
  return found.every((s) => s !== undefined) ? found : undefined
}

export function shapesOf(feeds: readonly NdArray[]): (readonly number[])[] {
  return feeds.map((f) => f.shape)
}

export function keyOf(signature: SignatureIo, shapes: readonly (readonly number[])[]): string {
  return JSON.stringify([signature.key, shapes])
}
