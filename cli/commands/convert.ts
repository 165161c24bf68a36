import { basename, resolve } from 'node:path'
import type { CalibrationRecord } from '../../src/calibrate/calibration.ts'
import { type Converted, type ConvertOptions, convert, convertTflite, quantizeConverted } from '../../src/convert.ts'
import type { ByteSink, ByteSource } from '../../src/core/bytes.ts'
import { DowncastError } from '../../src/core/diagnostics.ts'
import { writeTflite } from '../../src/export/write-tflite.ts'
import { printGraph } from '../../src/ir/print.ts'
import type { Graph, Model } from '../../src/ir/types.ts'
import { textRecords } from '../../src/ops/text.ts'
import { type Explanation, explain, ruleNames } from '../../src/optimize/index.ts'
import { checkOutput, writeAtomically } from '../../src/platform/node-output.ts'
import { withError } from '../../src/quantize/decide.ts'
import { refuseUnfitCorrection, staticModes } from '../../src/quantize/quantize.ts'
import type { Action, Recipe } from '../../src/quantize/recipe/recipe.ts'
import type { Decision, QuantizeOptions } from '../../src/quantize/types.ts'
import { observedHessians } from '../../src/quantize/weights/observed-layers.ts'
import { blockSizes, type ObservingAlgorithm, observingAlgorithms } from '../../src/quantize/weights/scheme.ts'
import { withPreprocess } from '../../src/run/data/kept-preprocess.ts'
import { type Preprocess, parsePreprocess } from '../../src/run/data/preprocess.ts'
import { constBytes } from '../const-bytes.ts'
import { calibrationWithoutUse, malformedValue, missingOption, optionForSource, unknownValue } from '../diagnostics.ts'
import { diagnosticText } from '../failure.ts'
import type { OptionValues } from '../options.ts'
import { progressSink } from '../progress-sink.ts'
import { exportOptions, openModel, openTflite } from '../read-source.ts'
import { withCleanExit } from '../signals.ts'
import type { Terminal } from '../terminal.ts'
import { formatBytes, formatCount, formatSeconds, textTable } from '../text.ts'
import { irTracer } from '../trace.ts'
import type { Command } from '../verb.ts'
import type { convertOptions } from '../verbs/convert.ts'
import type { CheckReport } from './check.ts'
import { parseDefaultRanges, parseInputStats } from './input-stats.ts'
import { parsePortTypes } from './port-types.ts'
import { preprocessesOf } from './preprocess.ts'
import { readRecipe } from './read-recipe.ts'
import { parseResultTypes, parseShapes } from './shapes.ts'
import { correctedText, correctionLines, equalizationLines, equalizedText, formatReal } from './transforms-text.ts'

