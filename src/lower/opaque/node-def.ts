import type { SourceAttr, SourceAttrs, SourceConst } from '../../import/source-graph.ts'
import { codeOfDtype } from '../../schema/tensorflow/data-type.ts'
import { ProtobufWriter } from '../../wire/protobuf-write.ts'
import { ownAttributes } from './attributes.ts'

/**
 * A NodeDef for the Flex delegate: the op, an empty name for each operand, the attributes by name. Without the node's name and debug
 * information, which the delegate does not read. undefined for an attribute that names a function: the file cannot hold its body.
 * @see tensorflow/core/framework/node_def.proto
 */
export function nodeDef(op: string, operands: number, attrs: SourceAttrs): Uint8Array | undefined {
  const out = new ProtobufWriter().delimited(2, op)
  for (let i = 0; i < operands; i++) out.delimited(3, '')
  for (const name of ownAttributes(attrs)) {
    const attr = attrs.get(name)
    if (!attr || attr.kind === 'func' || attr.kind === 'funcs') return undefined
    out.delimited(5, new ProtobufWriter().delimited(1, name).delimited(2, attrValue(attr)).bytes())
  }
  return out.bytes()
}

/** @see tensorflow/core/framework/attr_value.proto */
function attrValue(attr: Exclude<SourceAttr, { kind: 'func' | 'funcs' }>): Uint8Array {
  const out = new ProtobufWriter()
  const list = new ProtobufWriter()
  switch (attr.kind) {
    case 'string':
      return out.delimited(2, attr.bytes).bytes()
    case 'int':
      return out.varint(3, attr.value).bytes()
    case 'float':
      return out.float(4, attr.value).bytes()
    case 'bool':
      return out.varint(5, attr.value).bytes()
    case 'type':
      return out.varint(6, attr.code).bytes()
    case 'shape':
      return out.delimited(7, tensorShape(attr.value)).bytes()
    case 'tensor':
      return out.delimited(8, tensorProto(attr.value)).bytes()
    case 'placeholder':
      return out.delimited(9, attr.value).bytes()
    case 'strings':
      for (const s of attr.bytes) list.delimited(2, s)
      break
    case 'ints':
      list.packed(3, attr.value)
      break
    case 'floats':
      list.packedFloats(4, attr.value)
      break
    case 'bools':
      list.packed(5, attr.value)
      break
    case 'types':
      list.packed(6, attr.codes)
      break
    case 'shapes':
      for (const s of attr.value) list.delimited(7, tensorShape(s))
      break
    case 'empty-list':
      break
  }
  return out.delimited(1, list.bytes()).bytes()
}

function tensorShape(dims: readonly number[] | undefined): Uint8Array {
  const out = new ProtobufWriter()
  if (!dims) return out.varint(3, true).bytes()
  for (const d of dims) out.delimited(2, new ProtobufWriter().varint(1, d).bytes())
  return out.bytes()
}

function tensorProto(c: SourceConst): Uint8Array {
  const out = new ProtobufWriter().varint(1, codeOfDtype(c.dtype)).delimited(2, tensorShape(c.shape))
  if (c.dtype === 'string') for (const s of c.strings) out.delimited(8, s)
  else out.delimited(4, c.data.bytes())
  return out.bytes()
}
