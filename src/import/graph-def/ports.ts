import type { Shape } from '../../core/shape.ts'

/**
 * Shapes of the inputs of one graph, with a name for each unknown size. The leading one is called `N` where that is safe:
 * when only one input has it, or when `isBatch` says that it is the batch for every input. Others are called after the input
 * and the axis: `image_1`.
 */
export function inputShapes(
  inputs: readonly { readonly name: string; readonly dims: readonly number[] | undefined }[],
  isBatch: boolean,
): (Shape | undefined)[] {
  const leading = inputs.filter((i) => i.dims?.[0] === -1).length
  const taken = new Set<string>(['N'])
  return inputs.map(({ name, dims }) =>
    dims?.map((d, axis) => {
      if (d >= 0) return d
      if (axis === 0 && (isBatch || leading === 1)) return 'N'
      const base = `${/^\d/.test(name) ? '_' : ''}${name.replace(/[^A-Za-z0-9_]/g, '_')}_${axis}`
      let symbol = base
      for (let n = 1; taken.has(symbol); n++) symbol = `${base}_${n}`
      taken.add(symbol)
      return symbol
    }),
  )
}

/** Shape of an output; an unknown size is `?`. */
export function outputShape(dims: readonly number[] | undefined): Shape | undefined {
  return dims?.map((d) => (d >= 0 ? d : '?'))
}
