import { type DiagnosticFields, DowncastError } from '../core/diagnostics.ts'
import type { DType } from '../core/dtype.ts'
import { someOf } from '../core/words.ts'
import type { TensorType } from '../ir/types.ts'
import { formatType } from '../ops/diagnostics.ts'

function quoted(layer: string | undefined): string {
  return layer ? ` "${layer}"` : ''
}

function inputTypes(types: readonly (TensorType | null)[]): string {
  return types.length === 0 ? '' : ` (input ${types.map((t) => (t ? formatType(t) : 'none')).join(', ')})`
}

/** The source op has no lowering to LiteRT builtins. `advice` is what else there is for it. */
export function unsupportedOp(
  op: string,
  layer: string | undefined,
  types: readonly (TensorType | null)[],
  advice = 'Replace the layer with supported ones, or export the part of the model before it.',
): DowncastError {
  return new DowncastError({
    code: 'lower/unsupported-op',
    message: `${op}${quoted(layer)}${inputTypes(types)} is not supported: there is no way yet from it to LiteRT operators.`,
    hint: advice,
    op,
    node: layer,
  })
}

/** An op that is to be kept gives something of unknown type. */
export function unknownResult(op: string, layer: string | undefined, output: number): DowncastError {
  return new DowncastError({
    code: 'lower/unknown-result',
    message: `${op}${quoted(layer)} is kept as it is, but the model does not say the type and rank of its result ${output}.`,
    hint: `State them with --result-type '${layer ?? op}${output === 0 ? '' : `:${output}`}=f32[1,10]', -1 for a size that varies.`,
    op,
    node: layer,
  })
}

/** A name in --allow-custom, --allow-flex or --result-type has no effect, or cannot have one. */
export function idleAllowance(option: string, name: string, reason: string): DiagnosticFields {
  return { code: 'lower/idle-allowance', message: `${option} ${name}: ${reason}.`, op: name }
}

/** Keras files hold layers, and these options are about TensorFlow's ops. */
export function notForKeras(option: string, file: string): DowncastError {
  return new DowncastError({
    code: 'lower/not-for-keras',
    message: `${option} is not for Keras files: "${file}" holds layers, not TensorFlow ops.`,
    hint: 'Save the model as a SavedModel with model.export(folder), and convert that.',
    file,
  })
}

/** The file needs a runtime with ops of the app's own. */
export function customOpsKept(ops: readonly string[]): DiagnosticFields {
  return {
    code: 'lower/custom-ops-kept',
    message: `The file holds custom ops: ${ops.join(', ')}. Only a runtime that registers kernels of these names can run it.`,
    hint: 'Add them to the op resolver of the app (MutableOpResolver::AddCustom); LiteRT.js cannot take any.',
  }
}

/** The file needs a runtime with TensorFlow inside. */
export function flexOpsKept(ops: readonly string[]): DiagnosticFields {
  return {
    code: 'lower/flex-ops-kept',
    message: `The file holds ops that TensorFlow itself runs: ${ops.join(', ')}. It needs a runtime with the Flex delegate: on Android, iOS and desktop, not in LiteRT.js and not in TFLite Micro.`,
    hint: 'Link tensorflow-lite-select-tf-ops (Android), TensorFlowLiteSelectTfOps (iOS), or use the interpreter of the tensorflow package.',
  }
}

/** Attributes of kinds that the options of a custom op cannot hold. */
export function attributesLeftOut(op: string, layer: string | undefined, names: readonly string[]): DiagnosticFields {
  return {
    code: 'lower/attributes-left-out',
    message: `${op}${quoted(layer)} is kept as a custom op without its attributes ${names.join(', ')}: their kinds have no form in its options.`,
    op,
    node: layer,
  }
}

const shownLayers = 5

/** Note: what is computed in another element type than the model states, as LiteRT has no kernels for that one. */
export function otherElementType(from: DType, to: DType, layers: readonly string[]): DiagnosticFields {
  return {
    code: 'lower/other-element-type',
    message: `What the model computes in ${from} is computed in ${to} in ${someOf(layers, shownLayers)}: ${effectOf(from, to)}.`,
    node: layers[0],
    expected: from,
    actual: to,
  }
}

/** Inputs and outputs in a type that not every runtime hands over. @see ai_edge_litert 2.3.0: get_output_details raises "Invalid data-type for array" */
export function bfloat16Ports(names: readonly string[]): DiagnosticFields {
  return {
    code: 'lower/bfloat16-port',
    message: `Inputs or outputs are bfloat16, which LiteRT's interpreter for Python refuses to describe: ${someOf(names)}.`,
    tensor: names[0],
    hint: 'Cast them to float32 in the model, in JAX by .astype(jnp.float32) on what the function gives.',
  }
}

function effectOf(from: DType, to: DType): string {
  if (from === 'f64') return 'digits beyond the seventh are lost'
  return to === 'f32' ? 'results have digits that the model rounds away' : `numbers beyond ${to} wrap`
}

/** The op is supported, but not with this attribute or operand. */
export function unsupportedForm(op: string, layer: string | undefined, reason: string, hint?: string): DowncastError {
  return new DowncastError({ code: 'lower/unsupported-form', message: `${op}${quoted(layer)}: ${reason}.`, op, node: layer, hint })
}

/** An attribute the op needs is absent or of another kind: the file is damaged. */
export function badAttribute(op: string, layer: string | undefined, name: string, expected: string, actual: string): DowncastError {
  return new DowncastError({
    code: 'lower/bad-attribute',
    message: `${op}${quoted(layer)}: attribute ${name} must be ${expected}, found ${actual}.`,
    op,
    node: layer,
    expected,
    actual,
  })
}

/** A node takes a result of another that this one does not have. */
export function missingResult(op: string, layer: string | undefined, from: string, output: number, count: number): DowncastError {
  return new DowncastError({
    code: 'lower/missing-result',
    message: `${op}${quoted(layer)} takes result ${output} of a ${from} that gives ${count}, counted from 0.`,
    op,
    node: layer,
    expected: `a result below ${count}`,
    actual: `${output}`,
    hint: 'The file is inconsistent: save the model again.',
  })
}

/** An input or output has a type or rank that no tensor can have. */
export function badPort(kind: 'input' | 'output', name: string, reason: string, hint?: string): DowncastError {
  return new DowncastError({ code: 'lower/bad-port', message: `The ${kind} "${name}" ${reason}.`, tensor: name, hint })
}

/** A complex number that was put together is read whole: LiteRT can only hold those that its transform makes. */
export function complexResult(layer: string | undefined): DowncastError {
  return new DowncastError({
    code: 'lower/complex-result',
    message: `Complex${quoted(layer)}: its complex numbers leave the model or reach an op that takes them whole, and LiteRT has no op that makes them.`,
    node: layer,
    hint: 'Return the real and the imaginary part (tf.math.real, tf.math.imag) instead.',
  })
}

/** Functions call functions so often that the graph would not end. */
export function tooManyNodes(limit: number): DowncastError {
  return new DowncastError({
    code: 'lower/too-many-nodes',
    message: `The bodies of loops and branches come to more than ${limit} ops when each call is counted.`,
    hint: 'Give loops the same shapes in each step, or nest them less deeply.',
  })
}
