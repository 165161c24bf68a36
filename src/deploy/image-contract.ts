import { formatShape } from '../core/shape.ts'
import type { TfliteFile } from '../import/tflite/read-file.ts'
import { notImageInput, openImageSize } from './diagnostics.ts'

export interface PortContract {
  readonly name: string
  /** `float32`, `uint8`, ... */
  readonly dtype: string
  /** As the file states it: -1 where the size is open. */
  readonly shape: readonly number[]
  /** real = scale * (q - zeroPoint); undefined for floats and for integers that are plain numbers. */
  readonly quant: { readonly scale: number; readonly zeroPoint: number } | undefined
}

/** What the device has to know to feed a model with pictures and to read its answer. */
export interface ImageContract {
  /** The model's file name. */
  readonly file: string
  readonly input: PortContract
  readonly outputs: readonly PortContract[]
  /** Pictures in one run; 1 where the file leaves it open. */
  readonly batch: number
  readonly height: number
  readonly width: number
  /** 1 gray, 3 RGB, 4 RGBA. */
  readonly channels: number
  readonly bytesPerChannel: number
  /** Whether weights or the input are stored in less than float32. */
  readonly isQuantized: boolean
  readonly minRuntimeVersion: string | undefined
}

const bytesPerChannel: Readonly<Record<string, number>> = { FLOAT32: 4, UINT8: 1, INT8: 1 }

type Tensor = TfliteFile['model']['subgraphs'][number]['tensors'][number]

/**
 * The contract of a model's first signature, from the file alone.
 * Throws deploy/not-an-image-input, deploy/open-image-size.
 */
export function imageContract(model: TfliteFile): ImageContract {
  const { name: file } = model
  const { inputs, outputs } = mainPorts(model)
  const [port] = inputs
  if (!port) throw notImageInput(file, 'no input')
  if (inputs.length > 1) throw notImageInput(file, `${inputs.length} inputs (${inputs.map((i) => i.name).join(', ')})`)
  const input = portContract(port.name, port.tensor)
  const { shape } = input
  const described = `${quote(input.name)}, ${input.dtype}${formatShape(shape)}`
  const bytes = bytesPerChannel[port.tensor.type]
  // An integer input without a scale takes plain numbers, of which nobody said how they come from pixels.
  if (bytes === undefined || (bytes === 1 && !input.quant)) throw notImageInput(file, described, input.name)
  const [batch, height, width, channels = 1] = shape
  if (shape.length < 3 || shape.length > 4 || ![-1, 1, 3, 4].includes(channels)) {
    throw notImageInput(file, described, input.name)
  }
  if (height! < 1 || width! < 1 || channels < 1) throw openImageSize(file, input.name, formatShape(shape))
  return {
    file,
    input,
    outputs: outputs.map((o) => portContract(o.name, o.tensor)),
    batch: batch! < 1 ? 1 : batch!,
    height: height!,
    width: width!,
    channels,
    bytesPerChannel: bytes,
    isQuantized: isQuantized(model),
    minRuntimeVersion: model.minRuntimeVersion,
  }
}

interface Port {
  readonly name: string
  readonly tensor: Tensor
}

/** Of the first signature; a file without any has those of its first subgraph. */
function mainPorts({ model }: TfliteFile): { inputs: Port[]; outputs: Port[] } {
  const [signature] = model.signatureDefs
  const graph = model.subgraphs[signature?.subgraphIndex ?? 0]!
  const port = (name: string, index: number): Port => ({ name, tensor: graph.tensors[index]! })
  if (!signature) {
    const named = (index: number): Port => port(graph.tensors[index]!.name, index)
    return { inputs: [...graph.inputs].map(named), outputs: [...graph.outputs].map(named) }
  }
  return {
    inputs: signature.inputs.map((m) => port(m.name, m.tensorIndex)),
    outputs: signature.outputs.map((m) => port(m.name, m.tensorIndex)),
  }
}

function portContract(name: string, tensor: Tensor): PortContract {
  const shape = tensor.shapeSignature.length === tensor.shape.length ? tensor.shapeSignature : tensor.shape
  const { scale, zeroPoint } = tensor.quantization ?? {}
  const quant = scale?.length === 1 ? { scale: scale[0]!, zeroPoint: Number(zeroPoint?.[0] ?? 0n) } : undefined
  return { name, dtype: tensor.type.toLowerCase(), shape: [...shape], quant }
}

function isQuantized({ model, buffers }: TfliteFile): boolean {
  return model.subgraphs.some((g) =>
    g.tensors.some((t) => {
      const isStored = (buffers[t.buffer]?.byteLength ?? 0) > 0 || t.externalBuffer > 0
      const isInteger = /^U?INT/.test(t.type) && (t.quantization?.scale.length ?? 0) > 0
      return (isStored && t.type === 'FLOAT16') || isInteger
    }),
  )
}

function quote(text: string): string {
  return JSON.stringify(text)
}
