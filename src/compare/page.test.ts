import path from 'node:path'
import { expect, test } from 'vitest'
import { expectGolden } from '../../test/testkit/golden.ts'
import { formatComparison } from './format.ts'
import { renderComparison } from './page.ts'
import type { Comparison, Flip, ModelResult } from './types.ts'

const flip = (kind: Flip['kind'], index: number, label: number | null): Flip => ({
  kind,
  index,
  name: `digits[${index}]`,
  label,
  reference: [
    { index: 4, score: 0.9 },
    { index: 9, score: 0.08 },
    { index: 7, score: 0.02 },
  ],
  candidate: [
    { index: 9, score: 0.55 },
    { index: 4, score: 0.44 },
    { index: 7, score: 0.01 },
  ],
})
const latency = { runs: 60, medianMs: 0.5, p90Ms: 0.6, minMs: 0.4, madMs: 0.02, ratio: 1, ratioRange: [1, 1] as const, isClear: false }
const model = (name: string, fields: Partial<ModelResult>): ModelResult => ({
  name,
  sizeBytes: 320_036,
  sizeRatio: 1,
  latency,
  accuracy: { count: 97, of: 100, share: 0.97 },
  difference: null,
  nonFiniteValues: 0,
  ...fields,
})
const comparison = (fields: Partial<Comparison> = {}, candidate: Partial<ModelResult> = {}): Comparison => ({
  kind: 'downcast/comparison',
  version: 1,
  data: { name: 'data/digits', samples: 100, labeled: 100, classNames: {} },
  runtime: 'LiteRT.js',
  preprocess: 'mean=0,std=255',
  classOutput: 'softmax',
  models: [
    model('out/float.tflite', {}),
    model('out/small.tflite', {
      sizeBytes: 86_096,
      sizeRatio: 320_036 / 86_096,
      latency: { ...latency, medianMs: 0.25, ratio: 2, ratioRange: [1.9, 2.1], isClear: true },
      accuracy: { count: 95, of: 100, share: 0.95 },
      difference: {
        agreement: { count: 96, of: 100, share: 0.96 },
        outputs: [
          {
            name: 'softmax',
            values: 1000,
            maxAbsError: 0.46,
            meanAbsError: 0.001,
            rootMeanSquareError: 0.004,
            cosine: 0.9999,
            worstSample: 'digits[3]',
          },
        ],
        lost: 3,
        gained: 1,
        changed: 0,
        flips: [flip('lost', 3, 4), flip('gained', 8, 9)],
      },
      ...candidate,
    }),
  ],
  diagnostics: [],
  ...fields,
})
const golden = (name: string) => path.join(import.meta.dirname, 'golden', name)

test('the terminal’s table and the page', () => {
  const pictures = new Map([[3, { width: 2, height: 2, channels: 1 as const, data: Uint8Array.of(0, 255, 128, 0) }]])
  expectGolden(golden('comparison.txt'), `${formatComparison(comparison())}\n`)
  // Head and style are the common shell's; what is judged here is the contents.
  expectGolden(golden('comparison.html'), renderComparison(comparison(), { pictures }).replace(/^.*(?=<body>)/s, ''))
})

test('names from files do nothing on the page or the terminal', () => {
  const hostile = '</script><img src=x onerror=alert(1)>"\'&\u001b[31m\u202e'
  const c = comparison({
    data: { name: hostile, samples: 100, labeled: 100, classNames: { 4: hostile, 9: hostile } },
    models: [model(hostile, {}), { ...comparison().models[1]!, name: hostile }],
  })
  const page = renderComparison(c)
  expect(page).not.toContain('<img src=x')
  expect(page.match(/<script/g)).toBeNull()
  expect(page).not.toMatch(/(?:src|href)="?https?:/)
  expect(formatComparison(c)).not.toMatch(/[\u001b\u202e]/)
})

test('what was not measured is not shown', () => {
  const bare = comparison(
    {},
    { latency: null, accuracy: null, difference: { ...comparison().models[1]!.difference!, lost: null, gained: null } },
  )
  const models = [{ ...bare.models[0]!, latency: null, accuracy: null }, bare.models[1]!]
  const page = renderComparison({ ...bare, models })
  expect(page).not.toContain('Latency</th>')
  expect(page).not.toContain('Accuracy</th>')
  expect(page).toContain('Other classes in float.tflite and small.tflite')
})
