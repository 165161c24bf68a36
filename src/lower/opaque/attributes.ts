import type { SourceAttr, SourceAttrs } from '../../import/source-graph.ts'
import { tensorTypeOfDType } from '../../schema/tflite/dtype.ts'
import { tensorType } from '../../schema/tflite/enums.ts'
import type { FlexValue } from '../../wire/flexbuffers/types.ts'

/** Names of attributes that are the op's own, sorted; those that begin with `_` are TensorFlow's notes. */
export function ownAttributes(attrs: SourceAttrs): string[] {
  return attrs
    .names()
    .filter((name) => !name.startsWith('_'))
    .sort((a, b) => (a < b ? -1 : 1))
}

/**
 * The options of a custom op as TensorFlow's converter writes them: a map of the attributes that are texts, numbers, flags, types (as
 * TFLite's numbers) or lists of texts or numbers. `left` are the names of the others, which it leaves out.
 * @see CreateFlexBuilderWithNodeAttrs in tensorflow/compiler/mlir/lite/flatbuffer_export.cc
 */
export function attributeMap(attrs: SourceAttrs): { readonly map: FlexValue; readonly left: readonly string[] } {
  const entries: (readonly [string, FlexValue])[] = []
  const left: string[] = []
  for (const name of ownAttributes(attrs)) {
    const attr = attrs.get(name)
    const value = attr && flexValue(attr)
    if (value) entries.push([name, value])
    else left.push(name)
  }
  return { map: { kind: 'map', entries }, left }
}

function flexValue(attr: SourceAttr): FlexValue | undefined {
  switch (attr.kind) {
    case 'string':
      return { kind: 'string', value: attr.bytes }
    case 'int':
    case 'float':
    case 'bool':
      return { kind: attr.kind, value: attr.value } as FlexValue
    case 'type':
      return attr.value && { kind: 'int', value: tensorType.codes[tensorTypeOfDType(attr.value) as keyof typeof tensorType.codes] }
    case 'strings':
      return { kind: 'typed-vector', items: attr.bytes.map((value) => ({ kind: 'string', value })) }
    case 'ints':
      return { kind: 'typed-vector', items: attr.value.map((value) => ({ kind: 'int', value })) }
    case 'floats':
      return { kind: 'typed-vector', items: attr.value.map((value) => ({ kind: 'float', value })) }
    default:
      return undefined
  }
}
