import { mapDim } from '../../core/dim.ts'
import type { Dim, Shape } from '../../core/shape.ts'
import type { NodeView } from '../spec.ts'

/**
 * Output size of a sliding window along one axis: SAME ceil(n/stride), VALID ceil((n - (size-1)*dilation) / stride).
 * @see TensorFlow GetWindowedOutputSize
 */
export function windowOutput(n: Dim, size: number, stride: number, dilation: number, padding: 'same' | 'valid'): Dim {
  const reach = padding === 'same' ? 0 : (size - 1) * dilation
  return mapDim(
    n,
    (v) => Math.max(0, Math.ceil((v - reach) / stride)),
    (name) => (reach === 0 && stride === 1 ? name : `ceil((${name}-${reach})/${stride})`),
  )
}

export interface Window {
  readonly stride: readonly number[]
  readonly dilation?: readonly number[]
  readonly padding: 'same' | 'valid'
}

/** Result shape [N,H',W',C'] of a window of `size` = (height, width) sliding over [N,H,W,C]. */
export function slidOver(shape: Shape, size: readonly number[], { stride, dilation = [1, 1], padding }: Window, channels: Dim): Shape {
  const [batch, ...sizes] = shape
  const spatial = [0, 1].map((i) => windowOutput(sizes[i]!, size[i]!, stride[i]!, dilation[i]!, padding))
  return [batch!, ...spatial, channels]
}

/** Of each element of a window of `size`, row by row, the part of its places that lie on the picture [N,H,W,C] and not on padding; undefined where sizes are open. */
export function sharesInside(
  picture: Shape,
  size: readonly number[],
  { stride, dilation = [1, 1], padding }: Window,
): Float64Array | undefined {
  const [down, across] = [0, 1].map((i): number[] | undefined => {
    const n = picture[i + 1]
    if (typeof n !== 'number') return undefined
    const [step, apart] = [stride[i]!, dilation[i]!]
    const places = windowOutput(n, size[i]!, step, apart, padding) as number
    const before = padding === 'same' ? samePadding(n, size[i]!, step, apart)[0] : 0
    return Array.from({ length: size[i]! }, (_, k) => {
      const first = Math.max(0, Math.ceil((before - k * apart) / step))
      const end = Math.min(places, Math.ceil((n + before - k * apart) / step))
      return Math.max(0, end - first) / Math.max(1, places)
    })
  })
  return (
    down &&
    across &&
    Float64Array.from({ length: down.length * across.length }, (_, k) => down[Math.floor(k / across.length)]! * across[k % across.length]!)
  )
}

/** Ends inference unless every window size, stride and dilation is at least 1. */
export function checkWindow(n: Pick<NodeView, 'fail'>, ...lists: readonly (readonly Dim[])[]): void {
  if (lists.flat().some((v) => typeof v !== 'number' || v < 1)) n.fail('window sizes, strides and dilations must be at least 1')
}

/** Total padding that SAME adds along one axis and the part before: `[before, total]`. */
export function samePadding(n: number, size: number, stride: number, dilation: number): [before: number, total: number] {
  const out = Math.ceil(n / stride)
  const total = Math.max(0, (out - 1) * stride + (size - 1) * dilation + 1 - n)
  return [Math.floor(total / 2), total]
}
