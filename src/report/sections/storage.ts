import { formatCount, printable } from '../../inspect/notation.ts'
import type { BufferInfo, Inspection } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'
import { countCell, dataTable, type Row } from '../table.ts'
import { bufferId, type ModelView, tensorId } from './view.ts'

export function opcodeSection({ inspection, prefix }: ModelView): Markup {
  const columns = [{ title: '#', isNumber: true }, { title: 'Op' }, { title: 'Version', isNumber: true }, { title: 'Uses', isNumber: true }]
  const rows = inspection.opcodes.map((code) => ({
    cells: [
      code.index,
      html`${printable(code.op)}${code.isCustom && html` <span class="tag">custom</span>`}`,
      countCell(code.version),
      countCell(code.uses),
    ],
  }))
  return html`<section id="${prefix}-opcodes"><h2>Operator codes <span class="n">${rows.length}</span></h2>${dataTable(columns, rows, { noun: 'codes', filter: false })}</section>`
}

/** Buffers that hold something; empty ones stand for results. */
export function bufferSection(view: ModelView): Markup {
  const { inspection, prefix } = view
  const columns = [{ title: '#', isNumber: true }, { title: 'Bytes', isNumber: true }, { title: 'Used by' }, { title: 'Remarks' }]
  const held = inspection.buffers.filter((b) => b.sizeBytes > 0)
  const empty = inspection.buffers.length - held.length
  return html`<section id="${prefix}-buffers"><h2>Buffers <span class="n">${formatCount(held.length)} with data, ${formatCount(empty)} empty</span></h2>
${dataTable(
  columns,
  held.map((b) => bufferRow(view, b)),
  { noun: 'buffers' },
)}</section>`
}

/** Users that are listed; the rest is counted. */
const maxUsers = 8

function bufferRow(view: ModelView, b: BufferInfo): Row {
  const { inspection, prefix } = view
  const users: Content[] = b.tensors.slice(0, maxUsers).map(({ subgraph, tensor }, i) => {
    const name = inspection.subgraphs[subgraph]!.tensors[tensor]!.name
    return [
      i > 0 ? html`<br>` : '',
      html`<a class="ref" href="#${tensorId(prefix, subgraph, tensor)}">${tensor}</a> <span class="name">${printable(name, 120)}</span>`,
    ]
  })
  const more = b.tensors.length - maxUsers
  const metadata = b.metadata.map((name) => html` <span class="tag">metadata</span> <span class="name">${printable(name, 80)}</span>`)
  return {
    id: bufferId(prefix, b.index),
    cells: [
      b.index,
      countCell(b.sizeBytes),
      [users, more > 0 && ` … ${more} more`, metadata, b.tensors.length + metadata.length === 0 && html`<span class="bad">nothing</span>`],
      remarks(b),
    ],
  }
}

function remarks({ tensors, fill, duplicateOf, sizeBytes }: BufferInfo): string {
  return [
    ...(tensors.length > 1 ? [`shared by ${tensors.length} tensors`] : []),
    ...(fill === 'zeros' ? ['all zeros'] : fill === 'splat' ? ['one value throughout'] : []),
    ...(duplicateOf === null ? [] : [`same bytes as buffer ${duplicateOf}, ${formatCount(sizeBytes)} bytes could go`]),
  ].join(', ')
}

export function metadataSection({ inspection, prefix }: ModelView): Content {
  const { metadata } = inspection
  if (metadata.length === 0) return null
  return html`<section id="${prefix}-metadata"><h2>Metadata <span class="n">${metadata.length}</span></h2>
<div class="panel scroll"><table><thead><tr><th>Name</th><th class="num">Bytes</th><th class="num">Buffer</th><th>Contents</th></tr></thead><tbody>
${metadata.map(
  (m) =>
    html`<tr><td class="name">${printable(m.name)}</td><td class="num">${formatCount(m.sizeBytes)}</td><td class="num"><a class="ref" href="#${bufferId(prefix, m.buffer)}">${m.buffer}</a></td><td class="name">${metadataText(inspection, m.name, m.text)}</td></tr>
`,
)}</tbody></table></div></section>`
}

function metadataText({ conversion }: Inspection, name: string, text: string | null): Content {
  if (text !== null) return printable(text)
  if (name === 'CONVERSION_METADATA' && conversion) return html`<span class="soft">decoded in the overview</span>`
  return html`<span class="faint">binary</span>`
}

export function warningSection({ inspection, prefix }: ModelView): Content {
  if (inspection.warnings.length === 0) return null
  return html`<section id="${prefix}-warnings"><h2>Warnings <span class="n">${inspection.warnings.length}</span></h2>
<div class="panel pad">${inspection.warnings.map((w) => html`<p>${printable(w.message)}${w.hint && html` <span class="soft">${printable(w.hint)}</span>`}</p>`)}</div></section>`
}
