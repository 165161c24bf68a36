import type { Diagnostics } from '../core/diagnostics.ts'
import type { SourceModel } from '../import/source-graph.ts'
import { isKeras } from './advice.ts'
import { attributesLeftOut, customOpsKept, flexOpsKept, idleAllowance, notForKeras } from './diagnostics.ts'
import { attributeMap } from './opaque/attributes.ts'
import type { OpaqueKind } from './opaque/opaque.ts'
import type { StatedType } from './opaque/result-types.ts'
import type { NodeOutcome } from './outcome.ts'
import { hasFlexKernel } from './tf/flex-ops.ts'

export interface LowerOptions {
  /** TensorFlow ops that may stay as custom ops where they have no lowering; `*` for any. Default: none. */
  readonly allowCustom?: readonly string[] | undefined
  /** TensorFlow ops that may stay as Flex ops where they have no lowering; `*` for any. Default: none. */
  readonly allowFlex?: readonly string[] | undefined
  /** Types of results of such ops, by layer, `layer:1` for the second result. */
  readonly resultTypes?: ReadonlyMap<string, StatedType> | undefined
  /** How many bytes the folding of one op on constants may add to the file, beyond twice what its operands hold. Default: 65,536. */
  readonly foldLimitBytes?: number | undefined
  /** See `BuilderOptions`: for a model that is quantized afterwards. */
  readonly keepGrids?: boolean | undefined
  /** Called for each source node as it is lowered. */
  readonly onNode?: ((outcome: NodeOutcome) => void) | undefined
}

/** Stands for every op. */
const any = '*'

const options: Readonly<Record<OpaqueKind, string>> = { flex: '--allow-flex', custom: '--allow-custom' }

/** The options with what holds for this model: layers of Keras cannot stay as they are. Throws lower/not-for-keras. */
export function checkedAllowances(source: SourceModel, given: LowerOptions): LowerOptions {
  if (!isKeras(source)) return given
  const isNamed = (names: readonly string[] = []) => names.some((n) => n !== any)
  if (isNamed(given.allowFlex)) throw notForKeras(options.flex, source.name)
  if (isNamed(given.allowCustom)) throw notForKeras(options.custom, source.name)
  return { ...given, allowCustom: [], allowFlex: [] }
}

/** How an op may be kept; Flex where both are allowed. */
export function allowedKind(op: string, { allowCustom = [], allowFlex = [] }: LowerOptions): OpaqueKind | undefined {
  const isIn = (names: readonly string[]) => names.includes(op) || names.includes(any)
  return isIn(allowFlex) ? 'flex' : isIn(allowCustom) ? 'custom' : undefined
}

/** Warnings of what was kept, and of allowances that were not needed. */
export function tellAllowances(given: LowerOptions, outcomes: readonly NodeOutcome[], diagnostics: Diagnostics): void {
  const names = (kind: OpaqueKind) => [...new Set(outcomes.filter((o) => o.status === kind).map((o) => o.node.op))]
  const inModel = new Set(outcomes.map((o) => o.node.op))
  for (const kind of ['flex', 'custom'] as const) {
    const kept = names(kind)
    for (const name of (kind === 'flex' ? given.allowFlex : given.allowCustom) ?? []) {
      if (name === any) continue
      const tell = (reason: string) => diagnostics.add('warning', idleAllowance(options[kind], name, reason))
      if (!inModel.has(name)) tell('the model has no such op')
      else if (!kept.includes(name))
        tell(
          names(kind === 'flex' ? 'custom' : 'flex').includes(name)
            ? `${options.flex} comes first`
            : 'it is not needed, the op becomes LiteRT operators',
        )
      else if (kind === 'flex' && !hasFlexKernel(name))
        tell('the Flex delegate of TensorFlow does not list the op; the app must register it with TensorFlow')
    }
  }
  for (const { status, node } of outcomes) {
    const left = status === 'custom' ? attributeMap(node.attrs).left : []
    if (left.length > 0) diagnostics.add('warning', attributesLeftOut(node.op, node.layer[0], left))
  }
  const layers = new Set(outcomes.flatMap((o) => (o.status === 'flex' || o.status === 'custom' ? [o.node.layer[0] ?? o.node.name] : [])))
  for (const name of given.resultTypes?.keys() ?? []) {
    if (!layers.has(name.replace(/:\d+$/, '')))
      diagnostics.add('warning', idleAllowance('--result-type', name, 'no op of this layer is kept as it is'))
  }
  if (names('custom').length > 0) diagnostics.add('warning', customOpsKept(names('custom')))
  if (names('flex').length > 0) diagnostics.add('warning', flexOpsKept(names('flex')))
}
