import { constFromBytes } from '../core/bytes.ts'
import { toDiagnostic } from '../core/diagnostics.ts'
import { withGraphs } from '../ir/graph.ts'
import type { Graph, Model } from '../ir/types.ts'
import type { WeightBits } from '../ops/spec.ts'
import { correctBiases } from './bias-correction/correct-biases.ts'
import {
  ioNeedsStaticMode,
  needsCustomKernel,
  needsMeans,
  nothingCorrected,
  otherAlgorithm,
  unfitOption,
  unknownMode,
  usesTrainedGrids,
} from './diagnostics.ts'
import { float16 } from './float16.ts'
import { keepFloatMatcher } from './keep-float.ts'
import type { Recipe } from './recipe/recipe.ts'
import { followRecipe } from './recipe/recipe-mode.ts'
import { assignGrids } from './static/assign-grids.ts'
import { tensorflowNumbers } from './static/numbers.ts'
import { staticInteger } from './static/static-integer.ts'
import { knownRange, staticMode, storedInputs } from './static/static-mode.ts'
import { isTrained } from './static/trained-grids.ts'
import { type Decision, type KeepFloat, type Quantized, type QuantizeMode, type QuantizeOptions, quantizeModes } from './types.ts'
import type { Hessians } from './weights/hessian.ts'
import { withoutSamples } from './weights/observed-layers.ts'
import { rotationOp } from './weights/rotation.ts'
import { dynamicRange, isSampled, type WeightScheme } from './weights/scheme.ts'
import { smallWeights } from './weights/small-weights.ts'

/** Tells the runtime that the model may compute in f16 with f32 accumulation. @see TFLite delegates/utils/metadata reduced_precision */
const reducedPrecisionKey = 'reduced_precision_support'

type Options = QuantizeOptions & { readonly hessians: Hessians }
type Mode = (model: Model, options: Options, keep: KeepFloat) => Quantized

const modes: Readonly<Record<Exclude<QuantizeMode, 'none'>, Mode>> = {
  dynamic: afterTraining(
    weightMode(({ weightsAlgorithm = 'min-max', perTensor, minElements }) =>
      dynamicRange(weightsAlgorithm, perTensor ? 'per-tensor' : 'per-axis', minElements),
    ),
  ),
  'dynamic-int4': afterTraining(weightMode(fitted('dynamic', 4))),
  'weight-only-int8': afterTraining(weightMode(fitted('weight-only', 8))),
  'weight-only-int4': afterTraining(weightMode(fitted('weight-only', 4))),
  float16: afterTraining((model, options, keep) => {
    const done = eachGraph((graph, _, kept) => float16(graph, kept))(model, options, keep)
    const metadata = new Map(model.metadata)
    metadata.set(reducedPrecisionKey, constFromBytes(new TextEncoder().encode('fp16accfp32')))
    return { ...done, model: { ...done.model, metadata } }
  }),
  int8: staticMode('i8', false),
  'int8-only': staticMode('i8', true),
  uint8: staticMode('u8', false),
  int16x8: staticMode('i16', false),
  'int16x8-only': staticMode('i16', true),
}

/** Modes that need ranges of activations. */
export const staticModes: ReadonlySet<QuantizeMode> = new Set<QuantizeMode>(['int8', 'int8-only', 'uint8', 'int16x8', 'int16x8-only'])

/**
 * A smaller model from a float one; `mode` says how. The input is not changed.
 * Throws `quantize/needs-samples` where an algorithm that rounds by samples has none.
 * Throws `quantize/needs-means` where biases are to be corrected and it has none.
 * Throws `quantize/not-recovered` where weights are to be integers times a scale already and are not.
 * Throws `quantize/unknown-mode`, `quantize/unmatched-pattern`, `quantize/not-finite`, `quantize/io-needs-static-mode`, `quantize/unfit-option`, with a recipe
 * `quantize/unmatched-rule`, and in static modes
 * `quantize/no-ranges`, `quantize/not-integer`, `quantize/unknown-port`, `quantize/port-not-float`, `quantize/unfit-port-type`,
 * `quantize/port-without-range`.
 */
