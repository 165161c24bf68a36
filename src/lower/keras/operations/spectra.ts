import type { Json } from '../../../core/json.ts'
import type { Value } from '../../../ir/types.ts'
import type { OpBuilder } from '../../../ops/build.ts'
import { op } from '../../../ops/index.ts'
import { complexOf, partsOf } from '../../complex.ts'
import { Formula } from '../../formula.ts'
import { identityMatrix, reshapeTo, sliceAxis, toF32 } from '../../operands.ts'
import type { Lowering, LoweringRegistry } from '../../registry.ts'
import { tensorOf } from '../arguments.ts'
import { type KerasOp, layer } from '../keras-op.ts'
import { first, floats, knownSize, numberOption, option, run } from './operation.ts'
import { framesOf } from './windows.ts'

/*
 * Fourier transforms. Keras has complex numbers as pairs of real and imaginary parts.
 */

function complexArgument(k: KerasOp, b: OpBuilder): Value {
  const v: Json | undefined = k.argument(0, 'x')
  const list = Array.isArray(v) ? (v as readonly Json[]) : []
  if (list.length !== 2) return k.reject('it takes a pair of real and imaginary parts')
  const [re, im] = list.map((part) => toF32(b, tensorOf(k, b, part))) as [Value, Value]
  return complexOf(b, { re, im })
}

function asPair(b: OpBuilder, z: Value): readonly Value[] {
  const { re, im } = partsOf(b, z)
  return [re, im]
}

const transform = (name: string): Lowering => layer((k, b) => asPair(b, run(k, b, name, [complexArgument(k, b)])))

/** The length that is stated, or else `def`. */
function lengthOf(k: KerasOp, def: () => number): number {
  return option(k, 'fft_length') == null ? def() : numberOption(k, 'fft_length', 0)
}

/** The spectrum of frames as long as the transform. */
function spectrum(k: KerasOp, b: OpBuilder, x: Value, length: number): Value {
  return run(k, b, 'RFFT', [x, b.i32([length])])
}

/** The window in the middle of `fft_length` elements; undefined for a window of ones. */
function windowOf(k: KerasOp): number[] | undefined {
  const length = numberOption(k, 'fft_length', 2048)
  const size = numberOption(k, 'sequence_length', length)
  const left = Math.floor((length - size) / 2)
  const stated = k.config('window')
  if (stated === null) return undefined
  const name = stated ?? 'hann'
  if (name !== 'hann' && name !== 'hamming') return k.reject('only the windows hann and hamming are supported')
  const [offset, height] = name === 'hann' ? [0.5, 0.5] : [0.54, 0.46]
  const values = Array.from({ length: size }, (_, i) => offset - height * Math.cos((2 * Math.PI * i) / size))
  return [...new Array<number>(left).fill(0), ...values, ...new Array<number>(length - size - left).fill(0)]
}

/** The spectra of windows along the last dim, as the options of `keras.ops.stft` say: real and imaginary parts. */
export function stft(k: KerasOp, b: OpBuilder): readonly Value[] {
  const x = floats(k, b)
  const rank = x.type.shape.length
  const length = numberOption(k, 'fft_length', 2048)
  const half = Math.floor(length / 2)
  const pads = b.i32([...new Array<number>(2 * rank - 2).fill(0), half, half], [rank, 2])
  const padded = option(k, 'center') === false ? x : b.op(op.mirrorPad, [x, pads], { mode: 'reflect' })
  const frames = framesOf(k, b, padded, length, numberOption(k, 'sequence_stride', 512))
  const window = windowOf(k)
  return asPair(b, spectrum(k, b, window ? new Formula(b).mul(frames, b.f32(window.map(Math.fround), [length])) : frames, length))
}

/** The window divided by the sum of the squares of all windows that lie over each place. @see tf.signal.inverse_stft_window_fn */
function inverseWindow(window: readonly number[], step: number): number[] {
  const sums = new Array<number>(step).fill(0)
  for (const [i, w] of window.entries()) sums[i % step]! += w * w
  return window.map((w, i) => w / sums[i % step]!)
}

/** Frames [..,F,L] added up at every `step`: a transposed convolution with one filter for each place in a frame. */
function overlapped(k: KerasOp, b: OpBuilder, frames: Value, step: number): Value {
  const rank = frames.type.shape.length
  const [count, length] = [knownSize(k, frames, rank - 2), knownSize(k, frames, rank - 1)]
  const total = (count - 1) * step + length
  const outer = frames.type.shape.slice(0, -2)
  const flat = b.op(op.reshape, [frames, b.i32([-1, 1, count, length])])
  const identity = reshapeTo(b, identityMatrix(b, length), [1, 1, length, length])
  const batch = b.op(op.slice, [b.op(op.shape, [flat]), b.i32([0]), b.i32([1])])
  const shape = b.op(op.concatenation, [batch, b.i32([1, total, 1])], { axis: 0 })
  const y = b.op(op.transposeConv, [shape, identity, flat], { padding: 'valid', stride: [1, step] })
  return reshapeTo(b, y, [...outer, total], [frames])
}

function istft(k: KerasOp, b: OpBuilder): Value {
  const length = numberOption(k, 'fft_length', 0)
  const step = numberOption(k, 'sequence_stride', 1)
  const frames = run(k, b, 'IRFFT', [complexArgument(k, b), b.i32([length])])
  const window = windowOf(k)
  const weighted = window ? new Formula(b).mul(frames, b.f32(inverseWindow(window, step).map(Math.fround), [length])) : frames
  const y = overlapped(k, b, weighted, step)
  const axis = y.type.shape.length - 1
  const isCentered = option(k, 'center') !== false
  const begin = isCentered ? Math.floor(length / 2) : 0
  const most = knownSize(k, y, axis)
  const stated = option(k, 'length')
  const end = stated == null ? (isCentered ? most - Math.floor(length / 2) : most) : Math.min(most, begin + numberOption(k, 'length', 0))
  return sliceAxis(b, y, axis, begin, end - begin)
}

export const spectra: LoweringRegistry = {
  FFT: transform('FFT'),
  FFT2: transform('FFT2D'),
  IFFT2: transform('IFFT2D'),
  RFFT: layer((k, b) => {
    const x = floats(k, b)
    return asPair(
      b,
      spectrum(
        k,
        b,
        x,
        lengthOf(k, () => knownSize(k, x, x.type.shape.length - 1)),
      ),
    )
  }),
  IRFFT: layer((k, b) => {
    const z = complexArgument(k, b)
    const length = lengthOf(k, () => 2 * (knownSize(k, z, z.type.shape.length - 1) - 1))
    return run(k, b, 'IRFFT', [z, b.i32([length])])
  }),
  STFT: layer(stft),
  ISTFT: layer(istft),
  Polar: layer((k, b) => {
    const f = new Formula(b)
    const [size, angle] = [toF32(b, tensorOf(k, b, k.argument(0, 'abs_'))), toF32(b, tensorOf(k, b, k.argument(1, 'angle')))]
    return complexOf(b, { re: f.mul(size, f.cos(angle)), im: f.mul(size, f.sin(angle)) })
  }),
  ViewAsComplex: layer((k, b) => {
    const x = floats(k, b)
    const axis = x.type.shape.length - 1
    const [re, im] = b.ops(op.unpack, [x], { num: 2, axis }) as [Value, Value]
    return complexOf(b, { re, im })
  }),
  ViewAsReal: layer((k, b) => {
    const parts = asPair(b, first(k, b))
    return b.op(op.pack, parts, { valuesCount: 2, axis: parts[0]!.type.shape.length })
  }),
}
