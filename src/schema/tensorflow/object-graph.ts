import { bool, type Decoded, enumeration, first, int32, lazy, map, message, nested, repeated, string } from '../../wire/protobuf.ts'
import { TensorShapeProto } from './graph.ts'

/*
 * The tree of Python objects that a TF2 SavedModel and its checkpoint keep.
 * @see tensorflow/core/protobuf/{saved_object_graph,trackable_object_graph}.proto
 */

const ObjectReference = message('ObjectReference', { nodeId: int32(1), localName: string(2) })
const SlotVariableReference = message('SlotVariableReference', {
  originalVariableNodeId: int32(1),
  slotName: string(2),
  slotVariableNodeId: int32(3),
})

const SavedVariable = message('SavedVariable', {
  dtype: enumeration(1),
  shape: nested(2, TensorShapeProto),
  trainable: bool(3),
  name: string(6),
})

const SavedObject = message('SavedObject', {
  children: repeated(nested(1, ObjectReference)),
  slotVariables: repeated(nested(3, SlotVariableReference)),
  userObject: nested(4, message('SavedUserObject', { identifier: string(1) })),
  asset: nested(5, message('SavedAsset', { assetFileDefIndex: int32(1) })),
  function: nested(6, message('SavedFunction', { concreteFunctions: repeated(string(1)) })),
  variable: nested(7, SavedVariable),
  bareConcreteFunction: nested(8, message('SavedBareConcreteFunction', { concreteFunctionName: string(1) })),
  constant: nested(9, message('SavedConstant', { operation: string(1) })),
  resource: nested(10, message('SavedResource', { device: string(1) })),
})

const SavedConcreteFunction = message('SavedConcreteFunction', { boundInputs: repeated(int32(2)) })

export const SavedObjectGraph = message('SavedObjectGraph', {
  nodes: repeated(lazy(1, SavedObject)),
  concreteFunctions: map(2, lazy(2, SavedConcreteFunction)),
})
/** Only the first object, of which the others are children. */
export const RootObject = message('SavedObjectGraph', { node: first(lazy(1, SavedObject)) })
export type SavedObjectGraph = Decoded<typeof SavedObjectGraph>

/** The tree as the checkpoint has it, under the key `_CHECKPOINTABLE_OBJECT_GRAPH`. */
export const TrackableObjectGraph = message('TrackableObjectGraph', {
  nodes: repeated(
    nested(
      1,
      message('TrackableObject', {
        children: repeated(nested(1, ObjectReference)),
        attributes: repeated(nested(2, message('SerializedTensor', { name: string(1), fullName: string(2), checkpointKey: string(3) }))),
        slotVariables: repeated(nested(3, SlotVariableReference)),
      }),
    ),
  ),
})
export type TrackableObjectGraph = Decoded<typeof TrackableObjectGraph>
