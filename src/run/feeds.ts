import { invariant } from '../core/diagnostics.ts'
import { byteLengthOf } from '../core/dtype.ts'
import { type NdArray, sizeOf } from '../core/nd-array.ts'
import { missingInput, unknownInput, wrongDtype, wrongShape } from './diagnostics.ts'
import type { Feeds, SignatureInfo, TensorInfo } from './runner.ts'

/**
 * The feeds in the signature's order, checked against it: names, types, and shapes (equal names of symbolic sizes must have
 * equal values; no size may be 0).
 * Throws run/unknown-input, run/missing-input, run/wrong-dtype, run/wrong-shape.
 */
export function checkFeeds(model: string, signature: SignatureInfo, feeds: Feeds): NdArray[] {
  const names = signature.inputs.map((i) => i.name)
  for (const name of feeds.keys()) if (!names.includes(name)) throw unknownInput(model, name, names)
  const missing = names.filter((n) => !feeds.has(n))
  if (missing.length > 0) throw missingInput(model, missing)
  return signature.inputs.map((input) => {
    const feed = feeds.get(input.name)!
    if (feed.dtype !== input.dtype) throw wrongDtype(model, input.name, input.dtype, feed.dtype)
    if (!fits(feed.shape, input)) throw wrongShape(model, input.name, input.shape, feed.shape)
    invariant(
      feed.bytes.byteLength === byteLengthOf(feed.dtype, sizeOf(feed)),
      `the feed ${input.name} holds as many bytes as its shape says`,
    )
    return feed
  })
}

function fits(shape: readonly number[], input: TensorInfo & { isRankOpen?: boolean }): boolean {
  if (shape.some((d) => !Number.isInteger(d) || d < 1)) return false
  if (input.isRankOpen === true) return true
  return shape.length === input.shape.length && shape.every((d, axis) => typeof input.shape[axis] !== 'number' || input.shape[axis] === d)
}
