import type { Inspection } from '../../inspect/types.ts'

/** From so many layers on, blocks are gathered. */
const manyLayers = 24

export function hasManyLayers({ sizes }: Inspection): boolean {
  return sizes.byLayer.length > manyLayers
}

/** Steps of a layer's path; with `blocks`, names that begin with their block are two: `block1a_dwconv`, `conv2_block1_1_conv`, `block_3_expand`. */
export function layerSteps(layer: string, blocks: boolean): string[] {
  const steps = layer.split('/')
  return blocks ? steps.flatMap(splitBlock) : steps
}

function splitBlock(step: string): string[] {
  const [, block, rest] = /^([a-z]+_?\d+[a-z]?)_(\d*_?[a-z].*)$/i.exec(step) ?? []
  return block === undefined || rest === undefined ? [step] : [block, ...splitBlock(rest)]
}
