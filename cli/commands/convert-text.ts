import type { Converted } from '../../src/convert.ts'
import { formatSizeRatio } from '../../src/inspect/notation.ts'
import type { Explanation } from '../../src/optimize/index.ts'
import type { Decision } from '../../src/quantize/types.ts'
import { formatBytes, formatCount, formatSeconds, textTable } from '../text.ts'
import type { CalibrationSummary } from './convert-calibrated.ts'
import { correctedText, correctionLines, equalizationLines, equalizedText, formatReal } from './transforms-text.ts'

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

export function summaryText(s: Summary, check: readonly string[]): string {
  const { changed, kept } = split(s.decisions)
  const rows = [
    ['size', sizes(s)],
    ...(s.signatures.length === 0 ? [] : [['signatures', s.signatures.map((x) => x.key).join(', ')]]),
    ['operators', operatorsText(s.operators)],
    ...(s.mode === 'none' ? [] : [['weights', `${changed.length} of ${s.decisions.length} stored smaller (${s.mode})`]]),
    ...(s.equalization ? [['equalized', equalizedText(s.equalization)]] : []),
    ...(s.biasCorrection ? [['biases', correctedText(s.biasCorrection)]] : []),
    ...(s.calibration ? [['calibrated', calibrationText(s.calibration)]] : []),
    ...(s.memory.afterBytes === 0 ? [] : [['activations', memoryText(s.memory)]]),
    // A copied file may say neither.
    ...(s.minRuntimeVersion === '' ? [] : [['runs on', `TFLite ${s.minRuntimeVersion} or newer`]]),
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

export function planText(s: Summary): string {
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
  return `${formatBytes(source.byteLength)} -> ${formatBytes(byteLength)} (${formatSizeRatio(source.byteLength / byteLength)})`
}

function operatorsText(operators: Readonly<Record<string, number>>): string {
  const list = Object.entries(operators).map(([op, n]) => (n === 1 ? op : `${op} x${n}`))
  return `${Object.values(operators).reduce((a, b) => a + b, 0)}: ${list.join(', ')}`
}
