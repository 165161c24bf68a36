import type { BufferInfo, DTypeSize, LayerSize, MetadataInfo, OpSize, SizeInfo, SubgraphInfo } from './types.ts'

/** Where the bytes of the file are. Lists are sorted, largest first; equal ones by name. */
export function describeSizes(
  fileBytes: number,
  subgraphs: readonly SubgraphInfo[],
  buffers: readonly BufferInfo[],
  metadata: readonly MetadataInfo[],
): SizeInfo {
  const sum = (list: readonly BufferInfo[]) => list.reduce((n, b) => n + b.sizeBytes, 0)
  const weights = buffers.filter((b) => b.tensors.length > 0)
  const metadataBuffers = new Set(metadata.map((m) => m.buffer))
  const metadataBytes = sum(buffers.filter((b) => b.tensors.length === 0 && metadataBuffers.has(b.index)))
  const unusedBytes = sum(buffers.filter((b) => b.tensors.length === 0 && !metadataBuffers.has(b.index)))
  const weightBytes = sum(weights)
  return {
    fileBytes,
    weightBytes,
    metadataBytes,
    unusedBytes,
    // Vectors that share their bytes are counted as often as they are referred to.
    overheadBytes: Math.max(0, fileBytes - weightBytes - metadataBytes - unusedBytes),
    duplicateBytes: sum(weights.filter((b) => b.duplicateOf !== null)),
    zeroBytes: sum(weights.filter((b) => b.fill === 'zeros')),
    byOp: sizesByOp(subgraphs),
    byDType: sizesByDType(
      subgraphs,
      weights.filter((b) => b.sizeBytes > 0),
    ),
    byLayer: sizesByLayer(subgraphs),
  }
}

type Writable<T> = { -readonly [K in keyof T]: T[K] }

function sizesByOp(subgraphs: readonly SubgraphInfo[]): OpSize[] {
  const byOp = new Map<string, Writable<OpSize>>()
  for (const o of subgraphs.flatMap((g) => g.operators)) {
    const row = byOp.get(o.op) ?? { op: o.op, family: o.family, count: 0, weightBytes: 0, parameters: 0, macs: null }
    row.count++
    row.weightBytes += o.weightBytes
    row.parameters += o.parameters
    if (o.macs !== null) row.macs = (row.macs ?? 0) + o.macs
    byOp.set(o.op, row)
  }
  return [...byOp.values()].sort((a, b) => b.weightBytes - a.weightBytes || b.count - a.count || compareText(a.op, b.op))
}

function sizesByDType(subgraphs: readonly SubgraphInfo[], weights: readonly BufferInfo[]): DTypeSize[] {
  const byDType = new Map<string, Writable<DTypeSize>>()
  for (const { tensors, sizeBytes } of weights) {
    const [first] = tensors
    const { dtype, elements } = subgraphs[first!.subgraph]!.tensors[first!.tensor]!
    const row = byDType.get(dtype) ?? { dtype, tensors: 0, elements: 0, sizeBytes: 0 }
    row.tensors += tensors.length
    row.elements += elements ?? 0
    row.sizeBytes += sizeBytes
    byDType.set(dtype, row)
  }
  return [...byDType.values()].sort((a, b) => b.sizeBytes - a.sizeBytes || compareText(a.dtype, b.dtype))
}

/** The color of a layer is that of its heaviest operator. */
function sizesByLayer(subgraphs: readonly SubgraphInfo[]): LayerSize[] {
  const byLayer = new Map<string, Writable<LayerSize> & { heaviest: number }>()
  for (const o of subgraphs.flatMap((g) => g.operators)) {
    if (o.layer === null) continue
    const row = byLayer.get(o.layer) ?? {
      layer: o.layer,
      family: o.family,
      operators: 0,
      weightBytes: 0,
      parameters: 0,
      macs: null,
      heaviest: -1,
    }
    row.operators++
    row.weightBytes += o.weightBytes
    row.parameters += o.parameters
    if (o.macs !== null) row.macs = (row.macs ?? 0) + o.macs
    if (o.weightBytes > row.heaviest) {
      row.heaviest = o.weightBytes
      row.family = o.family
    }
    byLayer.set(o.layer, row)
  }
  return [...byLayer.values()]
    .map(({ heaviest: _, ...row }) => row)
    .sort((a, b) => b.weightBytes - a.weightBytes || compareText(a.layer, b.layer))
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
