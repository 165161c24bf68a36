import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { expectGolden } from '../../test/testkit/golden.ts'
import { inspectModel } from '../inspect/inspect.ts'
import { awkwardFile, fixtureFile, hostileName, madeFile } from '../inspect/tflite-file.testkit.ts'
import { escapeMarkup } from '../page/escape.ts'
import { html } from '../page/html.ts'
import { renderReport } from './report.ts'
import { matchConstants } from './sections/comparison.ts'

const inspect = (name: string) => inspectModel(fixtureFile(name))
/** The page without style and script, which the browser test covers. */
const contents = (page: string) => page.replace(/(<style>|<script>)[\s\S]*?(<\/style>|<\/script>)/g, '$1$2')

describe('renderReport', () => {
  it('shows a dynamic-range model', () => {
    const page = renderReport(inspectModel(fixtureFile('mnist_mlp.dynamic'), { sha256: 'ab'.repeat(32) }), { footer: 'made by a test' })
    expectGolden(path.join(import.meta.dirname, 'golden', 'mnist_mlp.dynamic.html'), contents(page))
  })

  it('refers to nothing outside and forbids it', () => {
    for (const name of ['mobilenet.int8', 'lstm_while.float']) {
      const page = renderReport(inspect(name))
      expect(page).toContain(`content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:;`)
      expect(page).not.toMatch(/https?:\/\/|url\(\s*["']?(?!#)|@import|<link|<iframe|<img/)
    }
  })

  it('lets no name become markup', () => {
    const page = renderReport(inspectModel(awkwardFile()), { title: hostileName, footer: hostileName })
    expect(page.match(/<script/g)).toHaveLength(1)
    expect(page.match(/<\/script/g)).toHaveLength(1)
    expect(page).not.toMatch(/<img|[\u001b\u202e]/)
    expect(page).toContain(escapeMarkup('</script><img src=x onerror=alert(1)>'))
    const attributes = contents(page).matchAll(/<[a-z][^<>]*>/g)
    for (const [tag] of attributes) expect(tag).toMatch(/^<[a-z0-9]+(\s+[a-zA-Z-]+(="[^"]*")?)*\s*\/?>$/)
  })

  it('shows absent operands as none, never as a tensor', () => {
    const page = renderReport(inspect('lstm_text.float'))
    expect(page).toMatch(/<span class="ref none" data-role="[^"]*">none<\/span>|<span class="ref none">none<\/span>/)
    expect(page).not.toContain('href="#a-t-0--1"')
  })

  it('leads only to rows that are there', () => {
    for (const name of ['lstm_while.float', 'mobilenet.float16']) {
      const page = contents(renderReport([inspect(name), inspect('mobilenet.int8')]))
      const ids = new Set([...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id))
      const missing = [...page.matchAll(/ href="#([^"]+)"/g)].map(([, id]) => id).filter((id) => !ids.has(id))
      expect(missing).toEqual([])
    }
  })

  it('has every id once', () => {
    const page = contents(renderReport([inspect('lstm_while.float'), inspect('mobilenet.int8')]))
    const ids = [...page.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it('sets two models side by side', () => {
    const [a, b] = [inspect('mobilenet.float16'), inspect('mobilenet.int8')]
    const page = contents(renderReport([a, b]))
    expect(page).toContain('id="comparison"')
    expect(page).toContain('id="b-operators"')
    const pairs = matchConstants(a, b)
    expect(pairs.filter((p) => p.a && p.b).length).toBeGreaterThan(20)
    expect(pairs.every((p) => !p.a || !p.b || p.a.name === p.b.name)).toBe(true)
  })

  it('shows a model without operators', () => {
    const file = madeFile({ version: 3, subgraphs: [{ tensors: [], inputs: [], outputs: [], operators: [] }] })
    expect(renderReport(inspectModel(file))).toContain('made.tflite')
  })
})

describe('html', () => {
  it('escapes text, not markup', () => {
    expect(html`<a title="${'"&<>'}">${[html`<b>x</b>`, '<i>', 3, null, undefined, false]}</a>`.text).toBe(
      '<a title="&quot;&amp;&lt;&gt;"><b>x</b>&lt;i&gt;3</a>',
    )
  })
  it('shows what cannot be shown', () => expect(escapeMarkup('a\u0000b\ud800c\u202ed')).toBe('a\\u0000b\ufffdc\\u202ed'))
})
