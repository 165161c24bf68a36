import { formatBytes, formatCount, printable } from '../inspect/notation.ts'
import type { Inspection } from '../inspect/types.ts'
import { html, type Markup } from '../page/html.ts'
import { pageShell } from '../page/page-shell.ts'
import { reportScript } from './script.ts'
import { comparisonSection } from './sections/comparison.ts'
import { layerSection } from './sections/layers.ts'
import { operatorSection, tensorSection } from './sections/operators.ts'
import { describeScheme, figureCards, overviewSection, signatureSection } from './sections/overview.ts'
import { sizeSection } from './sections/sizes.ts'
import { bufferSection, metadataSection, opcodeSection, warningSection } from './sections/storage.ts'
import { structureSection } from './sections/structure.ts'
import { baseName, type ModelView } from './sections/view.ts'
import { reportStyle } from './style.ts'

export interface ReportOptions {
  /** Heading of the page; default the name of the file. */
  readonly title?: string
  /** Shown at the end of the page, such as the version that made it. */
  readonly footer?: string
}

/**
 * One HTML page that shows a model, or two side by side: file, inputs and outputs, drawn structure, sizes, layers, operators, tensors,
 * buffers, metadata. The page loads nothing and works without a network; all that comes from the files is escaped. Without scripts all
 * contents are there still.
 */
export function renderReport(
  models: Inspection | readonly [Inspection] | readonly [Inspection, Inspection],
  options: ReportOptions = {},
): string {
  const [a, b] = Array.isArray(models) ? (models as readonly Inspection[]) : [models as Inspection]
  const views: ModelView[] = [a!, ...(b ? [b] : [])].map((inspection, i) => ({ inspection, prefix: i === 0 ? 'a' : 'b' }))
  const title = options.title ?? views.map((v) => baseName(v.inspection.file.name)).join(' and ')
  const body = html`<div class="wrap"><header class="top"><div class="kind">Model report</div><h1>${printable(title)}</h1>
${b ? html`<p class="lead">A: ${lead(a!)}<br>B: ${lead(b)}</p>` : html`<p class="lead">${lead(a!)}</p>${figureCards(a!)}`}
</header></div>
${contents(views)}
<main class="wrap">
${b && comparisonSection(a!, b)}
${b && html`<div class="models">${views.map((v) => html`<button type="button" data-open="${v.prefix}" aria-pressed="false">${v.prefix.toUpperCase()}: ${printable(baseName(v.inspection.file.name), 60)}</button>`)}</div>`}
${views.map((v) => html`<div data-model-page="${v.prefix}">${b && figureCards(v.inspection)}${modelSections(v)}</div>`)}
${options.footer && html`<footer>${printable(options.footer)}</footer>`}
</main>
`
  return pageShell({ title: printable(title), body, style: reportStyle(), script: reportScript })
}

function modelSections(view: ModelView): Markup {
  return html`${warningSection(view)}
${overviewSection(view)}
${structureSection(view)}
${sizeSection(view)}
${layerSection(view)}
${operatorSection(view)}
${tensorSection(view)}
${signatureSection(view)}
${opcodeSection(view)}
${bufferSection(view)}
${metadataSection(view)}`
}

function contents(views: readonly ModelView[]): Markup {
  const { sizes, signatures, metadata, warnings } = views[0]!.inspection
  const sections = [
    ...(warnings.length > 0 ? ['Warnings'] : []),
    'Overview',
    'Structure',
    'Sizes',
    ...(sizes.byLayer.length > 1 ? ['Layers'] : []),
    'Operators',
    'Tensors',
    ...(signatures.length > 0 ? ['Signatures'] : []),
    'Opcodes',
    'Buffers',
    ...(metadata.length > 0 ? ['Metadata'] : []),
  ]
  const links = sections.map((s) => html`<a href="#a-${s.toLowerCase()}" data-section="${s.toLowerCase()}">${s}</a>`)
  return html`<nav class="toc"><div class="wrap">${views.length > 1 && html`<a href="#comparison">Side by side</a>`}${links}</div></nav>`
}

function lead(i: Inspection): string {
  const operators = i.subgraphs.reduce((n, g) => n + g.operators.length, 0)
  return `${formatBytes(i.file.sizeBytes)}, ${formatCount(operators)} operators, ${describeScheme(i)}`
}
