import type { TfliteFile } from '../../src/import/tflite/read-file.ts'

const plain = (_: string, v: unknown) =>
  ArrayBuffer.isView(v) ? [...(v as Uint8Array)].map(String) : typeof v === 'bigint' ? `${v}` : v instanceof Map ? [...v] : v

/**
 * What a `.tflite` file says, without the numbers that a writer is free to choose: tensors by what they are, operators in order,
 * operator codes and buffers by their contents. Tensors and buffers that nothing refers to do not count, nor does how the file was made.
 */
export function normalForm(file: TfliteFile): unknown {
  const { model, buffers, metadata } = file
  const contents = (buffer: number) => Buffer.from(buffers[buffer]!.bytes()).toString('base64')
  const graphs = model.subgraphs.map((g) => {
    const tensor = (i: number) => {
      if (i < 0) return null
      const { buffer, ...rest } = g.tensors[i]!
      return { ...rest, data: contents(buffer) }
    }
    return {
      name: g.name,
      inputs: Array.from(g.inputs, tensor),
      outputs: Array.from(g.outputs, tensor),
      operators: g.operators.map(({ opcodeIndex, inputs, outputs, intermediates, debugMetadataIndex: _, largeCustomOptions, ...rest }) => {
        const { builtinCode, customCode } = model.operatorCodes[opcodeIndex]!
        return {
          ...rest,
          builtinCode,
          customCode,
          inputs: Array.from(inputs, tensor),
          outputs: Array.from(outputs, tensor),
          intermediates: Array.from(intermediates, tensor),
          large: largeCustomOptions && Buffer.from(largeCustomOptions.bytes()).toString('base64'),
        }
      }),
    }
  })
  const highest = new Map<string, number>()
  for (const { builtinCode, customCode, version } of model.operatorCodes) {
    const code = `${builtinCode} ${customCode}`
    highest.set(code, Math.max(version, highest.get(code) ?? 0))
  }
  const signatures = model.signatureDefs.map((s) => {
    const ports = (list: typeof s.inputs) => list.map((p) => [p.name, model.subgraphs[s.subgraphIndex]!.tensors[p.tensorIndex]!.name])
    return [s.signatureKey, s.subgraphIndex, ports(s.inputs), ports(s.outputs)]
  })
  const used = new Set(
    model.subgraphs
      .flatMap((g) => g.operators.map((o) => model.operatorCodes[o.opcodeIndex]!))
      .map((c) => `${c.builtinCode} ${c.customCode}`),
  )
  const made = new Set(['CONVERSION_METADATA'])
  return JSON.parse(
    JSON.stringify(
      {
        description: model.description,
        graphs,
        codes: [...highest].filter(([code]) => used.has(code)).sort(),
        signatures,
        metadata: [...metadata]
          .filter(([name]) => !made.has(name))
          .map(([name, data]) => [name, Buffer.from(data.bytes()).toString('base64')])
          .sort(),
        external: [model.externalBufferGroups, model.externalBuffers],
      },
      plain,
    ),
  )
}
