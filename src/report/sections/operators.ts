import {
  formatAmount,
  formatCount,
  formatQuantization,
  formatRange,
  formatTensorShape,
  listOptions,
  printable,
} from '../../inspect/notation.ts'
import type { OperatorInfo, SubgraphInfo, TensorInfo } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'
import { countCell, dataTable, nameCell, type Row } from '../table.ts'
import { bufferId, familyDot, graphHeading, type ModelView, operatorId, operatorLink, tensorId, tensorLinks } from './view.ts'

export function operatorSection(view: ModelView): Markup {
  const { subgraphs } = view.inspection
  const count = subgraphs.reduce((n, g) => n + g.operators.length, 0)
  return html`<section id="${view.prefix}-operators"><h2>Operators <span class="n">${formatCount(count)}</span></h2>
${subgraphs.map((graph) => [graphHeading(view, graph), operatorTable(view, graph)])}</section>`
}

function operatorTable(view: ModelView, graph: SubgraphInfo): Markup {
  const columns = [
    { title: '#', isNumber: true },
    { title: 'Op' },
    { title: 'Layer' },
    { title: 'Inputs', hint: 'Tensors; constants are framed' },
    { title: 'Outputs' },
    { title: 'Result' },
    { title: 'Options' },
    { title: 'Bytes', isNumber: true, hint: 'Bytes of weights' },
    { title: 'Params', isNumber: true, hint: 'Parameters: elements of weights' },
    { title: 'MACs', isNumber: true },
  ]
  return dataTable(
    columns,
    graph.operators.map((o) => operatorRow(view, graph, o)),
    { noun: 'operators' },
  )
}

function operatorRow(view: ModelView, graph: SubgraphInfo, o: OperatorInfo): Row {
  const id = operatorId(view.prefix, graph.index, o.index)
  const [result] = o.outputs.map((t) => graph.tensors[t]!)
  const version = html`<span class="faint">v${o.version}</span>`
  const hybrid = o.arithmetic === 'hybrid' && html` <span class="tag" title="Float activations, integer weights">hybrid</span>`
  return {
    id,
    className: 'op',
    cells: [
      html`<a href="#${id}">${o.index}</a>`,
      { content: html`${familyDot(o.family)}<b>${printable(o.op)}</b> ${version}${hybrid}`, className: 'nowrap' },
      nameCell(printable(o.layer ?? '')),
      { content: tensorLinks(view, graph, o.inputs, o.inputNames), className: o.inputs.length > 6 ? 'ts' : 'ts few' },
      { content: tensorLinks(view, graph, o.outputs), className: o.outputs.length > 6 ? 'ts' : 'ts few' },
      { content: result && `${result.dtype} ${formatTensorShape(result.shapeSignature)}`, className: 'nowrap' },
      { content: optionList(o), className: 'opts' },
      countCell(o.weightBytes || null),
      countCell(o.parameters || null),
      o.macs === null
        ? { content: 'unknown', sort: -1, className: 'num faint' }
        : { content: o.macs > 0 ? formatAmount(o.macs) : '', sort: o.macs },
    ],
  }
}

/** Usual values are kept for the panel beside the drawing. */
function optionList(o: OperatorInfo): Content {
  const options = listOptions(o.options)
  const usual = options.filter((option) => option.isUsual).map(({ name, value }) => `${name} ${value}`)
  const custom = o.customOptionsBytes > 0 && html`<span class="o">${formatCount(o.customOptionsBytes)} bytes of custom options</span>`
  return [
    options
      .filter((option) => !option.isUsual)
      .map(({ name, value }) => html`<span class="o"><i>${name}</i> ${printable(value, 80)}</span> `),
    custom,
    usual.length > 0 && html`<span class="usual">${usual.join(', ')}</span>`,
  ]
}

export function tensorSection(view: ModelView): Markup {
  const { subgraphs } = view.inspection
  const count = subgraphs.reduce((n, g) => n + g.tensors.length, 0)
  return html`<section id="${view.prefix}-tensors"><h2>Tensors <span class="n">${formatCount(count)}</span></h2>
${subgraphs.map((graph) => [graphHeading(view, graph), tensorTable(view, graph)])}</section>`
}

function tensorTable(view: ModelView, graph: SubgraphInfo): Markup {
  const columns = [
    { title: '#', isNumber: true },
    { title: 'Name' },
    { title: 'Kind' },
    { title: 'Type' },
    { title: 'Shape' },
    { title: 'Bytes', isNumber: true },
    { title: 'Quantization' },
    { title: 'Values' },
    { title: 'Made by' },
    { title: 'Read by' },
    { title: 'Buffer', isNumber: true },
  ]
  return dataTable(
    columns,
    graph.tensors.map((t) => tensorRow(view, graph, t)),
    { noun: 'tensors' },
  )
}

/** Readers that are listed; the rest is counted. */
const maxReaders = 12

function tensorRow(view: ModelView, graph: SubgraphInfo, t: TensorInfo): Row {
  const readers = t.consumers.slice(0, maxReaders).map((o, i) => [i > 0 ? ' ' : '', operatorLink(view, graph, o)])
  const more = t.consumers.length - maxReaders
  return {
    id: tensorId(view.prefix, graph.index, t.index),
    cells: [
      t.index,
      nameCell(printable(t.name)),
      t.isSparse ? `${t.kind}, sparse` : t.kind,
      t.dtype,
      { content: formatTensorShape(t.shapeSignature), sort: t.elements ?? -1, className: 'mono nowrap' },
      countCell(t.sizeBytes),
      formatQuantization(t.quantization) ?? '',
      formatRange(t.range) ?? '',
      { content: t.producer === null ? '' : operatorLink(view, graph, t.producer), className: 'ts' },
      { content: [readers, more > 0 && ` … ${more} more`], className: 'ts' },
      t.kind === 'constant' && html`<a class="ref" href="#${bufferId(view.prefix, t.buffer)}">${t.buffer}</a>`,
    ],
  }
}
