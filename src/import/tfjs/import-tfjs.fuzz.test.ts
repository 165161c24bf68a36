import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import { fuzz } from '../../wire/fuzz.testkit.ts'
import { openZip } from '../../wire/zip.ts'
import { memoryFolder } from '../folder.ts'
import { readModel } from '../read-model.ts'

const archive = new Uint8Array(readFileSync(new URL('../../../fixtures/tfjs/models.zip', import.meta.url)))
const zip = openZip(memorySource('models.zip', archive))
const filesOf = (name: string) =>
  new Map([...zip.entries.values()].filter((e) => e.name.startsWith(`${name}/`)).map((e) => [e.name.slice(name.length + 1), zip.read(e)]))

/** Constants are computed too; the largest first, so that sizes from the file are seen. */
test.each(['plain_graph', 'small_graph_mixed', 'branches_graph_v2', 'small_layers_uint16', 'js_functional'])(
  'damaged %s is imported or refused',
  async (name) => {
    const files = filesOf(name)
    const { ok, refused } = await fuzz([files.get('model.json')!], async (damaged) => {
      const model = await readModel({ folder: memoryFolder(name, new Map([...files, ['model.json', damaged]])) })
      for (const { value, keras } of model.graphs.flatMap((g) => g.nodes)) {
        for (const c of [...(value ? [value] : []), ...(keras?.layer.weights.values() ?? [])]) {
          if (c.dtype !== 'string' && c.data.bytes().byteLength !== c.data.byteLength)
            throw new Error(`${name} has another size than it says`)
        }
      }
    })
    expect(Math.min(ok, refused)).toBeGreaterThan(0)
  },
)
