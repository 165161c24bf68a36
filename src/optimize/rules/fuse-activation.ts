import { op } from '../pattern.ts'
import { hit, miss, rule } from '../rule.ts'
import { fusableNames, isReadOnce, resultOf } from '../weighted.ts'

/** conv | depthwise | fc | pool | add | sub | mul | div  ->  relu | relu6 | relu_n1_to_1   =>  the op with `fusedActivation`. */
export const fuseActivation = rule('fuse-activation', {
  semantics: 'exact',
  pattern: op(['relu', 'relu6', 'relu_n1_to_1'], { as: 'act', inputs: [op(fusableNames, { as: 'root' })] }),
  check({ act, root }, graph) {
    if (resultOf(graph, root).type.dtype !== 'f32') return miss('the op computes integers', root)
    if (root.attrs.fusedActivation !== 'none') return miss(`the op applies ${String(root.attrs.fusedActivation)} already`, root)
    if (!isReadOnce(graph, root)) return miss('the result before the activation has other readers', root)
    return hit({ fusedActivation: act.op })
  },
  rewrite: ({ root }, found, b) => b.like(root, { attrs: found }),
})
