import { arrayOf, floatsOf, intsOf, operandAt } from '../arrays.kernel.ts'
import type { Kernel, KernelContext } from '../fold.ts'

/** Area of the intersection over that of the union; 0 when a box has no area. */
function overlap(boxes: Float32Array, a: number, b: number): number {
  const corners = (k: number) => {
    const [y1, x1, y2, x2] = boxes.subarray(4 * k, 4 * k + 4) as unknown as [number, number, number, number]
    return { top: Math.min(y1, y2), bottom: Math.max(y1, y2), left: Math.min(x1, x2), right: Math.max(x1, x2) }
  }
  const [p, q] = [corners(a), corners(b)]
  const area = (r: typeof p) => (r.bottom - r.top) * (r.right - r.left)
  if (area(p) <= 0 || area(q) <= 0) return 0
  const height = Math.min(p.bottom, q.bottom) - Math.max(p.top, q.top)
  const width = Math.min(p.right, q.right) - Math.max(p.left, q.left)
  const shared = Math.max(height, 0) * Math.max(width, 0)
  return shared / (area(p) + area(q) - shared)
}

interface Candidate {
  readonly index: number
  readonly score: number
  /** Number of selected boxes it was compared with. */
  readonly compared: number
}

/** Boxes in the order of their selection. Of equal scores the first box is taken. */
function selectBoxes(context: KernelContext, sigma: number): Candidate[] {
  const boxes = floatsOf(operandAt(context, 0))
  const scores = floatsOf(operandAt(context, 1))
  const limit = intsOf(operandAt(context, 2))[0]!
  const maxOverlap = floatsOf(operandAt(context, 3))[0]!
  const minScore = floatsOf(operandAt(context, 4))[0]!
  const queue: Candidate[] = Array.from(scores, (score, index) => ({ index, score, compared: 0 })).filter((c) => c.score > minScore)
  const found: Candidate[] = []
  while (found.length < limit && queue.length > 0) {
    const best = queue.reduce((a, b) => (b.score > a.score ? b : a))
    queue.splice(queue.indexOf(best), 1)
    let score = best.score
    let isOut = false
    for (let j = found.length - 1; j >= best.compared && !isOut && score > minScore; j--) {
      const iou = overlap(boxes, best.index, found[j]!.index)
      if (iou >= maxOverlap) isOut = true
      else if (sigma > 0) score = Math.fround(score * Math.exp((-0.5 / sigma) * iou * iou))
    }
    if (isOut) continue
    if (score === best.score) found.push(best)
    else if (score > minScore) queue.push({ index: best.index, score, compared: found.length })
  }
  return found
}

export const nonMaxSuppressionV4: Kernel = (context) => {
  const [indices, , count] = results(context, selectBoxes(context, 0))
  return [indices!, count!]
}

export const nonMaxSuppressionV5: Kernel = (context) => results(context, selectBoxes(context, floatsOf(operandAt(context, 5))[0]!))

function results(context: KernelContext, found: readonly Candidate[]): ReturnType<Kernel> {
  const limit = intsOf(operandAt(context, 2))[0]!
  return [
    arrayOf(
      'i32',
      [limit],
      Int32Array.from({ length: limit }, (_, i) => found[i]?.index ?? 0),
    ),
    arrayOf(
      'f32',
      [limit],
      Float32Array.from({ length: limit }, (_, i) => found[i]?.score ?? 0),
    ),
    arrayOf('i32', [], Int32Array.of(found.length)),
  ]
}
