import { placeAcross } from './coordinates.ts'
import { assignLayers, type Link, orderLayers } from './layers.ts'

export interface BoxSize {
  readonly width: number
  readonly height: number
}
/** Left upper corner and size, in pixels. */
export interface Box extends BoxSize {
  readonly x: number
  readonly y: number
}
export type Point = readonly [x: number, y: number]

export interface Layout {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  /** For each link the points that its curve passes vertically, from the reader's view: source first. */
  readonly curves: readonly (readonly Point[])[]
}

const layerGap = 34
const boxGap = 26
const lineGap = 18
const margin = 16
/** Links leave a box side by side, so far apart. */
const portGap = 14

/**
 * Draws a directed graph in layers from top to bottom. Time grows with boxes and links about linearly, as layers are narrow in models;
 * equal input gives equal output.
 * @see Sugiyama, Tagawa, Toda: Methods for visual understanding of hierarchical system structures
 */
export function layOut(sizes: readonly BoxSize[], links: readonly Link[]): Layout {
  const layered = assignLayers(sizes.length, links)
  const order = orderLayers(layered)
  const widthOf = (point: number) => sizes[point]?.width ?? 0
  const gap = (a: number, b: number) => (a < sizes.length && b < sizes.length ? boxGap : lineGap)
  const centers = placeAcross(order, layered.steps, sizes.length, (a, b) => (widthOf(a) + widthOf(b)) / 2 + gap(a, b))
  let left = 0
  centers.forEach((x, p) => {
    left = Math.min(left, x - widthOf(p) / 2)
  })
  const tops: number[] = []
  const heights = order.map((layer) => layer.reduce((h, p) => Math.max(h, sizes[p]?.height ?? 0), 0))
  let y = margin
  for (const height of heights) {
    tops.push(y)
    y += height + layerGap
  }
  const x = (point: number) => Math.round((centers[point]! - left + margin) * 10) / 10
  const boxes = sizes.map(({ width, height }, b): Box => {
    const l = layered.layer[b]!
    return { x: round(x(b) - width / 2), y: round(tops[l]! + (heights[l]! - height) / 2), width, height }
  })
  const ports = assignPorts(boxes, links, x, layered.routes)
  const curves = layered.routes.map((route, i) => {
    const points: Point[] = []
    route.forEach((p, k) => {
      const l = layered.layer[p]!
      if (k === 0) points.push([ports.upper[i]!, boxes[p]!.y + boxes[p]!.height])
      else if (k === route.length - 1) points.push([ports.lower[i]!, boxes[p]!.y])
      else points.push([x(p), tops[l]!], [x(p), round(tops[l]! + heights[l]!)])
    })
    return links[i]!.from <= links[i]!.to ? points : points.reverse()
  })
  const width = boxes.reduce((w, b) => Math.max(w, b.x + b.width), 0)
  const reach = curves.flat().reduce((w, [px]) => Math.max(w, px), width)
  return { width: Math.ceil(reach + margin), height: Math.ceil(y - layerGap + margin), boxes, curves }
}

/** Where links touch their boxes: spread around the middle, in the order of where they go. */
function assignPorts(boxes: readonly Box[], links: readonly Link[], x: (point: number) => number, routes: readonly (readonly number[])[]) {
  const upper = new Array<number>(links.length).fill(0)
  const lower = new Array<number>(links.length).fill(0)
  const spread = (side: number[], boxOf: (route: readonly number[]) => number, next: (route: readonly number[]) => number) => {
    const byBox = new Map<number, number[]>()
    routes.forEach((route, i) => {
      const box = boxOf(route)
      const touching = byBox.get(box)
      if (touching) touching.push(i)
      else byBox.set(box, [i])
    })
    for (const [box, touching] of byBox) {
      touching.sort((a, b) => x(next(routes[a]!)) - x(next(routes[b]!)) || a - b)
      const { x: left, width } = boxes[box]!
      const step = Math.min(portGap, (width * 0.7) / touching.length)
      touching.forEach((i, k) => {
        side[i] = round(left + width / 2 + (k - (touching.length - 1) / 2) * step)
      })
    }
  }
  spread(
    upper,
    (r) => r[0]!,
    (r) => r[1]!,
  )
  spread(
    lower,
    (r) => r[r.length - 1]!,
    (r) => r[r.length - 2]!,
  )
  return { upper, lower }
}

function round(n: number): number {
  return Math.round(n * 10) / 10
}
