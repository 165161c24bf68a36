import {
  converterName,
  formatAmount,
  formatBytes,
  formatCount,
  formatQuantization,
  formatRange,
  formatTensorShape,
  printable,
  rangeReason,
} from '../../inspect/notation.ts'
import type { Inspection, PortInfo, SignatureInfo } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'
import { baseName, type ModelView, tensorLink } from './view.ts'

/** The figures that people compare models by. */
export function figureCards(i: Inspection): Markup {
  const operators = i.subgraphs.reduce((n, g) => n + g.operators.length, 0)
  const hybrid = i.subgraphs.reduce((n, g) => n + g.operators.filter((o) => o.arithmetic === 'hybrid').length, 0)
  const card = (label: string, value: string, detail: string) =>
    html`<div class="card"><div class="k">${label}</div><div class="v">${value}</div><div class="d">${detail}</div></div>`
  const unknown = i.cost.opsWithoutCost.length
  return html`<div class="cards">
${card('File size', formatBytes(i.file.sizeBytes), `${formatCount(i.file.sizeBytes)} bytes`)}
${card('Weights', formatBytes(i.sizes.weightBytes), i.sizes.byDType.map((d) => d.dtype).join(', ') || 'none')}
${card('Parameters', formatAmount(i.cost.parameters), formatCount(i.cost.parameters))}
${card('Work', `${formatAmount(i.cost.macs)} MACs`, unknown > 0 ? `without ${unknown} kinds of ops` : 'for one run')}
${card('Peak activations', formatBytes(i.cost.peakActivationBytes), 'estimate')}
${card('Operators', formatCount(operators), hybrid > 0 ? `${hybrid} hybrid` : `${i.opcodes.length} opcodes`)}
</div>`
}

/** How the weights are stored and computed with, in a few words. */
export function describeScheme({ subgraphs, sizes, conversion }: Inspection): string {
  const operators = subgraphs.flatMap((g) => g.operators)
  const [largest] = sizes.byDType
  const has = (dtype: string) => sizes.byDType.some((d) => d.dtype === dtype)
  if (operators.some((o) => o.arithmetic === 'hybrid')) return 'dynamic range: integer weights, float activations'
  if (has('float16')) return 'float16 weights, float32 activations'
  const integer = operators.filter((o) => o.weightBytes > 0 && o.arithmetic === 'integer' && o.parameters > 0).length
  if (integer > 0) {
    const isAll = operators.every((o) => o.arithmetic === 'integer' || o.family === 'quantize')
    return isAll ? `integer: ${largest?.dtype ?? 'int8'} weights and activations` : 'integer in part, float in part'
  }
  return conversion && conversion.optimizationModes.length > 0 ? conversion.optimizationModes.join(', ') : 'float, not quantized'
}

export function overviewSection(view: ModelView): Markup {
  const i = view.inspection
  return html`<section id="${view.prefix}-overview"><h2>Overview</h2>
<div class="two"><div class="panel pad">${factList(i)}</div><div>
<h3>Inputs</h3><div class="ports">${i.inputs.map((p) => portCard(view, p))}</div>
<h3 class="next">Outputs</h3><div class="ports">${i.outputs.map((p) => portCard(view, p))}</div></div></div>
</section>`
}

function factList(i: Inspection): Markup {
  const { conversion, file, sizes } = i
  const fact = (name: string, value: Content) => value !== null && value !== '' && html`<dt>${name}</dt><dd>${value}</dd>`
  return html`<dl class="facts">
${fact('File', html`<span class="mono">${printable(baseName(file.name))}</span>`)}
${fact('SHA-256', file.sha256 === null ? null : html`<span class="mono">${file.sha256}</span>`)}
${fact('Schema version', file.schemaVersion)}
${fact('Needs runtime', i.minRuntimeVersion === null ? 'not stated' : `${printable(i.minRuntimeVersion)} or newer`)}
${fact('Description', printable(i.description))}
${fact('Converted by', conversion && printable(converterName(conversion)))}
${fact('From', conversion?.modelType ?? null)}
${fact('Optimization', conversion && (conversion.optimizationModes.join(', ') || 'none'))}
${fact('Arithmetic', describeScheme(i))}
${fact('Subgraphs', i.subgraphs.length)}
${fact('Structure', `${formatCount(sizes.overheadBytes)} bytes of names, tables and alignment`)}
${fact('Stored twice', sizes.duplicateBytes > 0 ? `${formatCount(sizes.duplicateBytes)} bytes of weights` : null)}
${fact('Zeros', sizes.zeroBytes > 0 ? `${formatCount(sizes.zeroBytes)} bytes of weights` : null)}
${fact('Unused', sizes.unusedBytes > 0 ? `${formatCount(sizes.unusedBytes)} bytes that nothing refers to` : null)}
${fact('Cost unknown', i.cost.opsWithoutCost.map((op) => printable(op)).join(', '))}
</dl>`
}

function portCard(view: ModelView, port: PortInfo): Markup {
  const graph = view.inspection.subgraphs[port.subgraph]!
  const tensor = graph.tensors[port.tensor]!
  const range = formatRange(tensor.range)
  return html`<div class="panel pad port-card"><div class="port-name"><span class="mono">${printable(port.name)}</span></div>
<dl class="facts"><dt>Type</dt><dd>${tensor.dtype}</dd><dt>Shape</dt><dd class="mono">${formatTensorShape(tensor.shapeSignature)}</dd>
<dt>Quantization</dt><dd>${formatQuantization(tensor.quantization) ?? 'none'}</dd>
<dt>Values</dt><dd>${range === undefined ? html`<span class="soft">not stated</span>` : html`${range} <span class="faint">${rangeReason(tensor.range!)}</span>`}</dd>
<dt>Tensor</dt><dd>${tensorLink(view, graph, port.tensor)} <span class="name">${printable(tensor.name, 120)}</span></dd></dl></div>`
}

export function signatureSection(view: ModelView): Content {
  const { signatures } = view.inspection
  if (signatures.length === 0) return null
  return html`<section id="${view.prefix}-signatures"><h2>Signatures <span class="n">${signatures.length}</span></h2>
<div class="panel scroll"><table><thead><tr><th>Signature</th><th>Side</th><th>Name</th><th>Type</th><th>Shape</th><th class="num">Tensor</th></tr></thead><tbody>
${signatures.map((s) => [portRows(view, s, 'input', s.inputs), portRows(view, s, 'output', s.outputs)])}</tbody></table></div></section>`
}

function portRows(view: ModelView, { key, subgraph }: SignatureInfo, side: string, ports: readonly PortInfo[]): Content {
  const graph = view.inspection.subgraphs[subgraph]!
  return ports.map((port) => {
    const tensor = graph.tensors[port.tensor]!
    return html`<tr><td class="mono">${printable(key)}</td><td>${side}</td><td class="name">${printable(port.name)}</td><td>${tensor.dtype}</td><td class="mono nowrap">${formatTensorShape(tensor.shapeSignature)}</td><td class="num">${tensorLink(view, graph, port.tensor)}</td></tr>
`
  })
}
