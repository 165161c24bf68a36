import { formatCount, formatReal, printable } from '../inspect/notation.ts'
import { textTable } from '../inspect/text-table.ts'
import type { Ranked } from '../run/top-k.ts'
import {
  accuracyChange,
  baseName,
  classText,
  flipCount,
  flipTitle,
  latencyRatioText,
  latencyText,
  scoreText,
  shareText,
  sizeRatioText,
} from './notation.ts'
import { type Comparison, type Difference, flipKinds, type ModelResult } from './types.ts'

export interface FormatOptions {
  /** Flipped samples listed of each kind; default 10. */
  readonly maxFlips?: number
}

const maxName = 44

/** A comparison for the terminal: the table of size, latency and accuracy, then what flipped. Ends without a line break. */
export function formatComparison(c: Comparison, options: FormatOptions = {}): string {
  const sections = [
    [
      `${formatCount(c.data.samples)} samples of ${printable(c.data.name, 60)}${c.data.labeled > 0 ? '' : ' without labels'}; ${c.preprocess}; ${c.runtime}`,
    ],
    modelTable(c),
    ...c.models.flatMap((m) => (m.difference ? [differenceLines(c, m, m.difference, options.maxFlips ?? 10)] : [])),
  ]
  return sections.map((lines) => lines.join('\n')).join('\n\n')
}

function modelTable(c: Comparison): string[] {
  const [reference] = c.models
  const columns = [
    { title: 'model' },
    { title: 'size', align: 'right' },
    { title: '' },
    { title: 'latency', align: 'right' },
    { title: '' },
    { title: 'accuracy', align: 'right' },
    { title: '' },
    { title: 'same class', align: 'right' },
  ] as const
  const rows = c.models.map((m) => [
    printable(m.name, maxName),
    `${formatCount(m.sizeBytes)} bytes`,
    sizeRatioText(m),
    m.latency ? latencyText(m.latency) : '',
    m.latency && m.difference ? latencyRatioText(m.latency) : '',
    m.accuracy ? shareText(m.accuracy) : '',
    accuracyChange(m, reference!),
    m.difference?.agreement ? shareText(m.difference.agreement) : '',
  ])
  return textTable(columns, rows)
}

function differenceLines(c: Comparison, m: ModelResult, d: Difference, maxFlips: number): string[] {
  const isLabeled = d.lost !== null
  const kinds = flipKinds.filter((k) => isLabeled || (k === 'changed' && d.changed !== null))
  const counts = kinds.map(
    (k) =>
      `${formatCount(flipCount(d, k))} ${flipTitle(k, isLabeled, printable(baseName(c.models[0]!.name), maxName), printable(baseName(m.name), maxName))}`,
  )
  const lines = [`${printable(m.name, maxName)} against ${printable(c.models[0]!.name, maxName)}`]
  for (const o of d.outputs) {
    const cosine = o.cosine === null ? '' : `, cosine ${o.cosine.toFixed(7)}`
    lines.push(
      `  output ${printable(o.name, maxName)}: largest error ${formatReal(o.maxAbsError)} (${printable(o.worstSample, maxName)}), mean ${formatReal(o.meanAbsError)}${cosine}`,
    )
  }
  lines.push(...counts.map((text) => `  ${text}`))
  const shown = kinds.flatMap((k) => d.flips.filter((f) => f.kind === k).slice(0, maxFlips))
  if (shown.length === 0) return lines
  const columns = [
    { title: 'sample' },
    { title: 'label' },
    { title: '' },
    { title: printable(baseName(c.models[0]!.name), maxName) },
    { title: printable(baseName(m.name), maxName) },
  ]
  const rows = shown.map((f) => [
    printable(f.name, maxName),
    f.label === null ? '' : printable(classText(f.label, c), 20),
    isLabeled ? f.kind : '',
    rankedText(f.reference, c),
    rankedText(f.candidate, c),
  ])
  lines.push('', ...textTable(columns, rows))
  const total = kinds.reduce((n, k) => n + flipCount(d, k), 0)
  if (total > shown.length) lines.push(`  ${formatCount(total - shown.length)} more: --json lists them, -o PAGE.html shows them`)
  return lines
}

function rankedText(list: readonly Ranked[], c: Comparison): string {
  return list.map((r) => `${printable(classText(r.index, c), 20)} ${scoreText(r)}`).join('  ')
}
