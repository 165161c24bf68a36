import type { Converted } from '../../src/convert.ts'
import type { ByteSource } from '../../src/core/bytes.ts'
import { tfliteBytes } from '../../src/export/write-tflite.ts'
import type { SourceModel } from '../../src/import/source-graph.ts'
import { constBytes } from '../../src/ir/const-bytes.ts'
import { checkParity, type ParityGap, type ParityMode, type ParityReport, uncheckedReport } from '../../src/parity/index.ts'
import { openFile } from '../../src/platform/node.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { loadNodeTfJs } from '../../src/platform/node-tfjs.ts'
import type { QuantizeMode } from '../../src/quantize/types.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { formatBytes, formatCount, formatSeconds } from '../text.ts'
import type { CheckSamples, SampleCheck } from './check-on-samples.ts'

export interface CheckReport extends ParityReport {
  /** Where activations are integers, and there are samples. */
  readonly onSamples?: SampleCheck
  /** Largest size of the process in memory so far. */
  readonly peakBytes: number
}

export interface CheckWrittenOptions {
  readonly mode: QuantizeMode | 'recipe'
  /** Whether activations are integers. */
  readonly isStatic: boolean
  readonly samples: CheckSamples | undefined
  readonly budgetSeconds: number
}

/** A file of this format has less; nor does Node read more at once. */
const maxFileBytes = 2 ** 31 - 1

/** Of the whole process. */
function cpuSeconds(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1e6
}

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024

/**
 * The float parity gate on a file that was just written. Of a quantized one the float model is checked, in memory, and the file for gross errors.
 * One with integer activations is run on some of the samples that it was calibrated with. Throws parity/mismatch, parity/cannot-run, parity/wrong-weights.
 */
export async function checkWritten(
  path: string,
  source: SourceModel | ByteSource,
  converted: Converted,
  { mode, isStatic, samples, budgetSeconds }: CheckWrittenOptions,
): Promise<CheckReport> {
  const begin = performance.now()
  const written = openFile(path)
  const runner = liteRtRunner(loadNodeLiteRt)
  try {
    const largest = Math.max(written.byteLength, constBytes(converted.floatModel))
    if (largest > maxFileBytes) {
      const words = `the model has ${formatBytes(largest)}, and what is checked at most ${formatBytes(maxFileBytes)}`
      return { ...uncheckedReport(converted.floatModel, words), peakBytes: peakBytes() }
    }
    const float = mode === 'none' ? written : tfliteBytes(converted.floatModel)
    const report = await checkParity(source, float, {
      runner,
      model: converted.floatModel,
      loadTfJs: loadNodeTfJs,
      budgetSeconds,
      clock: cpuSeconds,
      ...(mode !== 'none' && {
        quantized: {
          contents: written,
          // Results stay near the float ones on any input where activations are float; else on calibrated ones only.
          mode: isStatic ? undefined : (mode as Exclude<ParityMode, 'none'>),
          isRunOnSamples: samples !== undefined,
          decisions: converted.decisions,
          correctedModel: converted.correctedModel,
        },
      }),
    })
    const subjects = { model: converted.floatModel, float, written }
    const onSamples = samples && (await (await import('./check-on-samples.ts')).checkOnSamples(runner, subjects, samples, budgetSeconds))
    return {
      ...report,
      ...(typeof onSamples === 'object' && { onSamples }),
      ...(typeof onSamples === 'string' && { gaps: [...report.gaps, { signature: defaultSignature, reason: onSamples }] }),
      timeMs: Math.round(performance.now() - begin),
      peakBytes: peakBytes(),
    }
  } finally {
    await runner.dispose()
    written.close()
  }
}

