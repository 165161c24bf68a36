import type { CalibrationRecord } from '../../src/calibrate/calibration.ts'
import { type ConvertOptions, convert, convertTflite } from '../../src/convert.ts'
import type { ByteSink, ByteSource } from '../../src/core/bytes.ts'
import { writeTflite } from '../../src/export/write-tflite.ts'
import { constBytes } from '../../src/ir/const-bytes.ts'
import type { Model } from '../../src/ir/types.ts'
import { explain, ruleNames } from '../../src/optimize/index.ts'
import { checkOutput, writeAtomically } from '../../src/platform/node-output.ts'
import { withError } from '../../src/quantize/decide.ts'
import { blockSizes } from '../../src/quantize/weights/scheme.ts'
import { withPreprocess } from '../../src/run/data/kept-preprocess.ts'
import { type Preprocess, parsePreprocess } from '../../src/run/data/preprocess.ts'
import { missingOption, optionForSource, unknownValue } from '../diagnostics.ts'
import { diagnosticText } from '../failure.ts'
import { progressSink } from '../progress-sink.ts'
import { exportOptions, openModel, openTflite } from '../read-source.ts'
import { withCleanExit } from '../signals.ts'
import { both, irPrinter, irTracer } from '../trace.ts'
import type { Command } from '../verb.ts'
import type { convertOptions } from '../verbs/convert.ts'
import type { CheckReport } from './check.ts'
import { isStatic, runCalibrated } from './convert-calibrated.ts'
import { planText, summaryText } from './convert-text.ts'
import { parseDefaultRanges, parseInputStats } from './input-stats.ts'
import { parsePortTypes } from './port-types.ts'
import { preprocessesOf } from './preprocess.ts'
import { readOptions } from './read-options.ts'
import { readRecipe } from './read-recipe.ts'
import { parseResultTypes } from './shapes.ts'

export const convertCommand: Command<typeof convertOptions> = async ({ args, options, terminal }) => {
  const begin = performance.now()
  const path = args[0]!
  const { output, plan, quantize } = options
  if (output === undefined && !plan) throw missingOption('convert', '-o OUT.tflite')
  const reading = readOptions(options)
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
  const source = tflite ?? (await openModel(path, reading))
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
                    const from = 'model' in source ? source.model : source.source
                    checked = await (await import('./check.ts')).checkWritten(file, from, converted, {
                      mode: recipe ? 'recipe' : quantize,
                      isStatic: isStatic({ recipe, quantize }),
                      budgetSeconds: options['check-seconds'],
                      samples: calibrated?.samples,
                    })
                  },
                }),
            }),
          )
    progress.finish()
    for (const d of checked?.onSamples?.diagnostics ?? []) terminal.err(`${diagnosticText(d, terminal.errStyle)}\n`)
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

/** What `--preprocess` says, else what the calibration was made with. */
function preprocessRecords(values: readonly string[], of: CalibrationRecord['preprocess'] = {}): ReadonlyMap<string, Preprocess> {
  return values.length > 0 ? preprocessesOf(values) : new Map(Object.entries(of).map(([name, text]) => [name, parsePreprocess(text)]))
}

const copiedBytes = 4 << 20

/** Nothing is to be changed, so nothing is. */
function copied(source: ByteSource, sink: ByteSink, minRuntimeVersion: string): { byteLength: number; minRuntimeVersion: string } {
  const { byteLength } = source
  for (let at = 0; at < byteLength; at += copiedBytes) sink.write(source.read(at, Math.min(copiedBytes, byteLength - at)), at)
  return { byteLength, minRuntimeVersion }
}

const sourceOptions = [
  'signature',
  'tags',
  'inputs',
  'outputs',
  'shape',
  'constant',
  'result-type',
  'allow-custom',
  'allow-flex',
  'fold-limit',
  'explain',
] as const

function refuseSourceOptions(options: Readonly<Partial<Record<(typeof sourceOptions)[number], unknown>>>, close: () => void): void {
  for (const name of sourceOptions) {
    const value = options[name]
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    close()
    throw optionForSource(`--${name}`)
  }
}

function operatorCounts(model: Model): Record<string, number> {
  const counts = new Map<string, number>()
  for (const n of model.graphs.flatMap((g) => g.nodes)) counts.set(n.op, (counts.get(n.op) ?? 0) + 1)
  return Object.fromEntries([...counts].sort(([a, x], [b, y]) => y - x || (a < b ? -1 : 1)))
}
