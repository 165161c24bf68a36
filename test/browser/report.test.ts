import { mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Browser, BrowserContextOptions, Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { inspectModel } from '../../src/inspect/index.ts'
import { awkwardFile, fixtureFile, hostileName } from '../../src/inspect/tflite-file.testkit.ts'
import { renderReport, renderSvg } from '../../src/report/index.ts'
import { launchChromium } from './chromium.ts'

const out = path.resolve(import.meta.dirname, '../../.tmp/browser')
const browser = await launchChromium()

/** A page from a file, with what went wrong on it and what it asked for. */
interface OpenPage {
  readonly page: Page
  readonly faults: string[]
  readonly requests: string[]
}

async function openFile(name: string, text: string, options: BrowserContextOptions = {}, hash = ''): Promise<OpenPage> {
  const file = path.join(out, name)
  writeFileSync(file, text)
  const page = await (browser as Browser).newPage({ viewport: { width: 1280, height: 900 }, ...options })
  const faults: string[] = []
  const requests: string[] = []
  page.on('console', (m) => (m.type() === 'error' || m.type() === 'warning') && faults.push(m.text()))
  page.on('pageerror', (e) => faults.push(e.message))
  page.on('request', (r) => requests.push(r.url()))
  await page.goto(`${pathToFileURL(file)}${hash}`)
  return { page, faults, requests }
}

const inspect = (name: string) => inspectModel(fixtureFile(name))

describe.skipIf(!browser)('report in Chromium', () => {
  beforeAll(() => void mkdirSync(out, { recursive: true }))
  afterAll(async () => await browser?.close())

  it('asks for nothing but itself and has no errors', async () => {
    const models = {
      mlp: [inspect('mnist_mlp.dynamic')],
      loop: [inspect('lstm_while.float')],
      awkward: [inspectModel(awkwardFile())],
    } as const
    for (const [name, list] of Object.entries(models)) {
      const { page, faults, requests } = await openFile(`${name}.html`, renderReport(list))
      expect(faults, name).toEqual([])
      expect(requests, name).toEqual([page.url()])
      expect(await page.locator('img, iframe, object, link').count()).toBe(0)
      await page.screenshot({ path: path.join(out, `${name}.png`), fullPage: true })
      await page.close()
    }
  })

  it('shows hostile names as text', async () => {
    const { page } = await openFile('hostile.html', renderReport(inspectModel(awkwardFile()), { title: hostileName }))
    expect(await page.locator('h1').textContent()).toContain('</script><img src=x onerror=alert(1)>')
    expect(await page.locator('script').count()).toBe(1)
    await page.close()
  })

  it('filters tables by words and sorts by columns', async () => {
    const { page } = await openFile('filter.html', renderReport(inspect('mobilenet.int8')))
    const rows = page.locator('#a-operators tbody tr:visible')
    expect(await rows.count()).toBe(19)
    await page.fill('#a-operators input[type=search]', 'conv_2d conv2d_4')
    expect(await rows.count()).toBe(1)
    expect(await page.locator('#a-operators .count').textContent()).toBe('1 of 19')
    await page.fill('#a-operators input[type=search]', 'no such operator')
    expect(await rows.count()).toBe(0)
    await page.fill('#a-operators input[type=search]', '')
    const bytes = page.locator('#a-tensors th', { hasText: 'Bytes' })
    await bytes.click()
    const column = page.locator('#a-tensors tbody tr td:nth-child(6)')
    const values = (await column.allTextContents()).map((text) => Number(text.replaceAll(',', '')))
    expect(values).toEqual([...values].sort((a, b) => b - a))
    await page.close()
  })

  it('selects an operator from the drawing, from its row and from the address', async () => {
    const { page, faults } = await openFile('select.html', renderReport(inspect('mobilenet.int8')))
    await page.click('.node[data-op="3"]')
    expect(await page.locator('tr.sel').getAttribute('id')).toBe('a-op-0-3')
    expect(await page.locator('.detail h3').textContent()).toContain('CONV_2D')
    expect(await page.locator('.detail').textContent()).toContain('filter')
    expect(await page.locator('.edge.hot').count()).toBe(3)
    await page.screenshot({ path: path.join(out, 'selected.png') })

    await page.locator('#a-op-0-17').scrollIntoViewIfNeeded()
    await page.locator('#a-op-0-17 td').nth(1).click()
    expect(await page.locator('.node.sel').getAttribute('data-op')).toBe('17')
    expect(await page.locator('.node.sel').count()).toBe(1)
    const [node, frame] = await Promise.all([page.locator('.node.sel').boundingBox(), page.locator('.canvas').boundingBox()])
    expect(node!.y).toBeGreaterThanOrEqual(frame!.y)
    expect(node!.y + node!.height).toBeLessThanOrEqual(frame!.y + frame!.height)
    expect(page.url()).toMatch(/#a-op-0-17$/)
    await page.click('.detail .close')
    expect(await page.locator('.sel').count()).toBe(0)
    expect(faults).toEqual([])
    await page.close()

    const linked = await openFile('select.html', renderReport(inspect('mobilenet.int8')), {}, '#a-op-0-9')
    expect(await linked.page.locator('.node.sel').getAttribute('data-op')).toBe('9')
    await linked.page.close()
  })

  it('zooms the drawing and changes subgraphs', async () => {
    const { page, faults } = await openFile('zoom.html', renderReport(inspect('lstm_while.float')))
    const width = async () => (await page.locator('.canvas:visible svg').boundingBox())!.width
    const before = await width()
    await page.click('[data-zoom=in]')
    expect(await width()).toBeGreaterThan(before * 1.2)
    await page.click('[data-zoom=fit]')
    await page.selectOption('.pick', '2')
    expect(await page.locator('.canvas:visible').getAttribute('data-graph')).toBe('2')
    expect(await page.locator('.canvas:visible .node').count()).toBeGreaterThan(20)
    expect(faults).toEqual([])
    await page.close()
  })

  it('shows two models and follows links into either', async () => {
    const { page, faults } = await openFile('two.html', renderReport([inspect('mobilenet.float16'), inspect('mobilenet.int8')]))
    expect(await page.locator('#a-operators').isVisible()).toBe(true)
    expect(await page.locator('#b-operators').isVisible()).toBe(false)
    await page.click('.models button >> nth=1')
    expect(await page.locator('#b-operators').isVisible()).toBe(true)
    expect(await page.locator('#b-structure svg').isVisible()).toBe(true)
    await page.screenshot({ path: path.join(out, 'two.png'), fullPage: true })
    await page.evaluate(() => {
      location.hash = '#a-op-0-26'
    })
    await page.waitForSelector('#a-op-0-26.sel')
    expect(await page.locator('#b-operators').isVisible()).toBe(false)
    expect(faults).toEqual([])
    await page.close()
  })

  it('fits a phone in the dark', async () => {
    const { page, faults } = await openFile('phone.html', renderReport(inspect('mobilenet.int8')), {
      viewport: { width: 390, height: 844 },
      colorScheme: 'dark',
      isMobile: true,
      hasTouch: true,
    })
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390)
    await page.tap('.node[data-op="0"]')
    expect(await page.locator('.detail').isVisible()).toBe(true)
    expect(faults).toEqual([])
    await page.screenshot({ path: path.join(out, 'phone.png') })
    await page.close()
  })

  it('says the same without scripts', async () => {
    const { page } = await openFile('plain.html', renderReport(inspect('mobilenet.int8')), { javaScriptEnabled: false })
    expect(await page.locator('#a-tensors tbody tr').count()).toBe(45)
    expect(await page.locator('#a-structure svg').isVisible()).toBe(true)
    expect(await page.locator('input[type=search]:visible').count()).toBe(0)
    await page.close()
  })

  it('opens the picture of the structure by itself', async () => {
    const { page, faults, requests } = await openFile('awkward.svg', renderSvg(inspectModel(awkwardFile())))
    expect(faults).toEqual([])
    expect(requests).toHaveLength(1)
    expect(await page.locator('parsererror').count()).toBe(0)
    expect(await page.locator('g.node').count()).toBe(7)
    await page.close()
  })
})
