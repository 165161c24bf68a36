import { mulDims } from '../../core/dim.ts'
import type { Value } from '../../ir/types.ts'
import type { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { Formula } from '../formula.ts'
import { convolution, dense } from '../layers.ts'
import { permute, reshapeTo, sliceAxis, transposed } from '../operands.ts'
import type { LoweringRegistry } from '../registry.ts'
import { tensorflowOp } from '../tf/call.ts'
import { type KerasOp, layer } from './keras-op.ts'
import { stft } from './operations/spectra.ts'

/** @see HTK: mel(f) = 1127 ln(1 + f / 700) */
const mel = (hertz: number): number => 1127 * Math.log(1 + hertz / 700)

/** Triangles [bins, bands] of height 1 whose corners stand at equal distances on the mel scale; the first bin is left out. */
function melWeights(bins: number, bands: number, rate: number, low: number, high: number): number[] {
  const edge = (i: number): number => mel(low) + ((mel(high) - mel(low)) * i) / (bands + 1)
  return Array.from({ length: bins * bands }, (_, i) => {
    const [bin, band] = [Math.floor(i / bands), i % bands]
    const at = mel((rate / 2) * (bin / (bins - 1)))
    const up = (at - edge(band)) / (edge(band + 1) - edge(band))
    const down = (edge(band + 2) - at) / (edge(band + 2) - edge(band + 1))
    return bin === 0 ? 0 : Math.max(0, Math.min(up, down))
  })
}

/** Sizes of the spectrum in bands, in decibels below the loudest where `power_to_db` says so: [.., bands, time]. */
function melSpectrogram(k: KerasOp, b: OpBuilder): Value {
  const f = new Formula(b)
  const [re, im] = stft(k, b) as [Value, Value]
  const size = f.sqrt(f.add(f.square(re), f.square(im)))
  const exponent = k.num('mag_exp', 2)
  const power = exponent === 1 ? size : exponent === 2 ? f.square(size) : f.apply(op.pow, size, exponent)
  const [rate, bands, bins] = [k.num('sampling_rate', 16000), k.num('num_mel_bins', 128), power.type.shape.at(-1) as number]
  const high = k.config('max_freq') == null ? Math.trunc(rate / 2) : k.num('max_freq')
  const weights = melWeights(bins, bands, rate, k.num('min_freq', 20), high)
  const banded = dense(b, power, b.f32(weights.map(Math.fround), [bins, bands]))
  const y = k.flag('power_to_db', true) ? decibels(k, b, banded) : banded
  return transposed(b, y)
}

/** Over the whole operand no lower than `top_db` below the loudest. */
function decibels(k: KerasOp, b: OpBuilder, x: Value): Value {
  const f = new Formula(b)
  const least = k.num('min_power', 1e-10)
  const reference = 10 * Math.log10(Math.max(Math.abs(k.num('ref_power', 1)), least))
  const y = f.sub(f.mul(f.log(f.max(x, least)), 10 / Math.LN10), reference)
  const loudest = b.op(op.reduceMax, [y, b.i32(y.type.shape.map((_, i) => i))])
  return f.max(y, f.sub(loudest, k.num('top_db', 80)))
}

/** The signal [N,C,T] by windowed waves of each frequency: [N,C,T',F]. */
function waves(k: KerasOp, b: OpBuilder, x: Value, kernel: Value): Value {
  const [n, c, t] = x.type.shape
  const [length, , bins] = kernel.type.shape as [number, number, number]
  const step = k.config('frame_step') == null ? Math.floor(length / 2) : k.num('frame_step')
  const padding = k.text('padding', 'valid')
  if (padding !== 'valid' && padding !== 'same') return k.reject(`padding ${padding} is not supported`)
  const rows = reshapeTo(b, x, [mulDims(n!, c!), 1, t!, 1], [x])
  const y = convolution(b, rows, reshapeTo(b, kernel, [1, length, 1, bins]), { padding, stride: [1, step], dilation: [1, 1] })
  return reshapeTo(b, y, [n!, c!, y.type.shape[2]!, bins], [x, y])
}

/** What the layer's option `mode` makes of the spectrum [N,C,T,F]. */
function spectrumOf(k: KerasOp, b: OpBuilder, x: Value): Value {
  const f = new Formula(b)
  const mode = k.text('mode', 'log')
  const part = (name: string) => waves(k, b, x, k.required(name))
  if (mode === 'real' || mode === 'imag') return part(`${mode}_kernel`)
  const [re, im] = [part('real_kernel'), part('imag_kernel')]
  if (mode === 'angle') return tensorflowOp(k, b, 'Atan2', [im, re])[0]!
  if (mode === 'stft') return b.op(op.concatenation, [re, im], { axis: 3 })
  const power = f.add(f.square(re), f.square(im))
  if (mode === 'psd') {
    const bins = power.type.shape[3] as number
    const inner = b.op(op.pad, [sliceAxis(b, power, 3, 1, bins - 2), b.i32([0, 0, 0, 0, 0, 0, 1, 1], [4, 2])])
    return f.add(power, inner)
  }
  const size = f.sqrt(f.max(power, 1e-7))
  if (mode === 'magnitude') return size
  return mode === 'log' ? f.log(f.max(size, 1e-7)) : k.reject(`mode ${mode} is not supported`)
}

/** [N,T,C] (or [N,C,T]) to frequencies by time, of all channels side by side unless `expand_dims` gives them a dim. */
function stftSpectrogram(k: KerasOp, b: OpBuilder): Value {
  const isFirst = k.isChannelsFirst
  const y = spectrumOf(k, b, isFirst ? k.f32 : permute(b, k.f32, [0, 2, 1]))
  const [n, c, t, bins] = y.type.shape
  const width = mulDims(c!, bins!)
  if (k.flag('expand_dims', false)) return isFirst ? y : permute(b, y, [0, 2, 3, 1])
  return isFirst
    ? reshapeTo(b, permute(b, y, [0, 1, 3, 2]), [n!, width, t!], [y])
    : reshapeTo(b, permute(b, y, [0, 2, 1, 3]), [n!, t!, width], [y])
}

export const spectrogramLayers: LoweringRegistry = {
  MelSpectrogram: layer(melSpectrogram),
  STFTSpectrogram: layer(stftSpectrogram),
}
