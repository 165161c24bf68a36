import { formatBytes, formatCount, formatReal } from '../inspect/notation.ts'
import { html, type Markup } from '../page/html.ts'
import { pageShell } from '../page/page-shell.ts'
import type { Ranked } from '../run/top-k.ts'
import {
  accuracyChange,
  baseName,
  classText,
  flipCount,
  flipTitle,
  latencyRatioText,
  latencyText,
  percentText,
  scoreText,
  shareText,
  sizeRatioText,
} from './notation.ts'
import { pageStyle } from './page-style.ts'
import { type Pixels, pngDataUri } from './png.ts'
import { type Comparison, type Difference, type Flip, type FlipKind, flipKinds, type ModelResult } from './types.ts'

export interface PageOptions {
  /** Small pictures of flipped samples by their index. */
  readonly pictures?: ReadonlyMap<number, Pixels>
  /** Version of downcast, for the foot. */
  readonly version?: string
}

/** A comparison as one page that needs nothing but itself: the table, and every kept sample that flipped, with its picture. */
export function renderComparison(c: Comparison, options: PageOptions = {}): string {
  const [reference, ...candidates] = c.models as [ModelResult, ...ModelResult[]]
  const pictures = new Map(Array.from(options.pictures ?? [], ([index, pixels]) => [index, pngDataUri(pixels)]))
  const body = html`<div class="wrap">
<header class="top">
<div class="kind">Comparison</div>
<h1>${baseName(reference.name)} against ${candidates.map((m) => baseName(m.name)).join(', ')}</h1>
<p class="lead">${formatCount(c.data.samples)} samples of ${baseName(c.data.name)}${c.data.labeled > 0 ? '' : ', without labels'}</p>
${candidates.length === 1 && cards(candidates[0]!, reference)}
</header>
${modelTable(c)}
${candidates.map((m) => differenceSection(c, m, m.difference!, pictures))}
<section><h2>How it was measured</h2><div class="panel pad"><dl class="facts">
<dt>Runtime</dt><dd>${c.runtime}</dd>
<dt>Preprocessing</dt><dd><code>${c.preprocess}</code>: real = (x − mean) / std</dd>
<dt>Latency</dt><dd>Of one inference with the first sample, models in turns: median ± median absolute deviation. The ratio is the median over pairs of runs side by side; it carries over to other machines better than times do.${latencyRanges(candidates)}</dd>
<dt>Data</dt><dd>${c.data.name}</dd>
</dl></div></section>
${c.diagnostics.length > 0 && html`<section><h2>Warnings</h2><div class="panel pad">${c.diagnostics.map((d) => html`<p>${d.message}</p>`)}</div></section>`}
<footer>Made by downcast${options.version && ` ${options.version}`}. This page loads nothing from anywhere.</footer>
</div>`
  return pageShell({
    title: `${baseName(reference.name)} against ${candidates.map((m) => baseName(m.name)).join(', ')}`,
    body,
    style: pageStyle,
  })
}

/** `3.1 to 3.3` with the names of the models where there are several. */
function latencyRanges(candidates: readonly ModelResult[]): string {
  const texts = candidates.flatMap(({ name, latency }) => {
    if (!latency) return []
    const [low, high] = latency.ratioRange
    return [`${baseName(name)} ${low.toFixed(2)} to ${high.toFixed(2)}`]
  })
  return texts.length === 0 ? '' : ` Its range of 95 % confidence: ${texts.join(', ')}.`
}

function cards(m: ModelResult, reference: ModelResult): Markup {
  const card = (k: string, v: string, d: string) =>
    html`<div class="card"><div class="k">${k}</div><div class="v">${v}</div><div class="d">${d}</div></div>`
  const { difference: d } = m
  return html`<div class="cards">
${card('Size', sizeRatioText(m), `${formatBytes(reference.sizeBytes)} → ${formatBytes(m.sizeBytes)}`)}
${m.latency && reference.latency && card('Latency', latencyRatioText(m.latency), `${latencyText(reference.latency)} → ${latencyText(m.latency)}`)}
${m.accuracy && reference.accuracy && card('Accuracy', percentText(m.accuracy), `${accuracyChange(m, reference)} points, from ${percentText(reference.accuracy)}`)}
${d?.agreement && card('Same class', percentText(d.agreement), `${formatCount(d.agreement.of - d.agreement.count)} of ${formatCount(d.agreement.of)} samples differ`)}
</div>`
}

