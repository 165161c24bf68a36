import { mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { partsOf } from '../complex.ts'
import { Formula } from '../formula.ts'
import { countUp, permute, reshapeTo, sizeAt } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import type { SourceOp } from '../source-op.ts'
import { product } from './linear.ts'

/*
 * The front end of TensorFlow 1's speech models.
 */

const gcd = (a: number, b: number): number => (b === 0 ? a : gcd(b, a % b))

/**
 * Windows of a signal [length, channels] as [channels, windows, window]. They are gathered from pieces that divide both window and
 * stride, so that there are few indices.
 */
function windows(b: OpBuilder, x: Value, window: number, stride: number): Value {
  const f = new Formula(b)
  const [length, channels] = x.type.shape as readonly [number | string, number | string]
  const piece = gcd(window, stride)
  const size = sizeAt(b, x, 0)
  const pieces = f.floorDiv(size, piece)
  const whole = b.op(op.slice, [
    x,
    b.i32([0, 0]),
    b.op(op.concatenation, [reshapeTo(b, f.mul(pieces, piece), [1]), b.i32([-1])], { axis: 0 }),
  ])
  const count = typeof length === 'number' ? Math.floor(length / piece) : -1
  const rows = permute(b, b.op(op.reshape, [whole, b.i32([count, piece, typeof channels === 'number' ? channels : 1])]), [2, 0, 1])
  const starts = f.floorDiv(f.add(f.sub(size, window), stride), stride)
  const first = f.mul(countUp(b, f.max(starts, 0)), stride / piece)
  const at = f.add(reshapeTo(b, first, [first.type.shape[0]!, 1]), b.i32([...Array(window / piece).keys()], [1, window / piece]))
  const parts = b.op(op.gather, [rows, at], { axis: 1 })
  const [, windowCount] = parts.type.shape
  return reshapeTo(b, parts, [parts.type.shape[0]!, windowCount!, window])
}

/**
 * The magnitudes, or their squares, of the spectrum of each window under a periodic Hann window.
 * @see tensorflow/core/kernels/spectrogram.cc
 */
function spectrogram(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const { shape } = n.in(0).type
  const [window, stride] = [n.int('window_size'), n.int('stride')]
  if (shape.length !== 2) return n.reject(`its input must be [length, channels], found rank ${shape.length}`)
  if (typeof shape[1] !== 'number') return n.reject('the number of channels must be known')
  if (window < 2 || stride < 1) return n.reject(`window_size ${window} and stride ${stride} give no spectrum`)
  const hann = Array.from({ length: window }, (_, i) => Math.fround(0.5 - 0.5 * Math.cos((2 * Math.PI * i) / window)))
  const framed = f.mul(windows(b, n.in(0), window, stride), b.f32(hann, [window]))
  const length = 2 ** Math.ceil(Math.log2(window))
  const [channels, count] = framed.type.shape
  const row = reshapeTo(b, framed, [mulDims(channels!, count!), 1, window])
  const { re, im } = partsOf(b, b.op(op.rfft2d, [row, b.i32([1, length])]))
  const squared = reshapeTo(b, f.add(f.square(re), f.square(im)), [channels!, count!, length / 2 + 1])
  return n.bool('magnitude_squared', false) ? squared : f.sqrt(squared)
}

const mel = (hertz: number): number => 1127 * Math.log1p(hertz / 700)

interface Bands {
  readonly bins: number
  readonly sampleRate: number
  readonly count: number
  readonly lowest: number
  readonly highest: number
}

/**
 * [bins, count]: what each bin of a spectrum gives to each of the triangular bands between two frequencies.
 * @see tensorflow/core/kernels/mfcc_mel_filterbank.cc
 */
function filterbank({ bins, sampleRate, count, lowest, highest }: Bands): number[] {
  const weights = new Array<number>(bins * count).fill(0)
  const [low, spacing] = [mel(lowest), (mel(highest) - mel(lowest)) / (count + 1)]
  const hertzPerBin = (0.5 * sampleRate) / (bins - 1)
  const last = Math.min(bins - 1, Math.trunc(highest / hertzPerBin))
  for (let bin = Math.trunc(1.5 + lowest / hertzPerBin); bin <= last; bin++) {
    const position = (mel(bin * hertzPerBin) - low) / spacing
    // Of the peaks, at 1, 2, ... spacings above the lowest frequency, those on either side. A bin on a peak is below it.
    const above = Math.min(Math.max(Math.ceil(position) - 1, 0), count)
    const share = above + 1 - position
    if (above > 0) weights[bin * count + above - 1] = share
    if (above < count) weights[bin * count + above] = 1 - share
  }
  return weights
}

/** What TensorFlow takes for the logarithm of nothing. */
const floor = 1e-12

/** @see tensorflow/core/kernels/mfcc.cc, mfcc_dct.cc */
function mfcc(n: SourceOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const spectrum = n.in(0)
  const bins = spectrum.type.shape.at(-1)
  if (typeof bins !== 'number' || bins < 2) return n.reject('the number of bins must be known')
  const [sampleRate] = n.ints(1, 'the sample rate') as readonly [number]
  const [count, coefficients] = [n.int('filterbank_channel_count', 40), n.int('dct_coefficient_count', 13)]
  if (!(count > 0 && count <= 4096 && coefficients > 0 && coefficients <= count))
    return n.reject(`${coefficients} coefficients of ${count} bands cannot be told`)
  const [lowest, highest] = [n.float('lower_frequency_limit', 20), n.float('upper_frequency_limit', 4000)]
  if (!(sampleRate > 0 && lowest >= 0 && highest > lowest))
    return n.reject(`there are no bands between ${lowest} and ${highest} Hz at ${sampleRate} samples a second`)
  const bands = b.f32(filterbank({ bins, sampleRate, count, lowest, highest }), [bins, count])
  const energies = product(b, f.sqrt(spectrum), bands, false, false)
  const cosines = Array.from({ length: count * coefficients }, (_, i) => {
    const [band, k] = [Math.floor(i / coefficients), i % coefficients]
    return Math.sqrt(2 / count) * Math.cos((k * Math.PI * (band + 0.5)) / count)
  })
  return product(b, f.log(f.max(energies, floor)), b.f32(cosines, [count, coefficients]), false, false)
}

export const audio: LoweringRegistry = {
  AudioSpectrogram: spectrogram,
  Mfcc: mfcc,
}
