import { constFromBytes } from '../../core/bytes.ts'
import { bytesOf } from '../../core/dtype.ts'
import type { GraphEditor } from '../../ir/graph.ts'
import { mergeOrigins, type Node, type Value } from '../../ir/types.ts'
import { OpBuilder } from '../../ops/build.ts'
import { op } from '../../ops/index.ts'
import { writeFlexBuffer } from '../../wire/flexbuffers/write.ts'
import { hadamardMatrix } from './hadamard.ts'

/** A custom op whose kernel only some runtimes have, or ops that all have. */
export type RotationForm = 'custom' | 'ops'

/** The op as litert-quantizer 0.11 names it. LiteRT's interpreter has a kernel, LiteRT.js 2.5 has none. */
export const rotationOp = 'aeq.hadamard_rotation'
const rule = 'hadamard-rotation'

/** Adds rotations of values to a graph, and shares them. @see litert-quantizer 0.11, insert_hadamard_rotation.py and insert_decomposed_hadamard_rotation.py */
export class Rotations {
  readonly #editor: GraphEditor
  readonly #known = new Map<string, Value>()
  readonly #matrices = new Map<number, Value>()

  constructor(editor: GraphEditor) {
    this.#editor = editor
  }

  /** A value with every `size` elements of it rotated, for a node that reads it. */
  before(node: Node, value: Value, size: number, form: RotationForm): Value {
    const key = [value.id, size, form].join()
    const known =
      this.#known.get(key) ?? this.#editor.inPlaceOf(this.#editor.current(node.id)!, () => this.#rotated(node, value, size, form))
    this.#known.set(key, known)
    return known
  }

  /** Rotates the result of a node for all that read it. */
  after(node: Node, size: number, form: RotationForm): void {
    const made = this.#editor.current(node.id)!
    const value = this.#editor.value(made.outputs[0]!)
    const readers = this.#editor.users(value.id)
    const rotated = this.#editor.inPlaceOf(made, () => this.#rotated(made, value, size, form))
    for (const { id } of readers) {
      const reader = this.#editor.current(id)!
      this.#editor.updateNode(reader, { inputs: reader.inputs.map((i) => (i === value.id ? rotated.id : i)) })
    }
    this.#editor.setOutputs(this.#editor.outputs.map((id) => (id === value.id ? rotated.id : id)))
  }

  #rotated(node: Node, value: Value, size: number, form: RotationForm): Value {
    const origin = mergeOrigins([node.origin], rule)
    if (form === 'custom') {
      const attrs = { customCode: rotationOp, options: rotationOptions(size) }
      const results = [{ name: `${value.name}_rotated`, type: value.type }]
      return this.#editor.addNode({ op: 'custom', attrs, inputs: [value], results, origin }).results[0]!
    }
    const b = new OpBuilder(this.#editor)
    const named = (suffix: string, work: () => Value): Value => b.at(origin, `${value.name}_${suffix}`, work)
    const shapeConst = (sizes: readonly number[], suffix: string) => b.i32(sizes, [sizes.length], `${value.name}_${suffix}`)
    const { shape } = value.type
    const sizes = shape.filter((d) => typeof d === 'number')
    const isFixed = sizes.length === shape.length
    const flatShape = shapeConst([isFixed ? sizes.reduce((a, d) => a * d, 1) / size : -1, size], 'prerotate_shape')
    const flat = named('prerotate_reshaped', () => b.op(op.reshape, [value, flatShape]))
    const turned = named('rotated', () => b.op(op.fullyConnected, [flat, this.#matrix(value, size), null]))
    const back = isFixed ? shapeConst(sizes, 'postrotate_shape') : named('postrotate_shape', () => b.op(op.shape, [value]))
    return named('postrotate_reshaped', () => b.op(op.reshape, [turned, back]))
  }

  #matrix(value: Value, size: number): Value {
    const known = this.#matrices.get(size)
    if (known) return known
    const type = { dtype: 'f32', shape: [size, size] } as const
    const made = this.#editor.addConst(`${value.name}_hadamard_matrix`, type, constFromBytes(bytesOf(hadamardMatrix(size))))
    this.#matrices.set(size, made)
    return made
  }
}

/** What the kernel reads: the size, and signs of the rows, which are all 1. */
function rotationOptions(size: number): Uint8Array {
  const one = { kind: 'int', value: 1 } as const
  return writeFlexBuffer({
    kind: 'map',
    entries: [
      ['hadamard_size', { kind: 'int', value: size }],
      ['random_binary_vector', { kind: 'vector', items: new Array<typeof one>(size).fill(one) }],
    ],
  })
}
