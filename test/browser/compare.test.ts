import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { compare, type Pixels, renderComparison, thumbnailOf } from '../../src/compare/index.ts'
import { openFile } from '../../src/platform/node.ts'
import { loadNodeLiteRt } from '../../src/platform/node-litert.ts'
import { openDataSet } from '../../src/run/data/open-data-set.ts'
import { parsePreprocess } from '../../src/run/data/preprocess.ts'
import { liteRtRunner } from '../../src/run/litert.ts'
import { launchChromium } from './chromium.ts'

const root = path.resolve(import.meta.dirname, '../..')
const out = path.join(root, '.tmp/browser')
const browser = await launchChromium()

describe.skipIf(!browser)('comparison in Chromium', () => {
  beforeAll(() => void mkdirSync(out, { recursive: true }))
  afterAll(async () => await browser?.close())

  it('shows the samples that flipped with their pictures, and asks for nothing', async () => {
    const runner = liteRtRunner(loadNodeLiteRt)
    const models = ['float', 'int8'].map((kind) => {
      const file = openFile(path.join(root, `fixtures/tflite/mnist_cnn_small.${kind}.tflite`))
      return { name: `<${kind}>.tflite`, bytes: file.read(0, file.byteLength) }
    })
    const images = openFile(path.join(root, 'examples/mnist/data/t10k-images-idx3-ubyte.gz'))
    const labels = openFile(path.join(root, 'examples/mnist/data/t10k-labels-idx1-ubyte.gz'))
    const data = openDataSet({ data: images, labels })
    const preprocess = parsePreprocess('mean=0,std=255')
    const comparison = await compare(models, data, { runner, preprocess, maxSamples: 4000, latency: { minRuns: 5, minTimeMs: 1 } })
    await runner.dispose()
    const flips = comparison.models[1]!.difference!.flips
    expect(flips.length).toBeGreaterThan(0)
    const pictures = new Map<number, Pixels>()
    for (const { index } of flips) pictures.set(index, thumbnailOf(await data.read(index))!)
    const file = path.join(out, 'comparison.html')
    writeFileSync(file, renderComparison(comparison, { pictures }))

    const page = await browser!.newPage({ viewport: { width: 1280, height: 900 } })
    const faults: string[] = []
    const requests: string[] = []
    page.on('console', (m) => (m.type() === 'error' || m.type() === 'warning') && faults.push(m.text()))
    page.on('pageerror', (e) => faults.push(e.message))
    page.on('request', (r) => requests.push(r.url().slice(0, 40)))
    await page.goto(String(pathToFileURL(file)))
    expect(faults).toEqual([])
    expect(requests.filter((url) => !url.startsWith('data:image/png'))).toEqual([page.url().slice(0, 40)])
    expect(await page.locator('.flip').count()).toBe(flips.length)
    expect(await page.locator('h1').textContent()).toBe('<float>.tflite against <int8>.tflite')
    const first = page.locator('.flip').first()
    await first.scrollIntoViewIfNeeded()
    // A decoded picture has the size of a digit.
    await expect.poll(() => first.locator('img').evaluate((img) => (img as HTMLImageElement).naturalWidth)).toBe(28)
    expect(await first.locator('.bar').count()).toBe(6)
    await page.screenshot({ path: path.join(out, 'comparison.png'), fullPage: true })

    // On a phone nothing is wider than the screen.
    await page.setViewportSize({ width: 390, height: 800 })
    const width = await page.evaluate(() => document.documentElement.scrollWidth)
    expect(width).toBeLessThanOrEqual(390)
    await page.close()
  })
})
