import { printable } from '../../inspect/notation.ts'
import type { Inspection, OpFamily, SubgraphInfo } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'

/** One model of a page; ids on the page start with its prefix. */
export interface ModelView {
  readonly inspection: Inspection
  readonly prefix: string
}

export function operatorId(prefix: string, graph: number, operator: number): string {
  return `${prefix}-op-${graph}-${operator}`
}
export function tensorId(prefix: string, graph: number, tensor: number): string {
  return `${prefix}-t-${graph}-${tensor}`
}
export function bufferId(prefix: string, buffer: number): string {
  return `${prefix}-b-${buffer}`
}

/** Number of a tensor that leads to its row; `none` for an absent operand. The script shows what it leads to, and the role. */
export function tensorLink({ prefix }: ModelView, graph: SubgraphInfo, index: number | null, role = ''): Markup {
  const data = role && html` data-role="${role}"`
  if (index === null) return html`<span class="ref none"${data}>none</span>`
  const isConstant = graph.tensors[index]!.kind === 'constant'
  return html`<a class="ref${isConstant && ' const'}"${data} href="#${tensorId(prefix, graph.index, index)}">${index}</a>`
}

export function tensorLinks(
  view: ModelView,
  graph: SubgraphInfo,
  list: readonly (number | null)[],
  roles: readonly string[] = [],
): Content {
  return list.map((t, i) => [i > 0 && ' ', tensorLink(view, graph, t, roles[i])])
}

/** Number of an operator that leads to its row. */
export function operatorLink({ prefix }: ModelView, graph: SubgraphInfo, index: number): Markup {
  return html`<a class="ref" href="#${operatorId(prefix, graph.index, index)}">${index}</a>`
}

/** A colored square before the name of an op. */
export function familyDot(family: OpFamily): Markup {
  return html`<i class="dot f-${family}"></i>`
}

/** Heading of a section's part, when the model has several subgraphs. */
export function graphHeading({ inspection }: ModelView, graph: SubgraphInfo): Content {
  if (inspection.subgraphs.length === 1) return null
  return html`<h3>Subgraph ${graph.index} <span class="name">${printable(graph.name, 80)}</span></h3>`
}

/** A share as a bar behind a number. */
export function shareBar(share: number, family: OpFamily | null = null): Markup {
  const percent = (100 * Math.min(1, Math.max(0, share))).toFixed(1)
  return html`<span class="share${family ? ` f-${family}` : ''}"><span style="width:${percent}%"></span></span>`
}

/** Name of a file without its folders: a page that is passed on need not tell of its author's machine. */
export function baseName(file: string): string {
  return file.slice(Math.max(file.lastIndexOf('/'), file.lastIndexOf('\\')) + 1) || file
}
