import { addDims, mulDims } from '../../core/dim.ts'
import type { DType } from '../../core/dtype.ts'
import type { Dim } from '../../core/shape.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { constInts } from '../../ops/view.ts'
import { castTo, constantOf, reshapeTo, toI32 } from '../operands.ts'
import type { Lowering, LoweringRegistry } from '../registry.ts'

type PadOnce = (b: OpBuilder, x: Value, paddings: Value) => Value

/** @see LiteRT kernels/pad.cc, mirror_pad.cc */
const maxRank = 5

/** Types that the kernel lacks are cast around it. */
const castAround: Partial<Record<DType, DType>> = { bool: 'i32', u16: 'i32', u32: 'i64', u64: 'i64' }

/** Above rank 5 the dims are padded one after another, what lies before and behind merged. */
export function padAnyRank(b: OpBuilder, x: Value, paddings: Value, once: PadOnce): Value | undefined {
  const { shape } = x.type
  if (shape.length <= maxRank) return once(b, x, paddings)
  const pads = constInts(paddings)
  if (!pads) return undefined
  const sizes: Dim[] = [...shape]
  let y = x
  const sources = [x]
  for (let i = 0; i < shape.length; i++) {
    const [before, after] = [pads[2 * i]!, pads[2 * i + 1]!]
    if (before === 0 && after === 0) continue
    const blocks = [mulDims(...sizes.slice(0, i)), sizes[i]!, mulDims(...sizes.slice(i + 1))]
    y = once(b, reshapeTo(b, y, blocks, sources), b.i32([0, 0, before, after, 0, 0], [3, 2]))
    sizes[i] = addDims(sizes[i]!, before + after)
    sources.push(y)
  }
  return reshapeTo(b, y, sizes, sources)
}

function padding(once: (fill: Value | undefined, mode: string) => PadOnce): Lowering {
  return (n, b) => {
    const { dtype } = n.in(0).type
    const to = castAround[dtype] ?? dtype
    const fill = n.operands[2] && castTo(b, n.operands[2], to)
    const mode = n.node.op === 'MirrorPad' ? n.string('mode') : ''
    const y = padAnyRank(b, castTo(b, n.in(0), to), toI32(b, n.in(1)), once(fill, mode))
    return castTo(b, y ?? n.reject(`paddings computed at run time are supported up to rank ${maxRank}`), dtype)
  }
}

export const pads: LoweringRegistry = {
  Pad: padding(() => (b, x, p) => b.op(op.pad, [x, p])),
  PadV2: padding((fill) => (b, x, p) => b.op(op.padv2, [x, p, fill ?? constantOf(b, x.type.dtype, [0])])),
  MirrorPad: padding((_, mode) => (b, x, p) => b.op(op.mirrorPad, [x, p], { mode: mode === 'SYMMETRIC' ? 'symmetric' : 'reflect' })),
}
