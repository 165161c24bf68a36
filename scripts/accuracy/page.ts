import { readFileSync } from 'node:fs'
import { type Cell, type Measured, type Table, type Tool, tools } from './measured.ts'
import { rows } from './rows.ts'

const notes = new URL('./notes.md', import.meta.url)
const titles: Readonly<Record<Tool, string>> = {
  downcast: 'downcast',
  tensorflow: 'TensorFlow 2.21',
  'litert-quantizer': 'litert-quantizer 0.11',
}

/** docs/accuracy.md: the text of notes.md around the tables, one for each model. */
export function accuracyPage(table: Table): string {
  const tables = Object.entries(table).map(([model, byRow]) => modelTable(model, byRow))
  return readFileSync(notes, 'utf8').replace('<!-- tables -->\n', () => tables.join('\n'))
}

function modelTable(model: string, byRow: Table[string]): string {
  const reasons: string[] = []
  const cellText = (cell: Cell | undefined): string => {
    if (!cell) return 'n/a'
    if (!('error' in cell)) return figures(cell)
    const known = reasons.indexOf(cell.error)
    return `fails [${known < 0 ? reasons.push(cell.error) : known + 1}]`
  }
  const lines = rows.flatMap(({ name }) => {
    const cells = byRow[name]
    return cells ? [`| ${name} | ${tools.map((tool) => cellText(cells[tool])).join(' | ')} |`] : []
  })
  const measured = Object.values(byRow).flatMap((cells) => tools.flatMap((t) => cells[t] ?? []))
  return [
    `## ${model}`,
    '',
    headText(measured.find((c) => 'bytes' in c)!),
    '',
    `| | ${tools.map((t) => titles[t]).join(' | ')} |`,
    '|---|---|---|---|',
    ...lines,
    ...(reasons.length > 0 ? ['', ...reasons.map((why, i) => `${i + 1}. \`${why.slice(0, 150)}\``)] : []),
    '',
  ].join('\n')
}

function headText({ samples, correct, agree }: Measured): string {
  const same = agree === undefined ? '' : '; same class as float'
  if (correct !== undefined) return `Bytes; right of ${count(samples)}${same}.`
  return `Bytes; mean and largest error on ${count(samples)} samples${same}.`
}

function figures({ bytes, samples, agree, correct, meanError, maxError }: Measured): string {
  const same = agree === undefined ? [] : [`${((100 * agree) / samples).toFixed(2)} %`]
  const told = correct === undefined ? [`${percent(meanError)}, ${percent(maxError)}`] : [count(correct)]
  return [count(bytes), ...told, ...same].join('; ')
}

const count = (n: number): string => n.toLocaleString('en-US')

function percent(share: number): string {
  // reference.py has this for NaN.
  if (share >= 1e9) return 'NaN'
  return share < 1e-5 ? '< 0.001 %' : `${(100 * share).toPrecision(3)} %`
}