export const convertCommand: Command<typeof convertOptions> = async ({ args, options, terminal }) => {
  const begin = performance.now()
  const path = args[0]!
  const { output, plan, quantize } = options
  if (output === undefined && !plan) throw missingOption('convert', '-o OUT.tflite')
  const shapes = parseShapes(options.shape)
  const resultTypes = parseResultTypes(options['result-type'])
  const onPass = both(
    irPrinter(options['print-ir-after'], (text) => terminal.err(text)),
    options.trace === undefined ? undefined : irTracer(options.trace, options['trace-as']),
  )
  if (output !== undefined && !plan) checkOutput(output)
  if (options.explain !== undefined && !ruleNames.includes(options.explain)) throw unknownValue('--explain', options.explain, ruleNames)

  const recipe = options.recipe === undefined ? undefined : await readRecipe(options.recipe)
  const mode = recipe ? `recipe ${recipe.name}` : quantize

  const tflite = openTflite(path)
  if (tflite) refuseSourceOptions(options, () => tflite.close())
  const { signature, tags, inputs, outputs } = options
  const source = tflite ?? (await openModel(path, { signature, tags, inputs, outputs, shapes }))
  const progress = terminal.progress('writing')
  try {
    const how: ConvertOptions = {
      mode: quantize,
      recipe,
      minElements: options['min-elements'],
      perTensor: options['per-tensor'],
      blockSize: blockSizes.find((size) => String(size) === options['block-size']),
      asymmetric: options.asymmetric,
      weightsAlgorithm: options['weights-algorithm'] === 'min-max' ? undefined : options['weights-algorithm'],
      equalize: options.equalize,
      biasCorrection: options['bias-correction'],
      keepFloat: options['keep-float'],
      io: parsePortTypes(options.io),
      inputStats: parseInputStats(options['input-stats']),
      defaultRange: parseDefaultRanges(options['default-ranges']),
      biasType: options['int16-bias'] === 'int32' ? 'i32' : 'i64',
      allowCustom: options['allow-custom'],
      allowFlex: options['allow-flex'],
      resultTypes,
      foldLimitBytes: options['fold-limit'],
      ...(onPass && { onPass }),
    }
    const run = (h: ConvertOptions) => ('tflite' in source ? convertTflite(source.tflite, h) : convert(source.model, h))
    const calibrated = options.calibration.length === 0 ? undefined : await runCalibrated(run, how, path, { ...options, recipe }, terminal)
    const converted = calibrated?.converted ?? run(how)
    const records = preprocessRecords(options.preprocess, calibrated?.calibration.preprocess)
    const model = withPreprocess(converted.model, records)
    for (const d of converted.diagnostics) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
    const isCopy = tflite !== undefined && mode === 'none' && !options.equalize && records.size === 0
    const write = (sink: ByteSink) => {
      const shown = progressSink(sink, progress, constBytes(model))
      if (isCopy) return copied(tflite.source, shown, tflite.tflite.minRuntimeVersion ?? '')
      return writeTflite(model, shown, exportOptions(converted.source.format, quantize, recipe))
    }
    let checked: CheckReport | undefined
    // A plan states the exact size: everything is computed and nothing kept.
    const written =
      plan || output === undefined
        ? write({ write: () => {} })
        : await withCleanExit(() =>
            writeAtomically(output, write, {
              inputs: source.files,
              ...(!options['no-check'] &&
                !isCopy && {
                  check: async (file) => {
                    progress.finish()
                    const from = 'model' in source ? source.model : { name: source.tflite.name, source: source.source }
                    checked = await (await import('./check.ts')).checkWritten(file, from, converted, {
                      mode: recipe ? 'recipe' : quantize,
                      budgetSeconds: options['check-seconds'],
                    })
                  },
                }),
            }),
          )
    progress.finish()
    const json = {
      source: { path, byteLength: source.byteLength, ...converted.source },
      output: plan ? undefined : output,
      mode,
      byteLength: written.byteLength,
      minRuntimeVersion: written.minRuntimeVersion,
      signatures: converted.model.signatures.map((s) => ({
        key: s.key,
        inputs: s.inputs.map((p) => p.name),
        outputs: s.outputs.map((p) => p.name),
      })),
      operators: operatorCounts(converted.model),
      /** Bytes of results alive at the worst moment; symbolic sizes count as 1. */
      memory: converted.optimized.memory,
      ...(options.explain !== undefined && { explained: explain(options.explain, converted.floatModel, converted.optimized) }),
      ...(converted.equalization && { equalization: converted.equalization }),
      ...(converted.biasCorrection && { biasCorrection: converted.biasCorrection }),
      ...(calibrated && { calibration: calibrated.calibration }),
      decisions: plan ? converted.decisions.map(withError) : converted.decisions,
      diagnostics: converted.diagnostics,
      /** Without the check. */
      timeMs: Math.round(performance.now() - begin - (checked?.timeMs ?? 0)),
      ...(checked && { check: checked }),
    }
    const checkText = checked ? (await import('./check.ts')).checkLines(checked) : isCopy ? ['the file is the source, byte for byte'] : []
    return { json, text: () => (plan ? planText(json) : summaryText(json, checkText)), isResult: plan }
  } finally {
    progress.finish()
    source.close()
  }
}

type CalibratedOptions = Pick<
  OptionValues<typeof convertOptions>,
  'calibration' | 'estimator' | 'quantize' | 'jobs' | 'max-samples' | 'preprocess' | 'skip-bad'
> & { readonly recipe: Recipe | undefined }

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
async function runCalibrated(
  run: (how: ConvertOptions) => Converted,
  how: ConvertOptions,
  path: string,
  options: CalibratedOptions,
  terminal: Terminal,
): Promise<{ converted: Converted; calibration: CalibrationSummary }> {
  const begin = performance.now()
  const { recipe } = options
  const usesRanges = recipe ? recipe.rules.some((r) => r.action.kind === 'static') : staticModes.has(options.quantize)
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
    ...(plan && sampled !== undefined && { observe: { layers: plan.layers, algorithm: sampled } }),
  }
  const found = await calibrationFor(before.floatModel, basename(resolve(path)), options.calibration, settings)
  const { calibration, diagnostics } = found
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
  }
}

const algorithmOf = (action: Action) => ('scheme' in action ? action.scheme : 'weights' in action ? action.weights : undefined)?.algorithm

/** The algorithm that asks for samples, where one does. */
function sampledIn({ recipe, weightsAlgorithm }: ConvertOptions): ObservingAlgorithm | undefined {
  const asked = recipe ? recipe.rules.map((r) => algorithmOf(r.action)) : [weightsAlgorithm]
  return observingAlgorithms.find((a) => asked.includes(a))
}

