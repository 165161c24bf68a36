/** Steps of a name that converters put there: they say nothing of the user's layers. */
const wrapper = /^(Stateful)?PartitionedCall(_\d+)?$/
/** A read of a variable below the op that uses it. */
const variableRead = /\/(ReadVariableOp|resource)\d*(_\d+)?$/i
/** The op of a layer that has weights, as TensorFlow names it; the one to name a fused op after. */
const weighted = /\/(conv\dd\w*|convolution|depthwise\w*|separable\w*|matmul\w*|einsum\w*|tensordot\w*)$/i

/**
 * The source layer in the names of an operator's tensors, its result's first: `a/dense` in `StatefulPartitionedCall/a/dense/MatMul;a/dense/BiasAdd`.
 * Of fused ops the layer with weights counts. Undefined when no name has a layer in it.
 */
export function layerOfNames(names: readonly string[]): string | undefined {
  const parts = names.flatMap((name) => name.split(';')).map((part) => part.trim().replace(/:\d+$/, '').replace(variableRead, ''))
  const best = parts.find((part) => weighted.test(part))
  for (const part of best === undefined ? parts : [best, ...parts]) {
    const steps = part.split('/').filter((step) => step !== '')
    while (steps[0] !== undefined && wrapper.test(steps[0])) steps.shift()
    steps.pop()
    if (steps.length > 0) return steps.join('/')
  }
  return undefined
}