/** What was checked and what was not, a line each. */
export function checkLines(report: CheckReport): string[] {
  const { outputs, gaps, evaluators, samples, isReduced, timeMs, peakBytes } = report
  const float = outputs.filter((o) => o.mode === 'none')
  const lines: string[] = []
  if (float.length > 0) {
    const worst = float.reduce((a, b) => (b.shareOfTolerance > a.shareOfTolerance ? b : a))
    const excused = float.reduce((n, o) => n + o.excusedElements, 0)
    const signatures = new Set(float.map((o) => o.signature)).size
    lines.push(
      `${samples.join(', ')} inputs${isReduced ? ` of reduced size (${shapes(report)})` : ''}: ${count(float.length, 'output')}${signatures > 1 ? ` of ${signatures} signatures` : ''} as the source`,
      `largest difference ${worst.largestDifference.toPrecision(2)}, ${share(worst.shareOfTolerance)} of what rounding explains; ${formatSeconds(timeMs)}, ${formatCount(Math.round(peakBytes / 1e6))} MB at the peak of the process`,
      `against ${evaluators.map((e) => `${e.name} (${names(e.ops)})`).join(' and ')}`,
    )
    if (report.isInPieces) lines.push('run piece by piece: it does not fit into the memory of LiteRT.js')
    if (report.isTranslated)
      lines.push('of modules of StableHLO the translation to TensorFlow ops is evaluated, which is itself not checked')
    if (report.onKernels) lines.push(`run by own kernels: ${report.onKernels}`)
    if (excused > 0) lines.push(`${count(excused, 'element')} differ as other roundings on the way make them`)
  }
  for (const o of outputs.filter((o) => o.mode !== 'none'))
    lines.push(`${o.mode}: ${o.output} has ${share(o.shareOfTolerance)} of the error that would be gross`)
  if (report.weights && report.weights.of > 0) {
    const { compared, of } = report.weights
    lines.push(
      `${compared === of ? formatCount(of) : `${formatCount(compared)} of ${formatCount(of)}`} weights stored as integers: on their steps`,
    )
  }
  if (report.onSamples) lines.push(...sampleLines(report.onSamples))
  if (float.length === 0 && !report.weights?.compared && !report.onSamples) lines.push('nothing')
  const isFloatCompared = (signature: string) => float.some((o) => o.signature === signature)
  for (const g of gaps.slice(0, shownGaps)) lines.push(`not ${whatOf(g, isFloatCompared(g.signature))}: ${g.reason}`)
  if (gaps.length > shownGaps) lines.push(`and not ${gaps.length - shownGaps} more; --json lists them`)
  return lines
}

function sampleLines({ data, samples, outputs }: SampleCheck): string[] {
  return outputs.map(
    ({ output, cosine, maxAbsError }) =>
      `on ${count(samples, 'sample')} of ${data}: ${output} is off by ${maxAbsError.toPrecision(2)} at most${cosine === null ? '' : `, a cosine of ${cosine.toFixed(5)} to the float model's`}`,
  )
}

function whatOf({ output, mode, signature }: ParityGap, isFloatCompared: boolean): string {
  const whole = mode ? `in ${mode}` : isFloatCompared ? 'as it is written' : 'at all'
  return output ?? (signature === defaultSignature ? whole : `${signature}${mode ? ` ${whole}` : ''}`)
}

const defaultSignature = 'serving_default'
const shownGaps = 5
const shownOps = 6

function names(ops: Readonly<Record<string, number>>): string {
  const list = Object.keys(ops)
  return list.length <= shownOps ? list.join(', ') : `${list.slice(0, shownOps).join(', ')} and ${list.length - shownOps} other ops`
}

function shapes({ inputShapes }: ParityReport): string {
  return Object.values(inputShapes)
    .flatMap((s) => Object.entries(s))
    .map(([name, shape]) => `${name} ${shape.join('x')}`)
    .join(', ')
}

function share(part: number): string {
  return `${(100 * part).toPrecision(2)} %`
}

function count(n: number, noun: string): string {
  return `${formatCount(n)} ${noun}${n === 1 ? '' : 's'}`
}