export function quantize(model: Model, options: QuantizeOptions = {}): Quantized {
  const full = { ...options, hessians: options.hessians ?? withoutSamples(model) }
  const done = options.biasCorrection ? withBiases(model, full) : quantized(model, full)
  const others = new Map<string, string[]>()
  for (const { note, tensor } of done.decisions) if (note !== undefined) others.set(note, [...(others.get(note) ?? []), tensor])
  const rotated = done.decisions.filter((d) => d.algorithm === 'hadamard').map((d) => d.layer ?? d.tensor)
  const told = [
    ...Array.from(others, ([why, tensors]) => toDiagnostic(otherAlgorithm(tensors, why), 'info')),
    ...(rotated.length === 0 ? [] : [toDiagnostic(needsCustomKernel(rotationOp, rotated), 'warning')]),
  ]
  return told.length === 0 ? done : { ...done, diagnostics: [...done.diagnostics, ...told] }
}

/** Once to see what the weights become, and again with biases that make good for it. */
function withBiases(model: Model, options: Options): Quantized {
  const { means } = options
  refuseUnfitCorrection(options)
  if (!means) throw needsMeans()
  const plain = quantized(model, options)
  const { model: changed, ...biasCorrection } = correctBiases(model, { decisions: plain.decisions, means, range: knownRange(options) })
  if (biasCorrection.corrected.length > 0) return { ...quantized(changed, options), biasCorrection, correctedModel: changed }
  return { ...plain, biasCorrection, diagnostics: [...plain.diagnostics, toDiagnostic(nothingCorrected(biasCorrection.others), 'warning')] }
}

const withoutIntegers: ReadonlySet<QuantizeMode> = new Set<QuantizeMode>(['none', 'float16'])

/** Throws quantize/unfit-option where biases are to be corrected in a mode whose weights lose nothing, or next to it. */
export function refuseUnfitCorrection({ biasCorrection, mode = 'none', recipe }: QuantizeOptions): void {
  if (!biasCorrection || recipe || !withoutIntegers.has(mode)) return
  throw unfitOption('--bias-correction', mode, quantizeModes.filter((m) => !withoutIntegers.has(m)).join(', '))
}

function quantized(model: Model, options: Options): Quantized {
  const name = options.mode ?? 'none'
  const keep = keepFloatMatcher(model, options.keepFloat ?? [])
  const { recipe } = options
  if (recipe) {
    refuseWithRecipe(recipe, options)
    const follow: Mode = (m, o, k) => followRecipe(m, recipe, o, k)
    const isStatic = recipe.rules.some((r) => r.action.kind === 'static')
    return (isStatic ? follow : afterTraining(follow))(model, options, keep)
  }
  refuseUnfit(name, options)
  if (name === 'none' && options.inputStats)
    return { model: storedInputs(model, options.inputStats, options.io), decisions: [], diagnostics: [] }
  if (options.io !== undefined && options.io !== 'float32' && !staticModes.has(name)) throw ioNeedsStaticMode(name)
  if (name === 'none') return { model, decisions: [], diagnostics: [] }
  const mode = Object.hasOwn(modes, name) ? modes[name] : undefined
  if (!mode) throw unknownMode(name, quantizeModes)
  return mode(model, options, keep)
}

/** Ops between grids that the model was trained on compute in int8, as in TensorFlow; the mode is for the rest. */
function afterTraining(mode: Mode): Mode {
  return (model, options, keep) => {
    if (!model.graphs.some(isTrained)) return mode(model, options, keep)
    const granularity = { granularity: options.perTensor ? 'per-tensor' : 'per-axis' } as const
    const trained = staticInteger(model, {
      ...{ type: 'i8', biasType: 'i32', assign: assignGrids, numbers: tensorflowNumbers, keep },
      weights: () => granularity,
      range: () => undefined,
    })
    const changed = trained.decisions.filter((d) => d.reason === undefined)
    const rest = mode(trained.model, options, keep)
    return {
      ...rest,
      decisions: [...changed, ...rest.decisions],
      diagnostics: [...rest.diagnostics, toDiagnostic(usesTrainedGrids(options.recipe?.name ?? options.mode!), 'info')],
    }
  }
}

