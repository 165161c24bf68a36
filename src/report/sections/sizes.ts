import { formatAmount, formatBytes, formatCount, printable } from '../../inspect/notation.ts'
import type { Inspection, OpFamily, SizeInfo } from '../../inspect/types.ts'
import { type Content, html, type Markup } from '../../page/html.ts'
import { countCell, dataTable } from '../table.ts'
import { type Rect, squarify } from '../treemap.ts'
import { layerSteps } from './layer-path.ts'
import { familyDot, type ModelView, shareBar } from './view.ts'

/** Where the bytes are: parts of the file, layers as a treemap, ops and types as tables. */
export function sizeSection({ inspection, prefix }: ModelView): Markup {
  const { sizes } = inspection
  return html`<section id="${prefix}-sizes"><h2>Sizes</h2>
${composition(sizes)}
${treemap(inspection)}
<div class="two wide"><div><h3>By op</h3>${opTable(sizes)}</div><div><h3>By type of weight</h3>${dtypeTable(sizes)}</div></div>
</section>`
}

function composition(sizes: SizeInfo): Markup {
  const parts: [label: string, bytes: number, className: string][] = [
    ...sizes.byDType.map((d, i): [string, number, string] => [`${d.dtype} weights`, d.sizeBytes, `w${i % 4}`]),
    ['metadata', sizes.metadataBytes, 'meta'],
    ['unused', sizes.unusedBytes, 'unused'],
    ['structure', sizes.overheadBytes, 'overhead'],
  ]
  const shown = parts.filter(([, bytes]) => bytes > 0)
  const share = (bytes: number) => (100 * bytes) / Math.max(1, sizes.fileBytes)
  return html`<div class="stack" role="img" aria-label="Parts of the file">${shown.map(
    ([label, bytes, className]) =>
      html`<span class="${className}" style="width:${share(bytes).toFixed(2)}%" title="${label}: ${formatCount(bytes)} bytes"></span>`,
  )}</div>
<div class="legend stack-legend">${shown.map(
    ([label, bytes, className]) =>
      html`<span><i class="dot ${className}"></i>${label} <b>${formatBytes(bytes)}</b> <span class="faint">${share(bytes).toFixed(1)}%</span></span>`,
  )}</div>`
}

const maxTiles = 80

interface Tile {
  readonly label: string
  bytes: number
  readonly family: OpFamily
}

/** Layers by their weights; blocks of layers where there are too many to be told apart. */
function treemap(inspection: Inspection): Content {
  const heavy = inspection.sizes.byLayer.filter((l) => l.weightBytes > 0)
  if (heavy.length < 2) return null
  const isBlocks = heavy.length > maxTiles
  const byLabel = new Map<string, Tile>()
  for (const { layer, family, weightBytes } of heavy) {
    const label = printable(isBlocks ? layerSteps(layer, true).slice(0, -1).join('/') || layer : layer, 120)
    const tile = byLabel.get(label) ?? { label, bytes: 0, family }
    tile.bytes += weightBytes
    byLabel.set(label, tile)
  }
  const sorted = [...byLabel.values()].sort((a, b) => b.bytes - a.bytes)
  const rest = sorted.slice(maxTiles)
  const tiles = sorted.slice(0, maxTiles)
  if (rest.length > 0) {
    tiles.push({ label: `${rest.length} smaller ones`, bytes: rest.reduce((n, t) => n + t.bytes, 0), family: 'other' })
    tiles.sort((a, b) => b.bytes - a.bytes)
  }
  const rects = squarify(
    tiles.map((t) => t.bytes),
    200,
    50,
  )
  return html`<h3 class="next">Weights by ${isBlocks ? 'block' : 'layer'} <span class="n">${byLabel.size}</span></h3><div class="treemap">${tiles.map(
    (tile, i) => treemapTile(tile, rects[i]!),
  )}</div>`
}

/** `rect` is in an area of 200 x 50. */
function treemapTile({ label, bytes, family }: Tile, { x, y, width, height }: Rect): Markup {
  const text = label.slice(label.lastIndexOf('/') + 1)
  const place = `left:${(x / 2).toFixed(2)}%;top:${(y * 2).toFixed(2)}%;width:${(width / 2).toFixed(2)}%;height:${(height * 2).toFixed(2)}%`
  return html`<div class="f-${family}" style="${place}" title="${label}: ${formatCount(bytes)} bytes">${width > 8 && height > 6 && html`<b>${text}</b><small>${formatBytes(bytes)}</small>`}</div>`
}

function opTable(sizes: SizeInfo): Markup {
  const most = Math.max(1, ...sizes.byOp.map((s) => s.weightBytes))
  const columns = [
    { title: 'Op' },
    { title: 'Count', isNumber: true },
    { title: 'Weight bytes', isNumber: true },
    { title: '' },
    { title: 'Parameters', isNumber: true },
    { title: 'MACs', isNumber: true },
  ]
  const rows = sizes.byOp.map((s) => ({
    cells: [
      { content: html`${familyDot(s.family)}${printable(s.op)}`, sort: s.op, className: 'nowrap' },
      countCell(s.count),
      countCell(s.weightBytes),
      { content: shareBar(s.weightBytes / most, s.family), sort: s.weightBytes, className: 'bars' },
      countCell(s.parameters),
      s.macs === null ? { content: 'unknown', sort: -1, className: 'num faint' } : { content: formatAmount(s.macs), sort: s.macs },
    ],
  }))
  return dataTable(columns, rows, { noun: 'ops', filter: false })
}

function dtypeTable(sizes: SizeInfo): Markup {
  const columns = [
    { title: 'Type' },
    { title: 'Tensors', isNumber: true },
    { title: 'Elements', isNumber: true },
    { title: 'Bytes', isNumber: true },
  ]
  const rows = sizes.byDType.map((d) => ({ cells: [d.dtype, countCell(d.tensors), countCell(d.elements), countCell(d.sizeBytes)] }))
  return dataTable(columns, rows, { noun: 'types', filter: false })
}
