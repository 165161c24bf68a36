import { formatCount, printable } from '../../inspect/notation.ts'
import type { SubgraphInfo } from '../../inspect/types.ts'
import { html, type Markup, raw } from '../../page/html.ts'
import { diagramOf } from '../graph/diagram.ts'
import { drawDiagram } from '../graph/draw-svg.ts'
import { families, familyColors } from '../palette.ts'
import { type ModelView, operatorId } from './view.ts'

/** The drawn structure: one picture a subgraph, a legend, and room for what is known of the operator that is chosen. */
export function structureSection(view: ModelView): Markup {
  const { subgraphs } = view.inspection
  const present = new Set(subgraphs.flatMap((g) => g.operators.map((o) => o.family)))
  const legend = families.filter((f) => present.has(f)).map((f) => html`<span><i class="dot f-${f}"></i>${familyColors[f].label}</span>`)
  const tabs =
    subgraphs.length > 1 &&
    html`<select class="pick" aria-label="Subgraph">${subgraphs.map((g) => html`<option value="${g.index}">${g.index} ${printable(g.name, 60)}</option>`)}</select>`
  return html`<section id="${view.prefix}-structure"><h2>Structure</h2>
<div class="graph panel" data-structure data-model="${view.prefix}">
<div class="bar tools">${tabs}<div class="legend">${legend}</div><div class="zoom" hidden><button type="button" data-zoom="out" aria-label="Zoom out">−</button><button type="button" data-zoom="in" aria-label="Zoom in">+</button><button type="button" data-zoom="fit">Fit</button><button type="button" data-zoom="one">1:1</button></div></div>
<div class="stage"><div class="canvases">${subgraphs.map((g) => canvas(view, g))}</div>
<aside class="detail" hidden aria-live="polite"></aside></div></div></section>`
}

function canvas({ prefix }: ModelView, graph: SubgraphInfo): Markup {
  const { width, height, body } = drawDiagram(diagramOf(graph), `${prefix}-g${graph.index}-`)
  return html`<div class="canvas" data-graph="${graph.index}" tabindex="0" role="group" aria-label="Subgraph ${graph.index}, ${formatCount(graph.operators.length)} operators"${graph.index > 0 ? raw(' hidden') : ''}><svg width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" data-row="${operatorId(prefix, graph.index, 0).slice(0, -1)}">${raw(body)}</svg></div>
`
}
