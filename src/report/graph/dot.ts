import { formatTensorType, printable } from '../../inspect/notation.ts'
import type { Inspection, OperatorInfo, OpFamily, SubgraphInfo, TensorInfo } from '../../inspect/types.ts'
import { quote as quoteAsIs } from '../../ir/dot.ts'
import { families, familyColors, tint } from '../palette.ts'
import { baseName } from '../sections/view.ts'
import { constantBehind, diagramOf, onlyUnpacks } from './diagram.ts'

export interface DotOptions {
  /** Draw constants as octagons of their own; default true. Off, only operators, inputs and outputs are drawn. */
  readonly constants?: boolean
}

/**
 * The structure of a model in the DOT language of Graphviz: a cluster for each subgraph, operators colored by family, constants as blue
 * octagons, inputs and outputs dark gray, states green; edges carry type and shape. A legend names the families that occur.
 * @see https://graphviz.org/doc/info/lang.html
 */
export function renderDot(inspection: Inspection, options: DotOptions = {}): string {
  const lines = [
    'digraph model {',
    `  graph [label=${quote(baseName(inspection.file.name))}, labelloc=t, rankdir=TB, fontname="Helvetica", nodesep=0.3, ranksep=0.4]`,
    '  node [shape=box, style="rounded,filled", fontname="Helvetica", fontsize=11, margin="0.14,0.07"]',
    '  edge [color="#9aa3af", fontname="Helvetica", fontsize=9, fontcolor="#4b5563", arrowsize=0.7]',
  ]
  for (const graph of inspection.subgraphs) {
    const body = subgraphBody(graph, options.constants ?? true)
    if (inspection.subgraphs.length === 1) lines.push(...body.map((line) => `  ${line}`))
    else {
      lines.push(
        `  subgraph cluster_${graph.index} {`,
        `    label=${quote(`Subgraph ${graph.index} ${graph.name}`)}`,
        '    color="#d0d5dd"',
      )
      lines.push(...body.map((line) => `    ${line}`), '  }')
    }
  }
  lines.push(...legend(inspection), '}')
  return `${lines.join('\n')}\n`
}

function subgraphBody(graph: SubgraphInfo, withConstants: boolean): string[] {
  const { nodes, edges } = diagramOf(graph)
  const id = (n: number) => `s${graph.index}_n${n}`
  const lines = nodes.map(({ kind, title, lines, family }, n) => {
    const style =
      kind === 'operator' ? familyStyle(family ?? 'other') : 'shape=box, style="rounded,filled", fillcolor="#3f4754", fontcolor="#ffffff"'
    return `${id(n)} [label=${quote([title, ...lines].join('\n'))}, ${style}]`
  })
  const boxOfOperator = new Map(nodes.flatMap((node, n) => (node.kind === 'operator' ? [[node.ref, n] as const] : [])))
  const drawn = new Set<number>()
  const operands = (o: OperatorInfo) => {
    for (const t of new Set(o.inputs)) {
      const tensor = t === null ? undefined : (constantBehind(graph, t) ?? (graph.tensors[t]!.isVariable ? graph.tensors[t] : undefined))
      if (!tensor) continue
      const source = `s${graph.index}_t${tensor.index}`
      if (!drawn.has(tensor.index)) lines.push(`${source} [label=${quote(constantLabel(tensor))}, ${constantStyle(tensor)}]`)
      drawn.add(tensor.index)
      lines.push(`${source} -> ${id(boxOfOperator.get(o.index)!)} [style=dashed]`)
    }
  }
  if (withConstants) for (const o of graph.operators) if (!onlyUnpacks(graph, o)) operands(o)
  for (const { from, to, tensors } of edges) {
    const label = tensors.map((t) => formatTensorType(graph.tensors[t]!)).join('\n')
    lines.push(`${id(from)} -> ${id(to)} [label=${quote(label)}]`)
  }
  return lines
}

function constantLabel(tensor: TensorInfo): string {
  return `${printable(tensor.name, 40)}\n${formatTensorType(tensor)}`
}

function constantStyle({ isVariable }: TensorInfo): string {
  return isVariable
    ? 'shape=box, style=filled, fillcolor="#d6f0df", color="#3d9960", fontsize=9'
    : 'shape=octagon, style=filled, fillcolor="#dbe7fb", color="#4a7ed6", fontsize=9'
}

function familyStyle(family: OpFamily): string {
  return `fillcolor="${tint(family, 'light', 'fill')}", color="${tint(family, 'light', 'accent')}", fontcolor="${tint(family, 'light', 'ink')}"`
}

function legend(inspection: Inspection): string[] {
  const present = new Set(inspection.subgraphs.flatMap((g) => g.operators.map((o) => o.family)))
  const shown = families.filter((f) => present.has(f))
  if (shown.length === 0) return []
  const boxes = shown.map((f) => `    legend_${f} [label=${quote(familyColors[f].label)}, ${familyStyle(f)}, fontsize=9]`)
  const chain = shown.length > 1 ? [`    ${shown.map((f) => `legend_${f}`).join(' -> ')} [style=invis]`] : []
  return ['  subgraph cluster_legend {', '    label="Legend"', '    color="#d0d5dd"', ...boxes, ...chain, '  }']
}

const quote = (text: string): string =>
  quoteAsIs(
    text
      .split('\n')
      .map((line) => printable(line))
      .join('\n'),
  )
