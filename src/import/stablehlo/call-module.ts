import { readMlirModule } from '../../wire/mlir/read.ts'
import type { FunctionBody } from '../graph-def/definitions.ts'
import type { SourceAttrs } from '../source-graph.ts'
import type { Body, Tensor } from './body.ts'
import { Translation } from './translate.ts'

/**
 * The function that an `XlaCallModule` node calls, translated: its name. `main` takes before the node's operands the index of the platform
 * where there are several, and the sizes that older versions of the op state.
 * @see tensorflow/compiler/tf2xla/ops/xla_ops.cc, XlaCallModule
 */
export function translateModule(
  bytes: Uint8Array,
  attrs: SourceAttrs,
  name: string,
  file: string,
  define: (body: FunctionBody) => string,
): string {
  const module = readMlirModule(bytes, `${file}, module of ${name}`)
  const platforms = strings(attrs, 'platforms')
  const leading: ((body: Body, args: readonly Tensor[]) => Tensor)[] = []
  if (platforms.length > 1) leading.push((body) => body.ints([Math.max(0, platforms.indexOf('CPU'))], []))
  for (const spec of strings(attrs, 'dim_args_spec')) {
    const [arg, axis] = spec.split('.').map(Number) as [number, number]
    leading.push((body, args) => body.size({ of: args[arg]!, axis }))
  }
  return new Translation(module, file, name, define).main(leading)
}

function strings(attrs: SourceAttrs, name: string): readonly string[] {
  const a = attrs.get(name)
  return a?.kind === 'strings' ? a.value : []
}
