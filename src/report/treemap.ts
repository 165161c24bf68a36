export interface Rect {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/**
 * Rectangles with areas in proportion to `values` that fill a `width` x `height` area, as square as may be. Values are positive and
 * sorted, largest first; results are in their order.
 * @see Bruls, Huizing, van Wijk: Squarified treemaps
 */
export function squarify(values: readonly number[], width: number, height: number): Rect[] {
  const total = values.reduce((a, b) => a + b, 0)
  const scale = total > 0 ? (width * height) / total : 0
  const rects: Rect[] = []
  let [x, y, w, h] = [0, 0, width, height]
  let i = 0
  while (i < values.length) {
    const side = Math.min(w, h)
    let sum = 0
    let end = i
    let worst = Number.POSITIVE_INFINITY
    while (end < values.length) {
      const grown = sum + values[end]! * scale
      const ratio = worstRatio(values[i]! * scale, values[end]! * scale, grown, side)
      if (ratio > worst) break
      worst = ratio
      sum = grown
      end++
    }
    const thickness = side > 0 ? sum / side : 0
    let offset = 0
    for (; i < end; i++) {
      const length = thickness > 0 ? (values[i]! * scale) / thickness : 0
      rects.push(w >= h ? { x, y: y + offset, width: thickness, height: length } : { x: x + offset, y, width: length, height: thickness })
      offset += length
    }
    if (w >= h) {
      x += thickness
      w -= thickness
    } else {
      y += thickness
      h -= thickness
    }
  }
  return rects
}

/** Of a row of `sum` area along `side`, from its largest and smallest rectangle. */
function worstRatio(largest: number, smallest: number, sum: number, side: number): number {
  const square = side * side
  return Math.max((square * largest) / (sum * sum), (sum * sum) / (square * smallest))
}
