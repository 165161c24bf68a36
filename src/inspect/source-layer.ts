/** Steps of a name that converters put there: they say nothing of the user's layers. */
const wrapper = /^(Stateful)?PartitionedCall(_\d+)?$/
/** A read of a variable below the op that uses it. */
const variableRead = /\/(ReadVariableOp|resource)\d*(_\d+)?$/i
/** The op of a layer that has weights, as TensorFlow names it; the one to name a fused op after. */
const weighted = /\/(conv\dd\w*|convolution|depthwise\w*|separable\w*|matmul\w*|einsum\w*|tensordot\w*)$/i

/**
 * The source layer in the name of a tensor: `a/dense` in `StatefulPartitionedCall/a/dense/MatMul;a/dense/BiasAdd`. Of fused ops the
 * layer with weights counts. Undefined when the name has no layer in it.
 */
export function layerOfName(name: string): string | undefined {
  const parts = name
    .split(';')
    .map((part) => part.trim().replace(/:\d+$/, '').replace(variableRead, ''))
    .filter((part) => part !== '')
  const part = parts.find((p) => weighted.test(p)) ?? parts[0]
  if (part === undefined) return undefined
  const steps = part.split('/').filter((step) => step !== '')
  while (steps[0] !== undefined && wrapper.test(steps[0])) steps.shift()
  steps.pop()
  return steps.length > 0 ? steps.join('/') : undefined
}
