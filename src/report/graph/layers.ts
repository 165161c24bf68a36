/** An edge between boxes by their positions in a list. */
export interface Link {
  readonly from: number
  readonly to: number
}

/** Points on the way of a link: its ends, and a placeholder on each layer that it crosses. */
export interface Layered {
  /** Layer of each point, from 0 at the top; the first points are the boxes. */
  readonly layer: readonly number[]
  /** Links between neighbouring layers. */
  readonly steps: readonly Link[]
  /** Points of each link, from top to bottom; only its ends where it crosses too many layers to be kept apart. */
  readonly routes: readonly (readonly number[])[]
}

/** Placeholders for each box on average; links beyond the budget, the longest first, are drawn straight. */
const placeholdersPerBox = 12

/**
 * Puts every box below those it reads from: as high as it can be, or just above its reader when nothing is above it.
 * A link that goes against the order of the list is laid upside down.
 */
export function assignLayers(boxes: number, links: readonly Link[]): Layered {
  const downward = links.map(({ from, to }) => (from <= to ? { from, to } : { from: to, to: from }))
  const below = Array.from({ length: boxes }, (): number[] => [])
  const above = Array.from({ length: boxes }, (): number[] => [])
  for (const { from, to } of downward) {
    below[from]!.push(to)
    above[to]!.push(from)
  }
  const layer: number[] = []
  for (let box = 0; box < boxes; box++) layer[box] = above[box]!.reduce((max, from) => Math.max(max, layer[from]! + 1), 0)
  for (let box = boxes - 1; box >= 0; box--) {
    if (above[box]!.length > 0 || below[box]!.length === 0) continue
    layer[box] = below[box]!.reduce((min, to) => Math.min(min, layer[to]!), Number.POSITIVE_INFINITY) - 1
  }
  let budget = placeholdersPerBox * boxes
  const span = ({ from, to }: Link) => layer[to]! - layer[from]!
  const routes: number[][] = downward.map(({ from, to }) => [from, to])
  const steps: Link[] = []
  const shortestFirst = downward.map((_, i) => i).sort((a, b) => span(downward[a]!) - span(downward[b]!) || a - b)
  for (const i of shortestFirst) {
    const { from, to } = downward[i]!
    budget -= span(downward[i]!) - 1
    if (budget < 0) break
    const route = [from]
    for (let l = layer[from]! + 1; l < layer[to]!; l++) route.push(layer.push(l) - 1)
    route.push(to)
    routes[i] = route
    for (let k = 1; k < route.length; k++) steps.push({ from: route[k - 1]!, to: route[k]! })
  }
  return { layer, steps, routes }
}

const maxSweeps = 12

/** Order of the points within each layer, chosen by the medians of their neighbours so that few links cross. */
export function orderLayers({ layer, steps }: Pick<Layered, 'layer' | 'steps'>): number[][] {
  const layers: number[][] = []
  layer.forEach((l, point) => {
    layers[l] ??= []
    layers[l].push(point)
  })
  for (let l = 0; l < layers.length; l++) layers[l] ??= []
  const above = layer.map((): number[] => [])
  const below = layer.map((): number[] => [])
  for (const { from, to } of steps) {
    below[from]!.push(to)
    above[to]!.push(from)
  }
  const position = layer.map(() => 0)
  const place = (order: readonly number[]) => {
    order.forEach((point, i) => {
      position[point] = i
    })
  }
  layers.forEach(place)
  let best = layers.map((order) => [...order])
  let fewest = countCrossings(best, below, position)
  for (let sweep = 0; sweep < maxSweeps && fewest > 0; sweep++) {
    const isDown = sweep % 2 === 0
    const order = isDown ? layers.keys() : [...layers.keys()].reverse()
    for (const l of order) {
      const neighbours = isDown ? above : below
      const keys = new Map(layers[l]!.map((p) => [p, meanPosition(neighbours[p]!, position) ?? position[p]!]))
      layers[l]!.sort((a, b) => keys.get(a)! - keys.get(b)! || position[a]! - position[b]!)
      place(layers[l]!)
    }
    const crossings = countCrossings(layers, below, position)
    if (crossings < fewest) {
      fewest = crossings
      best = layers.map((o) => [...o])
    }
  }
  return best
}

function meanPosition(points: readonly number[], position: readonly number[]): number | undefined {
  if (points.length === 0) return undefined
  return points.reduce((sum, p) => sum + position[p]!, 0) / points.length
}

/** Pairs of links that cross, by an indexed tree over the lower positions. @see Barth, Mutzel, Jünger: Simple and efficient bilayer cross counting */
function countCrossings(
  layers: readonly (readonly number[])[],
  below: readonly (readonly number[])[],
  position: readonly number[],
): number {
  let crossings = 0
  for (let l = 0; l + 1 < layers.length; l++) {
    const width = layers[l + 1]!.length
    if (width < 2 || layers[l]!.length < 2) continue
    const tree = new Uint32Array(width + 1)
    let seen = 0
    for (const point of layers[l]!) {
      const ends = below[point]!.map((p) => position[p]!)
      for (const end of ends) {
        let notRight = 0
        for (let i = end + 1; i > 0; i -= i & -i) notRight += tree[i]!
        crossings += seen - notRight
      }
      for (const end of ends) {
        seen++
        for (let i = end + 1; i <= width; i += i & -i) tree[i]!++
      }
    }
  }
  return crossings
}
