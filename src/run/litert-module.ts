import type { LiteRt } from '@litertjs/core'
import type { DType } from '../core/dtype.ts'

/** LiteRT's WebAssembly module with its C++ classes, as `@litertjs/core` declares it. */
export type LiteRtModule = LiteRt['liteRtWasm']
export type LiteRtEnvironment = ReturnType<LiteRtModule['LiteRtEnvironment']['create']>
export type TensorBuffer = ReturnType<LiteRtModule['LiteRtTensorBuffer']['createManaged']>
type RankedTensorType = ReturnType<LiteRtModule['LiteRtRankedTensorType']['create']>

/** Starts a fresh module. `log` takes the lines LiteRT writes; nothing else may print. */
export type LiteRtLoader = (log: (line: string) => void) => Promise<{
  readonly module: LiteRtModule
  /** What the module's addresses are in, where the loader can tell; it may grow at any call. */
  readonly memory?: WebAssembly.Memory | undefined
  /** Version and build, for reports. */
  readonly description: string
}>

// ElementType of LiteRT (litert/c/litert_model_types.h), by our names; the types that a tensor buffer can be made of.
const elementTypes: Partial<Record<DType, number>> = {
  f32: 1,
  i32: 2,
  u8: 3,
  i64: 4,
  bool: 6,
  i16: 7,
  c64: 8,
  i8: 9,
  f16: 10,
  f64: 11,
  u64: 13,
  u32: 16,
  u16: 17,
  bf16: 19,
}

/** Whether values of this type can be handed to LiteRT and back. */
export function isTransferable(dtype: DType): boolean {
  return elementTypes[dtype] !== undefined
}

/** A buffer on LiteRT's side that holds a copy of `bytes`; whoever asked deletes it. */
export function makeTensorBuffer(
  module: LiteRtModule,
  environment: LiteRtEnvironment,
  dtype: DType,
  shape: readonly number[],
  bytes: Uint8Array,
): TensorBuffer {
  const type = makeTensorType(module, elementTypes[dtype]!, shape)
  try {
    const { HOST_MEMORY } = module.LiteRtTensorBufferType
    const buffer = module.LiteRtTensorBuffer.createManaged(environment, HOST_MEMORY, type, bytes.byteLength)
    const at = buffer.lock(module.LiteRtTensorBufferLockMode.WRITE)
    module.HEAPU8.set(bytes, at)
    buffer.unlock()
    return buffer
  } finally {
    type.delete()
  }
}

function makeTensorType(module: LiteRtModule, elementType: number, shape: readonly number[]): RankedTensorType {
  const dimensions = new module.VectorInt32()
  for (const d of shape) dimensions.push_back(d)
  const layout = module.LiteRtLayout.create(dimensions)
  dimensions.delete()
  type ElementTypeArgument = Parameters<LiteRtModule['LiteRtRankedTensorType']['create']>[0]
  const type = module.LiteRtRankedTensorType.create({ value: elementType } as ElementTypeArgument, layout)
  layout.delete()
  return type
}

/** Where a buffer's values lie in the module's memory, and its shape. */
export interface PlacedTensor {
  readonly shape: number[]
  readonly address: number
  readonly byteLength: number
}

export function placeOf(module: LiteRtModule, buffer: TensorBuffer): PlacedTensor {
  const type = buffer.tensorType()
  const layout = type.layout()
  const shape = listOf(layout.dimensions())
  layout.delete()
  type.delete()
  const address = buffer.lock(module.LiteRtTensorBufferLockMode.READ)
  const byteLength = buffer.packedSize()
  buffer.unlock()
  return { shape, address, byteLength }
}

/** The elements of a C++ vector, which is deleted. */
export function listOf<T>(vector: { size(): number; get(index: number): T; delete(): void }): T[] {
  const list = Array.from({ length: vector.size() }, (_, i) => vector.get(i))
  vector.delete()
  return list
}
