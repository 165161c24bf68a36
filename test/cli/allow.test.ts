import * as fs from 'node:fs'
import * as path from 'node:path'
import { beforeAll, expect, test } from 'vitest'
import { temporaryFolder } from '../testkit/files.ts'
import { attr, encode, metaGraph, node } from '../testkit/saved-model.ts'
import { runInProcess } from './run-cli.ts'

const dir = temporaryFolder()

beforeAll(() => {
  const f32 = attr.type('f32')
  const graph = metaGraph({
    nodes: [
      node('x', 'Placeholder', [], { dtype: f32, shape: attr.shape([-1, 4]) }),
      node('head/magic', 'Magic', ['x'], { T: f32, power: attr.int(3) }),
      node('head/out', 'Relu', ['head/magic'], { T: f32 }),
    ],
    signatures: {
      serving_default: { inputs: { x: { name: 'x:0', dims: [-1, 4] } }, outputs: { y: { name: 'head/out:0', dims: [-1, 3] } } },
    },
  })
  fs.writeFileSync(
    path.join(dir, 'saved_model.pb'),
    encode([
      [1, 1],
      [2, graph],
    ]),
  )
})

const out = () => path.join(dir, 'out.tflite')
const convert = (...words: readonly string[]) => runInProcess('convert', dir, '-o', out(), ...words)

test('an unknown op is kept when its name is allowed and its result is known', async () => {
  expect(await convert()).toMatchObject({ code: 1, err: expect.stringContaining('lower/unsupported-op') })
  expect(await convert('--allow-custom', 'Magic')).toMatchObject({ code: 1, err: expect.stringContaining('lower/unknown-result') })
  const { code, err } = await convert('--allow-custom', 'Magic,Other', '--result-type', 'head/magic=f32[-1,3]')
  expect(err).toMatch(/--allow-custom Other: the model has no such op[\s\S]*lower\/custom-ops-kept/)
  expect(code).toBe(0)

  const { subgraphs } = JSON.parse((await runInProcess('inspect', out(), '--json')).out)
  expect(subgraphs[0].operators.map((o: { op: string }) => o.op)).toEqual(['Magic', 'RELU'])
  expect(subgraphs[0].operators[0]).toMatchObject({ op: 'Magic', isCustom: true, options: { T: 0, power: 3 } })
  expect(await runInProcess('verify', out())).toMatchObject({ code: 0 })
})

test('a Flex op, in a file with smaller weights', async () => {
  const { code, err } = await convert('--allow-flex', 'Magic', '--result-type', 'head/magic=f32[-1,3]', '--quantize', 'dynamic')
  expect(err).toContain('lower/flex-ops-kept')
  expect(code).toBe(0)
  const { subgraphs } = JSON.parse((await runInProcess('inspect', out(), '--json')).out)
  expect(subgraphs[0].operators[0]).toMatchObject({ op: 'FlexMagic', options: { T: 'f32', power: 3 } })
})

test.each(['f32[1]', 'a=f32', 'a=f33[1]', 'a=f32[x]', 'a=f32[1,1,1,1,1,1,1,1,1]'])('--result-type %s is refused', async (word) => {
  expect(await convert('--result-type', word)).toMatchObject({ code: 2, err: expect.stringContaining('cli/malformed-value') })
})
