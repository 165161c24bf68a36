import { basename, resolve } from 'node:path'
import type { CalibrationRecord } from '../../src/calibrate/calibration.ts'
import { type Converted, type ConvertOptions, quantizeConverted } from '../../src/convert.ts'
import { refuseUnfitCorrection, staticModes } from '../../src/quantize/quantize.ts'
import type { Action, Recipe } from '../../src/quantize/recipe/recipe.ts'
import type { QuantizeOptions } from '../../src/quantize/types.ts'
import { observedHessians } from '../../src/quantize/weights/observed-layers.ts'
import { type ObservingAlgorithm, observingAlgorithms } from '../../src/quantize/weights/scheme.ts'
import { calibrationWithoutUse } from '../diagnostics.ts'
import type { OptionValues } from '../options.ts'
import type { Terminal } from '../terminal.ts'
import type { convertOptions } from '../verbs/convert.ts'
import type { CheckSamples } from './check-on-samples.ts'
import { preprocessesOf } from './preprocess.ts'

export interface CalibrationSummary {
  readonly data: CalibrationRecord['data']
  readonly preprocess: CalibrationRecord['preprocess']
  readonly method: CalibrationRecord['method']
  readonly estimator: string
  readonly timeMs: number
}

type CalibratedOptions = Pick<
  OptionValues<typeof convertOptions>,
  'calibration' | 'estimator' | 'quantize' | 'jobs' | 'max-samples' | 'preprocess' | 'skip-bad'
> & { readonly recipe: Recipe | undefined }

/** Whether activations are stored as integers. */
export function isStatic({ recipe, quantize }: Pick<CalibratedOptions, 'recipe' | 'quantize'>): boolean {
  return recipe ? recipe.rules.some((r) => r.action.kind === 'static') : staticModes.has(quantize)
}

/** Options that a mode without quantization refuses. */
const unquantized: QuantizeOptions = {
  io: undefined,
  keepFloat: [],
  recipe: undefined,
  weightsAlgorithm: undefined,
  biasCorrection: false,
  blockSize: undefined,
  asymmetric: false,
  inputStats: undefined,
  defaultRange: undefined,
}

/** The float model first, then the ranges of its activations, then the mode. */
export async function runCalibrated(
  run: (how: ConvertOptions) => Converted,
  how: ConvertOptions,
  path: string,
  options: CalibratedOptions,
  terminal: Terminal,
): Promise<{ converted: Converted; calibration: CalibrationSummary; samples: CheckSamples | undefined }> {
  const begin = performance.now()
  const { recipe } = options
  const usesRanges = isStatic(options)
  const sampled = sampledIn(how)
  refuseUnfitCorrection(how)
  if (!usesRanges && sampled === undefined && !how.biasCorrection)
    throw calibrationWithoutUse(recipe?.name ?? options.quantize, [...staticModes])
  const [{ calibrationFor }, { estimatorOf }] = await Promise.all([import('./calibration.ts'), import('../../src/calibrate/index.ts')])
  const estimator = estimatorOf(options.estimator ?? 'min-max')
  const before = run({ ...how, ...unquantized, mode: 'none', keepGrids: true })
  const { preprocess, jobs } = options
  const plan = sampled === undefined ? undefined : (await import('../../src/quantize/observe.ts')).layersToObserve(before.floatModel, how)
  const settings = {
    ...{ preprocess, jobs, maxSamples: options['max-samples'], skipBad: options['skip-bad'], terminal },
    ...(plan && sampled !== undefined && { observe: { sums: plan.sums, algorithm: sampled } }),
  }
  const found = await calibrationFor(before.floatModel, basename(resolve(path)), options.calibration, settings)
  const { calibration, diagnostics, data: samples } = found
  const converted = quantizeConverted(before, {
    ...how,
    ranges: calibration.ranges(before.floatModel, estimator),
    ...(how.biasCorrection && { means: calibration.means(before.floatModel) }),
    ...(plan && { hessians: observedHessians(plan, found.hessians) }),
  })
  const { data, preprocess: by, method } = calibration.record
  return {
    converted: { ...converted, diagnostics: [...converted.diagnostics, ...diagnostics] },
    calibration: { data, preprocess: by, method, estimator: estimator.name, timeMs: Math.round(performance.now() - begin) },
    samples: usesRanges && samples ? { data: samples, preprocess: preprocessesOf(preprocess) } : undefined,
  }
}

const algorithmOf = (action: Action) => ('scheme' in action ? action.scheme : 'weights' in action ? action.weights : undefined)?.algorithm

/** The algorithm that asks for samples, where one does. */
function sampledIn({ recipe, weightsAlgorithm }: ConvertOptions): ObservingAlgorithm | undefined {
  const asked = recipe ? recipe.rules.map((r) => algorithmOf(r.action)) : [weightsAlgorithm]
  return observingAlgorithms.find((a) => asked.includes(a))
}
