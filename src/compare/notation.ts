import { formatCount, formatRatio, formatReal, formatSizeRatio } from '../inspect/notation.ts'
import type { Ranked } from '../run/top-k.ts'
import type { Comparison, Difference, FlipKind, LatencyInfo, ModelResult, Share } from './types.ts'

/*
 * How results are written for people; the same in the terminal and on the page.
 */

/** `3.72x smaller`, `1.05x larger`; nothing for the reference. */
export function sizeRatioText({ sizeRatio, difference }: ModelResult): string {
  if (!difference) return ''
  return formatSizeRatio(sizeRatio)
}

/** `0.0454 ms ± 0.0038`: median and median absolute deviation. */
export function latencyText(l: LatencyInfo): string {
  const digits = l.medianMs >= 100 ? 0 : l.medianMs >= 10 ? 1 : l.medianMs >= 1 ? 2 : l.medianMs >= 0.1 ? 3 : 4
  return `${l.medianMs.toFixed(digits)} ms ± ${l.madMs.toFixed(digits)}`
}

/** `1.30x faster`; `no clear difference` where the same speed is within the confidence. */
export function latencyRatioText({ ratio, isClear }: LatencyInfo): string {
  if (!isClear) return 'no clear difference'
  return ratio >= 1 ? `${formatRatio(ratio)} faster` : `${formatRatio(1 / ratio)} slower`
}

/** `97.34 %`, never rounded up to 100 or down to 0. */
export function percentText({ count, of, share }: Share): string {
  const text = (100 * share).toFixed(2)
  if (count < of && text === '100.00') return '> 99.99 %'
  if (count > 0 && text === '0.00') return '< 0.01 %'
  return `${text} %`
}

/** `97.34 % (9,734)` */
export function shareText(share: Share): string {
  return `${percentText(share)} (${formatCount(share.count)})`
}

/** `-0.02`, in points of a hundred, against the reference. */
export function accuracyChange(model: ModelResult, reference: ModelResult): string {
  if (!model.difference || !model.accuracy || !reference.accuracy) return ''
  const points = 100 * (model.accuracy.share - reference.accuracy.share)
  return points === 0 ? '±0' : `${points > 0 ? '+' : '−'}${Math.abs(points).toFixed(2)}`
}

export function flipCount(d: Difference, kind: FlipKind): number {
  return d[kind] ?? 0
}

/** What a kind of flip means between two models. */
export function flipTitle(kind: FlipKind, isLabeled: boolean, reference: string, candidate: string): string {
  if (kind === 'lost') return `right in ${reference}, wrong in ${candidate}`
  if (kind === 'gained') return `wrong in ${reference}, right in ${candidate}`
  return isLabeled ? 'wrong in both, but different' : `other classes in ${reference} and ${candidate}`
}

/** `small.tflite` of `out/small.tflite`. */
export function baseName(path: string): string {
  return path.replace(/^.*[/\\](?=.)/, '')
}

/** `6`, or `six` where the data set names its classes. */
export function classText(index: number, { data }: Comparison): string {
  return Object.hasOwn(data.classNames, String(index)) ? data.classNames[String(index)]! : String(index)
}

/** Scores as they are mostly probabilities: `0.426`; others in six digits. */
export function scoreText({ score }: Ranked): string {
  return score >= 0 && score <= 1 ? score.toFixed(3) : formatReal(score)
}
