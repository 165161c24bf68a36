import type { Link } from './layers.ts'

const balancingPasses = 12
const straighteningPasses = 3
/** Links between placeholders pull harder, so that long ones are straight. @see Gansner et al.: A technique for drawing directed graphs, 4 */
const pull = { boxes: 1, mixed: 2, placeholders: 8 } as const

/** Weight of a point's own place: decides only where nothing else does. */
const staying = 1e-6

/**
 * Horizontal centers of the points: near those of their neighbours, never closer than `distance` to the next in the layer.
 * The layers are solved one by one, exactly, by pooling adjacent violators.
 */
export function placeAcross(
  order: readonly (readonly number[])[],
  steps: readonly Link[],
  boxes: number,
  distance: (left: number, right: number) => number,
): Float64Array {
  const points = order.reduce((n, layer) => n + layer.length, 0)
  const x = new Float64Array(points)
  const above = Array.from({ length: points }, (): Pull[] => [])
  const below = Array.from({ length: points }, (): Pull[] => [])
  for (const { from, to } of steps) {
    const placeholders = Number(from >= boxes) + Number(to >= boxes)
    const weight = placeholders === 2 ? pull.placeholders : placeholders === 1 ? pull.mixed : pull.boxes
    below[from]!.push({ other: to, weight })
    above[to]!.push({ other: from, weight })
  }
  for (const layer of order) {
    layer.forEach((p, i) => {
      if (i > 0) x[p] = x[layer[i - 1]!]! + distance(layer[i - 1]!, p)
    })
    const middle = layer.length === 0 ? 0 : (x[layer[0]!]! + x[layer[layer.length - 1]!]!) / 2
    for (const p of layer) x[p]! -= middle
  }
  const around = above.map((up, p) => [...up, ...below[p]!])
  const upward = [...order].reverse()
  // Balance comes from looking both ways, straight lines from following one way.
  for (let pass = 0; pass < balancingPasses; pass++) for (const layer of pass % 2 === 0 ? order : upward) settle(layer, around, x, distance)
  for (let pass = 0; pass < straighteningPasses; pass++) {
    for (const layer of upward) settle(layer, below, x, distance)
    for (const layer of order) settle(layer, above, x, distance)
  }
  return x
}

interface Pull {
  readonly other: number
  readonly weight: number
}

/** Places one layer as near to its neighbours as the distances allow. */
function settle(
  layer: readonly number[],
  links: readonly (readonly Pull[])[],
  x: Float64Array,
  distance: (left: number, right: number) => number,
): void {
  // Without the distances the constraint is that positions do not fall, which pooling solves.
  const blocks: { sum: number; weight: number; count: number }[] = []
  const offsets: number[] = []
  layer.forEach((p, i) => {
    offsets.push(i === 0 ? 0 : offsets[i - 1]! + distance(layer[i - 1]!, p))
    let [sum, weight] = [x[p]! * staying, staying]
    for (const { other, weight: w } of links[p]!) {
      sum += w * x[other]!
      weight += w
    }
    blocks.push({ sum: sum - weight * offsets[i]!, weight, count: 1 })
    for (let last = blocks.length - 1; last > 0 && mean(blocks[last - 1]!) > mean(blocks[last]!); last--) {
      const merged = blocks.pop()!
      const into = blocks[last - 1]!
      into.sum += merged.sum
      into.weight += merged.weight
      into.count += merged.count
    }
  })
  let i = 0
  for (const block of blocks) {
    const base = mean(block)
    for (let k = 0; k < block.count; k++, i++) x[layer[i]!] = base + offsets[i]!
  }
}

function mean({ sum, weight }: { readonly sum: number; readonly weight: number }): number {
  return sum / weight
}
