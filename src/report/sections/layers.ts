import { formatAmount, formatBytes, formatCount, printable } from '../../inspect/notation.ts'
import { type Content, html, type Markup, raw } from '../../page/html.ts'
import { hasManyLayers, layerSteps } from './layer-path.ts'
import { type ModelView, operatorLink, shareBar } from './view.ts'

/** A step of the paths of the layers, with what is below it. */
interface LayerNode {
  readonly name: string
  readonly children: Map<string, LayerNode>
  readonly operators: { readonly graph: number; readonly operator: number }[]
  count: number
  weightBytes: number
  parameters: number
  macs: number
}

const maxDepth = 12
/** Operators that are listed in one layer. */
const maxListed = 60

/** The source layers as a tree that folds, with sums; nothing when names tell of fewer than two layers. */
export function layerSection(view: ModelView): Content {
  const { inspection, prefix } = view
  if (inspection.sizes.byLayer.length < 2) return null
  const root = layerTree(view)
  const top = root.children.size === 1 && root.operators.length === 0 ? [...root.children.values()][0]! : root
  return html`<section id="${prefix}-layers"><h2>Layers <span class="n">${inspection.sizes.byLayer.length}</span></h2>
<div class="panel tree"><div class="tree-row tree-head"><span>Layer${top === root ? '' : html` of <span class="mono">${printable(top.name, 60)}</span>`}</span><span class="num">Operators</span><span class="num">Parameters</span><span class="num">Weights</span><span></span><span class="num">MACs</span></div>
${[...top.children.values()].map((child) => treeNode(view, child, Math.max(1, top.weightBytes), 0))}</div></section>`
}

function layerTree({ inspection }: ModelView): LayerNode {
  const isLong = hasManyLayers(inspection)
  const root = newNode('')
  for (const graph of inspection.subgraphs) {
    for (const o of graph.operators) {
      if (o.layer === null) continue
      const steps = layerSteps(o.layer, isLong)
      const path = steps.length > maxDepth ? [...steps.slice(0, maxDepth - 1), steps.slice(maxDepth - 1).join('/')] : steps
      let node = root
      for (const step of ['', ...path]) {
        if (step !== '') {
          const child = node.children.get(step) ?? newNode(step)
          node.children.set(step, child)
          node = child
        }
        node.count++
        node.weightBytes += o.weightBytes
        node.parameters += o.parameters
        node.macs += o.macs ?? 0
      }
      node.operators.push({ graph: graph.index, operator: o.index })
    }
  }
  return root
}

function newNode(name: string): LayerNode {
  return { name, children: new Map(), operators: [], count: 0, weightBytes: 0, parameters: 0, macs: 0 }
}

function treeNode(view: ModelView, node: LayerNode, whole: number, depth: number): Markup {
  const figures = html`<span class="num">${formatCount(node.count)}</span><span class="num">${node.parameters > 0 ? formatAmount(node.parameters) : ''}</span><span class="num">${node.weightBytes > 0 ? formatBytes(node.weightBytes) : ''}</span><span>${node.weightBytes > 0 ? shareBar(node.weightBytes / whole) : ''}</span><span class="num">${node.macs > 0 ? formatAmount(node.macs) : ''}</span>`
  const listed = node.operators.slice(0, maxListed).map(({ graph, operator }, i) => {
    const g = view.inspection.subgraphs[graph]!
    return [i > 0 ? ' ' : '', operatorLink(view, g, operator), ' ', html`<small>${printable(g.operators[operator]!.op, 40)}</small>`]
  })
  const operators =
    listed.length > 0 &&
    html`<div class="tree-ops" style="--d:${depth + 1}">${listed}${node.operators.length > maxListed && ` … ${formatCount(node.operators.length - maxListed)} more`}</div>`
  const children = [...node.children.values()].map((child) => treeNode(view, child, whole, depth + 1))
  return html`<details${depth === 0 && node.children.size > 0 && node.children.size <= 6 ? raw(' open') : ''}><summary class="tree-row" style="--d:${depth}"><span class="name">${printable(node.name, 80)}</span>${figures}</summary>${operators}${children}</details>
`
}
