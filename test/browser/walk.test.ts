import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { launchChromium } from './chromium.ts'

const root = path.resolve(import.meta.dirname, '../..')
const example = path.join(root, 'examples/mnist')
const browser = await launchChromium()

/** The walk of the example and every page it links to, as `npm run demo` leaves them. */
describe.skipIf(!browser)('the walk in Chromium', () => {
  beforeAll(() => {
    if (!existsSync(path.join(root, 'dist/cli.js'))) throw new Error('dist/cli.js is missing: npm run build')
    const demo = spawnSync(process.execPath, [path.join(example, 'demo.mjs')], { encoding: 'utf8' })
    expect(demo.status, demo.stderr).toBe(0)
  })
  afterAll(async () => await browser?.close())

  it('opens with its pages, asks for nothing from elsewhere, and fits a phone', async () => {
    const page = await browser!.newPage({ viewport: { width: 1200, height: 900 } })
    const faults: string[] = []
    const requests: string[] = []
    page.on('console', (m) => (m.type() === 'error' || m.type() === 'warning') && faults.push(m.text()))
    page.on('pageerror', (e) => faults.push(e.message))
    page.on('request', (r) => requests.push(r.url()))
    const index = String(pathToFileURL(path.join(example, 'out/index.html')))
    await page.goto(index)
    expect(await page.locator('pre.command').count()).toBe(9)
    expect(await page.locator('table').innerText()).toMatch(/312K[\s\S]*82K[\s\S]*5\.858854 ms[\s\S]*1\.439062 ms/)
    const links = await page.locator('a').evaluateAll((all) => [...new Set(all.map((a) => (a as HTMLAnchorElement).href))])
    expect(links.map((url) => path.basename(url)).sort()).toEqual(['compare.html', 'graph.svg', 'report.html'])
    await page.setViewportSize({ width: 390, height: 800 })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    for (const url of links) await page.goto(url)
    expect(faults).toEqual([])
    const outside = requests.filter((url) => !url.startsWith('data:') && ![index, ...links].includes(url))
    expect(outside).toEqual([])
  })
})
