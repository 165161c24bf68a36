import { expect, test } from 'vitest'
import { memorySource } from '../../core/bytes.ts'
import type { DowncastError } from '../../core/diagnostics.ts'
import { toFloat32 } from '../../core/nd-array.ts'
import { openDataSet } from './open-data-set.ts'
import type { DataSet } from './sample.ts'

const open = (text: string): DataSet => openDataSet({ data: memorySource('x.jsonl', new TextEncoder().encode(text)) })
async function faultOf(text: string, index = 0): Promise<DowncastError> {
  try {
    await open(text).read(index)
  } catch (e) {
    return e as DowncastError
  }
  throw new Error('nothing was thrown')
}
const arrays = async (text: string, index = 0) => {
  const sample = await open(text).read(index)
  return [sample.label, ...Array.from(sample.arrays, ([n, a]) => [n, a.dtype, a.shape, Array.from(toFloat32(a)!)])]
}

test('a line holds an array for each input, and the class', async () => {
  const text =
    '{"ids": [[1, 2], [3, 4]], "scale": 0.5, "on": [true, false], "label": 3}\n{"ids":[[5,6],[7,8]],"scale":1,"on":[false,true],"label":0}'
  const set = open(text)
  expect([set.count, set.isLabeled, (await set.read(1)).name]).toEqual([2, true, 'x.jsonl[1]'])
  expect(await arrays(text)).toEqual([3, ['ids', 'f64', [2, 2], [1, 2, 3, 4]], ['scale', 'f64', [], [0.5]], ['on', 'f64', [2], [1, 0]]])
})

test('a line may be the array of the only input', async () => {
  expect(await arrays('[[1,2]]\n[[3,4]]', 1)).toEqual([undefined, ['', 'f64', [1, 2], [3, 4]]])
  expect(await arrays('{"x":[]}')).toEqual([undefined, ['x', 'f64', [0], []]])
})

test('names of members are only names', async () => {
  expect(await arrays('{"__proto__":[1],"constructor":[2]}')).toEqual([
    undefined,
    ['__proto__', 'f64', [1], [1]],
    ['constructor', 'f64', [1], [2]],
  ])
})

test('lines that are no samples are named', async () => {
  expect((await faultOf('\n \n')).code).toBe('run/no-samples')
  expect(await faultOf('{"x":[1]}\n{"x":', 1)).toMatchObject({ code: 'run/bad-record', actual: 'text that is no JSON' })
  for (const line of [
    '"x"',
    'null',
    '{"x":"a"}',
    '{"x":null}',
    '{"x":{}}',
    '{"x":[[1,2],[3]]}',
    '{"x":[[1],2]}',
    '{"x":[1,[2]]}',
    '{"x":[1],"label":-1}',
    '{"x":[1],"label":"a"}',
    `${'['.repeat(5000)}${']'.repeat(5000)}`,
    `${'['.repeat(18)}1${']'.repeat(18)}`,
  ]) {
    expect([line.slice(0, 30), (await faultOf(line)).code]).toEqual([line.slice(0, 30), 'run/bad-record'])
  }
})