/** What `--preprocess` says, else what the calibration was made with. */
function preprocessRecords(values: readonly string[], of: CalibrationRecord['preprocess'] = {}): ReadonlyMap<string, Preprocess> {
  return values.length > 0 ? preprocessesOf(values) : new Map(Object.entries(of).map(([name, text]) => [name, parsePreprocess(text)]))
}

interface CalibrationSummary {
  readonly data: CalibrationRecord['data']
  readonly preprocess: CalibrationRecord['preprocess']
  readonly method: CalibrationRecord['method']
  readonly estimator: string
  readonly timeMs: number
}

const copiedBytes = 4 << 20

/** Nothing is to be changed, so nothing is. */
function copied(source: ByteSource, sink: ByteSink, minRuntimeVersion: string): { byteLength: number; minRuntimeVersion: string } {
  const { byteLength } = source
  for (let at = 0; at < byteLength; at += copiedBytes) sink.write(source.read(at, Math.min(copiedBytes, byteLength - at)), at)
  return { byteLength, minRuntimeVersion }
}

const sourceOptions = [
  ...(['signature', 'tags', 'inputs', 'outputs', 'shape', 'result-type', 'allow-custom', 'allow-flex', 'fold-limit', 'explain'] as const),
]

function refuseSourceOptions(options: Readonly<Partial<Record<(typeof sourceOptions)[number], unknown>>>, close: () => void): void {
  for (const name of sourceOptions) {
    const value = options[name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    close()
    throw optionForSource(`--${name}`)
  }
}

interface Summary {
  readonly source: { readonly path: string; readonly byteLength: number }
  readonly output: string | undefined
  readonly mode: string
  readonly byteLength: number
  readonly minRuntimeVersion: string
  readonly signatures: readonly { readonly key: string }[]
  readonly operators: Readonly<Record<string, number>>
  readonly memory: { readonly beforeBytes: number; readonly afterBytes: number }
  readonly explained?: Explanation
  readonly equalization?: Converted['equalization']
  readonly biasCorrection?: Converted['biasCorrection']
  readonly calibration?: CalibrationSummary
  readonly decisions: readonly Decision[]
  readonly timeMs: number
}

/** Reasons shown in a summary; all are in `--plan` and `--json`. */
const shownReasons = 5

function summaryText(s: Summary, check: readonly string[]): string {
  const { changed, kept } = split(s.decisions)
  const rows = [
    ['size', sizes(s)],
    ['signatures', s.signatures.map((x) => x.key).join(', ')],
    ['operators', operatorsText(s.operators)],
    ...(s.mode === 'none' ? [] : [['weights', `${changed.length} of ${s.decisions.length} stored smaller (${s.mode})`]]),
    ...(s.equalization ? [['equalized', equalizedText(s.equalization)]] : []),
    ...(s.biasCorrection ? [['biases', correctedText(s.biasCorrection)]] : []),
    ...(s.calibration ? [['calibrated', calibrationText(s.calibration)]] : []),
    ...(s.memory.afterBytes === 0 ? [] : [['activations', memoryText(s.memory)]]),
    ['runs on', `TFLite ${s.minRuntimeVersion} or newer`],
    ['time', formatSeconds(s.timeMs)],
    ...check.map((line, i) => [i === 0 ? 'checked' : '', line]),
  ]
  const lines = [`${s.source.path} -> ${s.output}`, ...textTable(rows).map((l) => `  ${l}`)]
  if (s.mode !== 'none' && kept.length > 0) {
    lines.push(kept.every((d) => d.from === 'f32') ? '  stays float:' : '  stays as it is:')
    for (const d of kept.slice(0, shownReasons)) lines.push(`    ${d.tensor} (${formatCount(d.elements)} elements): ${d.reason}`)
    if (kept.length > shownReasons) lines.push(`    and ${kept.length - shownReasons} more; --plan shows all`)
  }
  return [...lines, ...(s.explained ? explanationLines(s.explained).map((l) => `  ${l}`) : [])].join('\n')
}

function planText(s: Summary): string {
  const rows = s.decisions.map((d) => [
    d.tensor,
    d.op,
    formatCount(d.elements),
    d.from === d.to ? d.from : `${d.from} -> ${d.to}${d.granularity === 'none' ? '' : ` ${d.granularity}`}`,
    formatCount(d.bytesBefore),
    formatCount(d.bytesAfter),
    ...gridText(d),
    resultsText(d),
    d.reason ?? d.note ?? '',
  ])
  const table = textTable(
    [['tensor', 'read by', 'elements', 'type', 'bytes before', 'after', 'scale', 'SQNR', 'error', 'results', 'why'], ...rows],
    {
      right: [2, 4, 5, 7, 8],
    },
  )
  return [
    `${s.source.path}: ${s.mode === 'none' ? 'nothing is quantized' : `${split(s.decisions).changed.length} of ${s.decisions.length} constants change (${s.mode})`}`,
    `size ${sizes(s)}; operators ${operatorsText(s.operators)}; nothing was written`,
    ...(s.equalization ? equalizationLines(s.equalization) : []),
    ...(s.biasCorrection ? correctionLines(s.biasCorrection) : []),
    ...(s.explained ? explanationLines(s.explained) : []),
    ...(rows.length === 0 ? [] : ['', ...table]),
  ].join('\n')
}

/** Scales and zero points from the smallest to the largest, and what is lost. */
function gridText({ grid, error }: Decision): [scale: string, sqnr: string, error: string] {
  if (!grid) return ['', '', '']
  const span = ([low, high]: readonly [number, number]) => (low === high ? formatReal(low) : `${formatReal(low)} to ${formatReal(high)}`)
  const zeroPoint = grid.zeroPoint.every((z) => z === 0) ? '' : `, zero point ${span(grid.zeroPoint)}`
  const sqnr = error && (error.sqnrDb === null ? 'exact' : `${error.sqnrDb.toFixed(1)} dB`)
  return [`${span(grid.scale)}${zeroPoint}`, sqnr ?? '', error ? formatReal(error.maxAbs) : '']
}

/** How its integers were chosen, and what that does to the results of its layer. */
function resultsText({ algorithm, results, columnFactors }: Decision): string {
  const inDb = (x: number | null) => (x === null ? 'exact' : `${x.toFixed(1)} dB`)
  if (results) return `${algorithm}: ${inDb(results.nearestDb)} -> ${inDb(results.chosenDb)}`
  if (columnFactors) return `${algorithm}: columns times ${columnFactors.map(formatReal).join(' to ')}`
  return algorithm === undefined || algorithm === 'min-max' ? '' : algorithm
}

function calibrationText({ data, estimator, timeMs }: CalibrationSummary): string {
  return `${formatCount(data.samples)} samples of ${data.name} (${estimator}), ${formatSeconds(timeMs)}`
}

function memoryText({ beforeBytes, afterBytes }: Summary['memory']): string {
  const before = afterBytes < beforeBytes ? `, ${formatCount(beforeBytes)} before ops were reordered` : ''
  return `${formatBytes(afterBytes)} at most at a time, of one sample${before}`
}

function explanationLines({ rule, rewrites, changed, nearMisses }: Explanation): string[] {
  return [
    `${rule}: ${rewrites} ${rewrites === 1 ? 'rewrite' : 'rewrites'}, with a part in ${changed.length} ops of the file`,
    ...changed.map((c) => `  ${c.op} from ${c.layers.join(', ') || 'no named layer'}`),
    ...nearMisses.map((m) => `  not ${m.op}${m.layer === undefined ? '' : ` "${m.layer}"`}: ${m.reason}`),
  ]
}

function split(decisions: readonly Decision[]): { changed: Decision[]; kept: Decision[] } {
  return { changed: decisions.filter((d) => d.from !== d.to), kept: decisions.filter((d) => d.from === d.to) }
}

function sizes({ source, byteLength }: Summary): string {
  const ratio = byteLength > 0 ? source.byteLength / byteLength : 0
  return `${formatBytes(source.byteLength)} -> ${formatBytes(byteLength)} (${ratio.toFixed(ratio < 10 ? 2 : 1)}x smaller)`
}

function operatorsText(operators: Readonly<Record<string, number>>): string {
  const list = Object.entries(operators).map(([op, n]) => (n === 1 ? op : `${op} x${n}`))
  return `${Object.values(operators).reduce((a, b) => a + b, 0)}: ${list.join(', ')}`
}

function operatorCounts(model: Model): Record<string, number> {
  const counts = new Map<string, number>()
  for (const n of model.graphs.flatMap((g) => g.nodes)) counts.set(n.op, (counts.get(n.op) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}

type OnPass = (name: string, graph: Graph) => void

function both(a: OnPass | undefined, b: OnPass | undefined): OnPass | undefined {
  if (!a || !b) return a ?? b
  return (name, graph) => {
    a(name, graph)
    b(name, graph)
  }
}

function irPrinter(pattern: string | undefined, print: (text: string) => void): OnPass | undefined {
  if (pattern === undefined) return undefined
  const matches = regex(pattern)
  return (name, graph) => {
    if (matches.test(name)) print(`// ${graph.name} after ${name}\n${printGraph(graph, { records: textRecords })}\n\n`)
  }
}

function regex(pattern: string): RegExp {
  try {
    return new RegExp(pattern)
  } catch (e) {
    if (e instanceof DowncastError || !(e instanceof SyntaxError)) throw e
    throw malformedValue('--print-ir-after', pattern, 'a regular expression')
  }
}
