import { expect, test } from 'vitest'
import { constFromBytes } from '../core/bytes.ts'
import { bytesOf } from '../core/dtype.ts'
import { parseModel } from '../ir/parse.ts'
import { withError } from './decide.ts'
import { quantize } from './quantize.ts'
import { errorOf } from './stored-error.ts'

const floats = (...values: number[]) => constFromBytes(bytesOf(Float32Array.from(values)))
const bytes = (...values: number[]) => constFromBytes(bytesOf(Int8Array.from(values)))

test('is the difference to scale * (q - zero point)', () => {
  const type = { dtype: 'i8', shape: [3], quant: { kind: 'per-tensor', scale: 0.5, zeroPoint: 2 } } as const
  const found = errorOf({ float: floats(1, -0.75, 0), type, data: bytes(4, 1, 2) })
  expect(found).toEqual({ sqnrDb: 10 * Math.log10((1 + 0.75 ** 2) / 0.25 ** 2), maxAbs: 0.25 })
  expect(errorOf({ float: floats(1, -0.5, 0), type, data: bytes(4, 1, 2) })).toEqual({ sqnrDb: null, maxAbs: 0 })
})

test('takes the scale of each channel and block, and unpacks', () => {
  const scales = Float32Array.of(1, 2)
  const perAxis = { kind: 'per-axis', axis: 1, scales, zeroPoints: new Int32Array(2) } as const
  const byColumn = { dtype: 'i8', shape: [2, 2], quant: perAxis } as const
  expect(errorOf({ float: floats(3, 8, -3, -8), type: byColumn, data: bytes(3, 4, -3, -4) }).sqnrDb).toBeNull()
  const blocks = { kind: 'blockwise', axis: 1, blockSize: 2, scales } as const
  const packed = { dtype: 'i4', shape: [1, 4], quant: blocks } as const
  // 3, -3 of scale 1 and 4, -4 of scale 2.
  expect(errorOf({ float: floats(3, -3, 8, -8), type: packed, data: bytes(0xd3, 0xc4) }).sqnrDb).toBeNull()
  const two = { dtype: 'i2', shape: [1, 4], quant: blocks } as const
  expect(errorOf({ float: floats(1, -1, 2, -4), type: two, data: bytes(0b10_01_11_01) }).sqnrDb).toBeNull()
})

const model = parseModel(
  'graph main(%0 "x": f32[1,64]) {\n  %1 = const "w" : f32[16,64] = random(1)\n  %2 = const "b" : f32[16] = random(2)\n  %9 = fully_connected(%0, %1, %2) : f32[1,16]\n  return %9\n}',
)

test.each([
  ['dynamic', {}, [43, 70]],
  ['weight-only-int4', {}, [16, 30]],
  ['dynamic-int4', { blockSize: 32 }, [18, 30]],
  ['int8', { ranges: { of: () => [-1, 1] as const } }, [43, 70]],
] as const)('%s: fewer bits lose more', (mode, more, [low, high]) => {
  const { decisions } = quantize(model, { mode, minElements: 0, ...more })
  const w = withError(decisions.find((d) => d.tensor === 'w')!)
  expect(w.grid!.scale[0]).toBeGreaterThan(0)
  expect(w.grid!.scales).toBe(mode === 'dynamic-int4' ? 32 : 16)
  expect(w.error!.sqnrDb).toBeGreaterThan(low)
  expect(w.error!.sqnrDb).toBeLessThan(high)
  expect(w.error!.maxAbs).toBeLessThanOrEqual(0.51 * w.grid!.scale[1] * (mode.endsWith('int4') ? 2 : 1))
  const kept = decisions.find((d) => d.tensor === 'b')!
  expect(withError(kept).error === undefined).toBe(mode !== 'int8')
})