/** A recipe says for each rule what these say for a whole model. */
function refuseWithRecipe({ name }: Recipe, options: QuantizeOptions): void {
  const { mode, minElements, perTensor, blockSize, asymmetric, weightsAlgorithm, defaultRange, inputStats } = options
  const given = [
    [mode !== undefined && mode !== 'none', '--quantize'],
    [minElements !== undefined, '--min-elements'],
    [perTensor, '--per-tensor'],
    [blockSize !== undefined, '--block-size'],
    [asymmetric, '--asymmetric'],
    [weightsAlgorithm !== undefined, '--weights-algorithm'],
    [defaultRange !== undefined, '--default-ranges'],
    [inputStats !== undefined, '--input-stats'],
  ] as const
  for (const [isGiven, option] of given) if (isGiven) throw unfitOption(option, `recipe ${name}`, 'conversions without a recipe')
}

const withBlocks: readonly string[] = ['dynamic-int4', 'weight-only-int8', 'weight-only-int4'] satisfies QuantizeMode[]
const eightBits: ReadonlySet<string> = new Set(['uint8', 'int8', 'int8-only'])

/** Options of some modes have no effect in the others. */
function refuseUnfit(mode: string, options: QuantizeOptions): void {
  const { blockSize, asymmetric, perTensor, weightsAlgorithm, defaultRange, inputStats } = options
  if (defaultRange && !eightBits.has(mode)) throw unfitOption('--default-ranges', mode, 'uint8 and int8')
  if (inputStats && !eightBits.has(mode) && mode !== 'none') throw unfitOption('--input-stats', mode, 'uint8, int8 and none')
  if (blockSize !== undefined && !withBlocks.includes(mode)) throw unfitOption('--block-size', mode, withBlocks.join(', '))
  if (blockSize !== undefined && perTensor) throw unfitOption('--per-tensor', `${mode} with --block-size`, 'all modes without --block-size')
  const fitted = [
    'dynamic',
    'dynamic-int4',
    'weight-only-int8',
    'weight-only-int4',
    ...(isSampled(weightsAlgorithm) ? [...staticModes].filter((m) => m !== 'uint8') : []),
  ]
  if (weightsAlgorithm !== undefined && weightsAlgorithm !== 'min-max' && !fitted.includes(mode))
    throw unfitOption(`--weights-algorithm ${weightsAlgorithm}`, mode, fitted.join(', '))
  if (asymmetric && !mode.startsWith('weight-only-')) throw unfitOption('--asymmetric', mode, 'weight-only-int8 and weight-only-int4')
}

/** Weights as a scheme has them, activations float. */
function weightMode(schemeFor: (options: Options) => WeightScheme): Mode {
  return eachGraph((graph, options, keep) => {
    const scheme = schemeFor(options)
    return smallWeights(graph, () => scheme, keep, options.hessians)
  })
}

/** Weights of so many bits with the numbers of litert-quantizer. */
function fitted(compute: WeightScheme['compute'], bits: WeightBits) {
  return ({ perTensor, blockSize, asymmetric = false, minElements = 0, weightsAlgorithm = 'min-max' }: Options): WeightScheme => {
    const granularity = blockSize ?? (perTensor ? 'per-tensor' : 'per-axis')
    const scheme: WeightScheme = {
      compute,
      bits,
      isSymmetric: !asymmetric,
      granularity,
      algorithm: weightsAlgorithm,
      minElements,
      usesLookups: true,
    }
    return weightsAlgorithm === 'oscar' ? { ...scheme, otherwise: { ...scheme, algorithm: 'min-max' } } : scheme
  }
}

function eachGraph(pass: (graph: Graph, options: Options, keep: KeepFloat) => { graph: Graph; decisions: Decision[] }): Mode {
  return (model, options, keep) => {
    const results = model.graphs.map((graph) => pass(graph, options, keep))
    const graphs = results.map((r) => r.graph)
    return { model: withGraphs(model, graphs), decisions: results.flatMap((r) => r.decisions), diagnostics: [] }
  }
}
