import type { Inspection } from '../../inspect/types.ts'
import { escapeMarkup } from '../../page/escape.ts'
import { families, tint } from '../palette.ts'
import { baseName } from '../sections/view.ts'
import { diagramOf } from './diagram.ts'
import { drawDiagram } from './draw-svg.ts'

/** Least contrast aside, colors that are the same for every family. */
const neutral = {
  light: { paper: '#ffffff', edge: '#9aa3af', port: '#3f4754', portText: '#ffffff', text: '#4b5563' },
  dark: { paper: '#14171c', edge: '#6b7482', port: '#c3c9d2', portText: '#14171c', text: '#a7afbb' },
} as const

/** Style rules of a drawing, one rule a line. */
export function drawingStyle(scheme: 'light' | 'dark'): string {
  const { edge, port, portText, text } = neutral[scheme]
  return [
    `.edge{fill:none;stroke:${edge};stroke-width:1.3}`,
    `.head{fill:${edge}}`,
    `.node text{font:11px system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;text-anchor:middle;fill:${text}}`,
    '.node text.t{font-size:12px;font-weight:600}',
    `.port rect{fill:${port}}`,
    `.port text{fill:${portText}}`,
    ...families.map((f) => {
      const [fill, ink, accent] = (['fill', 'ink', 'accent'] as const).map((part) => tint(f, scheme, part))
      return `.f-${f} rect{fill:${fill};stroke:${accent};stroke-opacity:.45}.f-${f} .t{fill:${ink}}.f-${f} .mark{fill:${accent}}`
    }),
  ].join('\n')
}

/** Room for the heading of a subgraph. */
const headingHeight = 34

/**
 * The structure of a model as a picture of its own: every subgraph below the other, colors as in `families`, light; no script, no
 * reference to anything outside. For a page that has its own style, see `drawDiagram`.
 */
export function renderSvg(inspection: Inspection): string {
  const drawings = inspection.subgraphs.map((graph) => ({ graph, drawing: drawDiagram(diagramOf(graph), `g${graph.index}-`) }))
  const isOne = drawings.length === 1
  let y = 0
  const parts = drawings.map(({ graph, drawing }) => {
    const heading = isOne ? '' : `<text class="h" x="16" y="${y + 24}">Subgraph ${graph.index} ${escapeMarkup(graph.name)}</text>`
    const top = y + (isOne ? 0 : headingHeight)
    y = top + drawing.height
    return `${heading}<g transform="translate(0 ${top})">${drawing.body}</g>`
  })
  const width = Math.max(200, ...drawings.map((d) => d.drawing.width))
  const style = `${drawingStyle('light')}\n.h{font:600 14px system-ui,sans-serif;fill:${neutral.light.text}}`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${y}" viewBox="0 0 ${width} ${y}" role="img">`,
    `<title>${escapeMarkup(baseName(inspection.file.name))}</title>`,
    `<style>${style}</style>`,
    `<rect width="100%" height="100%" fill="${neutral.light.paper}"/>`,
    ...parts,
    '</svg>\n',
  ].join('\n')
}
