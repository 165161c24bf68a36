import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { expandDims, permute, reshapeTo, squeezeDim } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { activate } from './activations.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { patchesOf } from './operations/windows.ts'

/*
 * Convolutions of Keras 2 with a filter of its own at each place: a product for each of all windows. @see tf_keras LocallyConnected2D
 */

/** Windows [N,H,W,K] by kernel [H*W,K,F], as `implementation` 1 stores it. */
function locallyConnected(rank: 1 | 2) {
  return layer((k, b) => {
    if (k.rank !== rank + 2) k.reject(`the input must have rank ${rank + 2}, found ${k.rank}`)
    if (k.num('implementation', 1) !== 1) return k.reject('only implementation 1 is supported', 'Make the layer with implementation=1.')
    if (k.isChannelsFirst) return k.reject('data_format channels_first is not supported')
    const padding = k.text('padding', 'valid')
    if (padding !== 'valid') return k.reject(`padding ${padding} is not supported`)
    const [size, stride] = [k.sizes('kernel_size', rank, 1), k.sizes('strides', rank, 1)].map((v) => (rank === 1 ? [1, ...v] : v)) as [
      number[],
      number[],
    ]
    const x = rank === 1 ? expandDims(b, k.f32, 1) : k.f32
    const y = products(k, b, patchesOf(k, b, x, { size, stride, dilation: [1, 1], padding }))
    const bias = k.weight('bias')
    const flat = rank === 1 ? squeezeDim(b, y, 1) : y
    return activate(k, b, bias ? b.op(op.add, [flat, bias]) : flat)
  })
}

function products(k: KerasOp, b: OpBuilder, windows: Value): Value {
  const kernel = k.required('kernel')
  const [n, h, w, length] = windows.type.shape
  const [places, , filters] = kernel.type.shape
  const turned = permute(b, reshapeTo(b, windows, [n!, places!, length!]), [1, 0, 2])
  const y = permute(b, b.op(op.batchMatmul, [turned, kernel]), [1, 0, 2])
  return reshapeTo(b, y, [n!, h!, w!, filters!])
}

export const locallyConnectedLayers: LoweringRegistry = {
  LocallyConnected1D: locallyConnected(1),
  LocallyConnected2D: locallyConnected(2),
}
