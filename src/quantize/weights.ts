/**
 * Symmetric int8 weights as TensorFlow's dynamic-range quantizer makes them.
 * @see SPEC: ranges in double, scale = 2m/254, q = round half away from zero of w/scale, clamped to [-127, 127].
 */
export interface QuantizedWeights {
  readonly data: Int8Array
  /** float32 roundings of the double scales; one, or one per channel. */
  readonly scales: Float32Array
}

/** A range of at most this width is widened to it: also that of all-zero channels. */
const smallestRange = 1e-6

/**
 * @param weights row-major elements of `shape`
 * @param axis channel axis, or null for one scale
 * @returns undefined when an element is NaN or infinite
 */
export function quantizeSymmetricInt8(weights: Float32Array, shape: readonly number[], axis: number | null): QuantizedWeights | undefined {
  const channels = axis === null ? 1 : shape[axis]!
  const inner = axis === null ? weights.length : shape.slice(axis + 1).reduce((a, b) => a * b, 1)
  const outer = channels * inner === 0 ? 0 : weights.length / (channels * inner)
  const scales64 = channelScales(weights, outer, channels, inner)
  if (!scales64) return undefined
  const data = new Int8Array(weights.length)
  let k = 0
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < channels; c++) {
      const scale = scales64[c]!
      for (const end = k + inner; k < end; k++) {
        const x = weights[k]! / scale
        const magnitude = x < 0 ? -x : x
        const whole = magnitude | 0
        const q = Math.min(127, magnitude - whole >= 0.5 ? whole + 1 : whole)
        data[k] = x < 0 ? -q : q
      }
    }
  }
  return { data, scales: Float32Array.from(scales64) }
}

function channelScales(weights: Float32Array, outer: number, channels: number, inner: number): Float64Array | undefined {
  const bounds = new Float64Array(channels)
  let k = 0
  let finite = 0
  for (let o = 0; o < outer; o++) {
    for (let c = 0; c < channels; c++) {
      let bound = bounds[c]!
      for (const end = k + inner; k < end; k++) {
        const w = weights[k]!
        // NaN and infinity both make this sum NaN.
        finite += w * 0
        if (w > bound) bound = w
        else if (-w > bound) bound = -w
      }
      bounds[c] = bound
    }
  }
  if (Number.isNaN(finite)) return undefined
  return bounds.map((m) => Math.max(2 * m, smallestRange) / 254)
}
