import { escapeMarkup } from '../../page/escape.ts'
import type { Diagram, DiagramNode } from './diagram.ts'
import { type BoxSize, type Layout, layOut, type Point } from './layout.ts'
import { textWidth } from './text-width.ts'

const titleSize = 12
const lineSize = 11
const lineHeight = 15
const paddingX = 14

export interface Drawing {
  readonly width: number
  readonly height: number
  /** Contents of an `svg` element of that size; styled by classes only. */
  readonly body: string
}

/**
 * Draws a diagram. Boxes are `g.node` with `data-op` (operator) or `data-tensor`, edges `path.edge` with `data-from` and `data-to`
 * (positions of the boxes, which have them as `data-n`); ids start with `prefix`, which must be unique in its page.
 */
export function drawDiagram(diagram: Diagram, prefix: string): Drawing {
  const layout = layOut(diagram.nodes.map(boxSize), diagram.edges)
  const arrow = `${escapeMarkup(prefix)}arrow`
  const edges = diagram.edges.map(({ from, to }, i) => {
    return `<path class="edge" data-from="${from}" data-to="${to}" d="${curve(layout.curves[i]!)}" marker-end="url(#${arrow})"/>`
  })
  const nodes = diagram.nodes.map((node, i) => drawNode(node, i, layout))
  const marker =
    `<defs><marker id="${arrow}" viewBox="0 0 8 8" refX="7" refY="4" markerUnits="userSpaceOnUse" markerWidth="9" markerHeight="9" orient="auto">` +
    '<path class="head" d="M0 .8 7.5 4 0 7.2z"/></marker></defs>'
  return {
    width: Math.max(layout.width, 60),
    height: Math.max(layout.height, 40),
    body: `${marker}<g class="edges">${edges.join('')}</g><g class="nodes">${nodes.join('')}</g>`,
  }
}

function boxSize({ title, lines }: DiagramNode): BoxSize {
  const text = Math.max(textWidth(title, titleSize, 'bold'), ...lines.map((line) => textWidth(line, lineSize)))
  return { width: Math.ceil(Math.max(96, text + 2 * paddingX)), height: 12 + lineHeight * (1 + lines.length) + 5 }
}

function drawNode({ kind, ref, family, title, lines }: DiagramNode, n: number, layout: Layout): string {
  const { x, y, width, height } = layout.boxes[n]!
  const isPort = kind !== 'operator'
  const data = isPort ? `data-tensor="${ref}"` : `data-op="${ref}"`
  const shape = `<rect width="${width}" height="${height}" rx="${isPort ? Math.min(22, height / 2) : 7}"/>`
  const mark = isPort ? '' : `<path class="mark" d="M0 7a7 7 0 0 1 4-6.3v${height - 1.4}a7 7 0 0 1-4-6.3z"/>`
  const center = width / 2 + (isPort ? 0 : 2)
  const text = [
    `<text class="t" x="${center}" y="${6 + lineHeight - 2}">${escapeMarkup(title)}</text>`,
    ...lines.map((line, i) => `<text x="${center}" y="${6 + lineHeight * (i + 2) - 2}">${escapeMarkup(line)}</text>`),
  ]
  const className = isPort ? 'node port' : `node f-${family}`
  return `<g class="${className}" data-n="${n}" ${data} transform="translate(${x} ${y})">${shape}${mark}${text.join('')}</g>`
}

/** A curve that runs vertically through each point. */
function curve(points: readonly Point[]): string {
  const [first, ...rest] = points
  let d = `M${first!.join(' ')}`
  let [px, py] = first!
  for (const [x, y] of rest) {
    if (x === px) d += `V${y}`
    else {
      const bend = round((y - py) / 2)
      d += `C${px} ${round(py + bend)} ${x} ${round(y - bend)} ${x} ${y}`
    }
    px = x
    py = y
  }
  return d
}

function round(n: number): number {
  return Math.round(n * 10) / 10
}
