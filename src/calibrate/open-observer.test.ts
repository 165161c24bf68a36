import { afterAll, expect, it } from 'vitest'
import { constFromBytes, memorySink } from '../core/bytes.ts'
import { writeTfliteFile } from '../export/file-writer.ts'
import { loadNodeLiteRt } from '../platform/node-litert.ts'
import { liteRtRunner } from '../run/litert.ts'
import { openObserver } from './open-observer.ts'

const runner = liteRtRunner(loadNodeLiteRt)
afterAll(() => runner.dispose())

/** In FlexBuffers. */
const emptyMap = Uint8Array.of(0, 0, 1, 0, 0, 36, 1)

/** y = 2x, as a composite that stands for ADD. */
function composite(): Uint8Array {
  const tensor = (name: string) => ({ name, shape: [1, 4], buffer: 0, type: 'FLOAT32' as const, hasRank: true })
  const graph = (name: string, operator: object) => ({
    name,
    tensors: [tensor('x'), tensor('y')],
    inputs: [0],
    outputs: [1],
    operators: [operator],
  })
  const options = {
    type: 'StableHLOCompositeOptions' as const,
    value: { name: 'odml.twice', decompositionSubgraphIndex: 1, compositeAttributes: emptyMap },
  }
  const sink = memorySink()
  writeTfliteFile(
    {
      version: 3,
      operatorCodes: [
        { builtinCode: 'STABLEHLO_COMPOSITE' as const, version: 1 },
        { builtinCode: 'ADD' as const, version: 1 },
      ],
      subgraphs: [
        graph('main', { opcodeIndex: 0, inputs: [0], outputs: [1], builtinOptions2: options }),
        graph('twice', { opcodeIndex: 1, inputs: [0, 0], outputs: [1], builtinOptions: { type: 'AddOptions', value: {} } }),
      ],
      signatureDefs: [
        { signatureKey: 's', subgraphIndex: 0, inputs: [{ name: 'x', tensorIndex: 0 }], outputs: [{ name: 'y', tensorIndex: 1 }] },
      ],
    },
    [constFromBytes(new Uint8Array())],
    sink,
  )
  return sink.bytes()
}

it('sees a composite as one op, in LiteRT.js', async () => {
  const observer = await openObserver(runner, composite(), 'c.tflite')
  expect(observer.method).toBe('litert')
  await observer.dispose()
})
