import { formatAmount, formatBytes, formatCount, formatTensorShape, printable } from '../../inspect/notation.ts'
import type { Inspection, TensorInfo } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'
import { countCell, dataTable, nameCell, type Row } from '../table.ts'
import { describeScheme } from './overview.ts'
import { familyDot } from './view.ts'

/** Two models side by side: figures with ratios, sizes by op, and constants matched by name. */
export function comparisonSection(a: Inspection, b: Inspection): Markup {
  return html`<section id="comparison"><h2>Side by side</h2>
<div class="two"><div>${figureTable(a, b)}</div><div>${opTable(a, b)}</div></div>
${constantTable(a, b)}</section>`
}

function figureTable(a: Inspection, b: Inspection): Markup {
  const figure = (label: string, of: (i: Inspection) => number, format: (n: number) => string = formatCount) => {
    return html`<tr><th scope="row">${label}</th><td class="num">${format(of(a))}</td><td class="num">${format(of(b))}</td><td class="num">${ratio(of(a), of(b))}</td></tr>
`
  }
  const text = (label: string, of: (i: Inspection) => Content) =>
    html`<tr><th scope="row">${label}</th><td>${of(a)}</td><td>${of(b)}</td><td></td></tr>
`
  return html`<h3>Figures</h3><div class="panel scroll"><table class="figures"><thead><tr><th></th><th class="num">A</th><th class="num">B</th><th class="num">B of A</th></tr></thead><tbody>
${figure('File bytes', (i) => i.file.sizeBytes)}${figure('Weight bytes', (i) => i.sizes.weightBytes)}${figure('Structure bytes', (i) => i.sizes.overheadBytes)}${figure('Parameters', (i) => i.cost.parameters)}${figure('MACs', (i) => i.cost.macs, formatAmount)}${figure('Peak activations', (i) => i.cost.peakActivationBytes, formatBytes)}${figure('Operators', (i) => i.subgraphs.reduce((n, g) => n + g.operators.length, 0))}${text('Arithmetic', describeScheme)}${text('Weights', (i) => i.sizes.byDType.map((d) => `${d.dtype} ${formatBytes(d.sizeBytes)}`).join(', '))}${text('Needs runtime', (i) => printable(i.minRuntimeVersion ?? 'not stated'))}</tbody></table></div>`
}

/** The second against the first: `27.3%` smaller, `1.50x` larger. */
function ratio(a: number, b: number): Content {
  if (a === b) return html`<span class="faint">same</span>`
  if (a === 0) return ''
  const className = b < a ? 'good' : 'bad'
  return html`<span class="${className}">${b < a ? `${((100 * b) / a).toFixed(1)}%` : `${(b / a).toFixed(2)}×`}</span>`
}

function opTable(a: Inspection, b: Inspection): Markup {
  const ops = [...new Set([...a.sizes.byOp, ...b.sizes.byOp].map((s) => s.op))]
  const columns = [
    { title: 'Op' },
    { title: 'Count A', isNumber: true },
    { title: 'Count B', isNumber: true },
    { title: 'Bytes A', isNumber: true },
    { title: 'Bytes B', isNumber: true },
    { title: 'B of A', isNumber: true },
  ]
  const rows = ops.map((op): Row => {
    const [x, y] = [a, b].map((i) => i.sizes.byOp.find((s) => s.op === op))
    const [p, q] = [x?.weightBytes ?? 0, y?.weightBytes ?? 0]
    return {
      cells: [
        { content: html`${familyDot((x ?? y)!.family)}${printable(op)}`, sort: op, className: 'nowrap' },
        countCell(x?.count ?? 0),
        countCell(y?.count ?? 0),
        countCell(p),
        countCell(q),
        { content: ratio(p, q), sort: p > 0 ? q / p : 0 },
      ],
    }
  })
  return html`<h3>Weights by op</h3>${dataTable(columns, rows, { noun: 'ops', filter: false })}`
}

type Constant = TensorInfo & { readonly subgraph: number }

function constantsOf(i: Inspection): Constant[] {
  return i.subgraphs.flatMap((g) => g.tensors.filter((t) => t.kind === 'constant').map((t) => ({ ...t, subgraph: g.index })))
}

/** Constants of both, matched by name; of equal names in the order of the file. */
export function matchConstants(a: Inspection, b: Inspection): { readonly a: Constant | undefined; readonly b: Constant | undefined }[] {
  const waiting = new Map<string, Constant[]>()
  for (const t of constantsOf(b)) {
    const equal = waiting.get(t.name)
    if (equal) equal.push(t)
    else waiting.set(t.name, [t])
  }
  const pairs: { a: Constant | undefined; b: Constant | undefined }[] = constantsOf(a).map((t) => ({
    a: t,
    b: waiting.get(t.name)?.shift(),
  }))
  const left = [...waiting.values()].flat()
  return [...pairs, ...left.map((t) => ({ a: undefined, b: t }))]
}

function constantTable(a: Inspection, b: Inspection): Markup {
  const pairs = matchConstants(a, b)
  const matched = pairs.filter((p) => p.a && p.b).length
  const columns = [
    { title: 'Constant' },
    { title: 'Shape' },
    { title: 'Type A' },
    { title: 'Type B' },
    { title: 'Bytes A', isNumber: true },
    { title: 'Bytes B', isNumber: true },
    { title: 'B of A', isNumber: true },
  ]
  const rows = pairs.map(({ a: x, b: y }): Row => {
    const [p, q] = [x?.sizeBytes ?? 0, y?.sizeBytes ?? 0]
    const shapes = [...new Set([x, y].flatMap((t) => (t ? [formatTensorShape(t.shape)] : [])))]
    return {
      cells: [
        nameCell(printable((x ?? y)!.name)),
        { content: shapes.join(' → '), sort: (x ?? y)!.elements ?? 0, className: 'mono nowrap' },
        typeCell(x),
        typeCell(y),
        countCell(x ? p : null),
        countCell(y ? q : null),
        { content: x && y ? ratio(p, q) : '', sort: x && y && p > 0 ? q / p : -1 },
      ],
    }
  })
  return html`<h3 class="next">Constants <span class="n">${formatCount(matched)} of ${formatCount(pairs.length)} matched by name</span></h3>${dataTable(columns, rows, { noun: 'constants' })}`
}

function typeCell(t: Constant | undefined): Content {
  if (!t) return html`<span class="faint">not there</span>`
  return t.quantization ? html`${t.dtype} <span class="tag">${t.quantization.granularity}</span>` : t.dtype
}