function modelTable(c: Comparison): Markup {
  const [reference] = c.models
  const has = { latency: c.models.some((m) => m.latency), accuracy: c.models.some((m) => m.accuracy), same: c.classOutput !== null }
  const rows = c.models.map(
    (m) => html`<tr><td class="name">${m.name}</td>
<td class="num">${formatCount(m.sizeBytes)} bytes</td><td class="soft nowrap">${sizeRatioText(m)}</td>
${has.latency && html`<td class="num">${m.latency && latencyText(m.latency)}</td><td class="soft nowrap">${m.latency && m.difference && latencyRatioText(m.latency)}</td>`}
${has.accuracy && html`<td class="num">${m.accuracy && shareText(m.accuracy)}</td><td class="soft nowrap">${accuracyChange(m, reference!)}</td>`}
${has.same && html`<td class="num">${m.difference?.agreement && shareText(m.difference.agreement)}</td>`}</tr>
`,
  )
  return html`<section><h2>Size, speed, accuracy</h2><div class="panel scroll"><table>
<thead><tr><th scope="col">Model</th><th scope="col" class="num">Size</th><th></th>
${has.latency && html`<th scope="col" class="num">Latency</th><th></th>`}
${has.accuracy && html`<th scope="col" class="num">Accuracy</th><th></th>`}
${has.same && html`<th scope="col" class="num">Same class as reference</th>`}</tr></thead>
<tbody>${rows}</tbody></table></div></section>`
}

function differenceSection(c: Comparison, m: ModelResult, d: Difference, pictures: ReadonlyMap<number, string>): Markup {
  const isLabeled = d.lost !== null
  const kinds = flipKinds.filter((k) => isLabeled || (k === 'changed' && d.changed !== null))
  return html`<section><h2>${baseName(m.name)} against ${baseName(c.models[0]!.name)}</h2>
${errorTable(d)}
${kinds.map((k) => flipGroup(c, m, d, k, pictures))}</section>`
}

function errorTable(d: Difference): Markup {
  const rows = d.outputs.map(
    (o) => html`<tr><td class="name">${o.name}</td><td class="num">${formatReal(o.maxAbsError)}</td><td class="nowrap">${o.worstSample}</td>
<td class="num">${formatReal(o.meanAbsError)}</td><td class="num">${formatReal(o.rootMeanSquareError)}</td><td class="num">${o.cosine === null ? '' : o.cosine.toFixed(7)}</td></tr>
`,
  )
  return html`<div class="panel scroll"><table>
<thead><tr><th scope="col">Output</th><th scope="col" class="num">Largest error</th><th scope="col">in sample</th>
<th scope="col" class="num">Mean error</th><th scope="col" class="num">Root mean square</th><th scope="col" class="num">Cosine</th></tr></thead>
<tbody>${rows}</tbody></table></div>`
}

function flipGroup(c: Comparison, m: ModelResult, d: Difference, kind: FlipKind, pictures: ReadonlyMap<number, string>): Markup {
  const flips = d.flips.filter((f) => f.kind === kind)
  const count = flipCount(d, kind)
  const title = flipTitle(kind, d.lost !== null, baseName(c.models[0]!.name), baseName(m.name))
  return html`<div class="flips" data-kind="${kind}"><h3>${title.charAt(0).toUpperCase() + title.slice(1)}<span class="n">${formatCount(count)}</span></h3>
${count > flips.length && html`<p class="soft">The first ${formatCount(flips.length)} of them are shown.</p>`}
${flips.length > 0 && html`<div class="flipgrid">${flips.map((f) => flipCard(c, m, f, pictures))}</div>`}</div>
`
}

function flipCard(c: Comparison, m: ModelResult, f: Flip, pictures: ReadonlyMap<number, string>): Markup {
  const uri = pictures.get(f.index)
  const label = f.label === null ? '' : classText(f.label, c)
  return html`<figure class="flip panel" id="${`${f.kind}-${f.index}`}">
${uri !== undefined && html`<img src="${uri}" alt="${`sample ${f.index}${label && `, a ${label}`}`}" loading="lazy">`}
<figcaption><span class="what">${label ? html`<b>${label}</b>` : 'sample'}</span> <span class="faint">${f.name}</span></figcaption>
<div class="bars">${bars(c, 'reference', baseName(c.models[0]!.name), f.reference, f.label)}${bars(c, 'here', baseName(m.name), f.candidate, f.label)}</div>
</figure>
`
}

function bars(c: Comparison, kind: string, model: string, ranked: readonly Ranked[], label: number | null): Markup {
  const widths = barWidths(ranked)
  return html`<div class="side ${kind}"><div class="model" title="${model}">${model}</div>${ranked.map((r, i) => {
    const verdict = label === null ? '' : r.index === label ? 'right' : i === 0 ? 'wrong' : ''
    return html`<div class="bar ${verdict}"><span class="c">${classText(r.index, c)}</span><span class="track"><i style="width:${widths[i]!.toFixed(1)}%"></i></span><span class="s">${scoreText(r)}</span></div>`
  })}</div>`
}

/** Percent of the track. Scores that are no probabilities are set between the least and the greatest shown. */
function barWidths(ranked: readonly Ranked[]): number[] {
  const scores = ranked.map((r) => r.score)
  if (scores.every((s) => s >= 0 && s <= 1)) return scores.map((s) => 100 * s)
  const [min, max] = [Math.min(...scores), Math.max(...scores)]
  return scores.map((s) => (Number.isFinite(s) && max > min ? 10 + (90 * (s - min)) / (max - min) : 0))
}
