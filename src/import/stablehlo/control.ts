import { func } from './body.ts'
import type { HloOp, Translate, Translated } from './hlo-op.ts'

/** What regions read from outside becomes variables of the loop, which stay as they are. */
function whileLoop(o: HloOp): Translated {
  const [cond, body] = o.op.regions
  if (!cond || !body) return o.refuse()
  const captured = o.scope.captures([cond, body])
  const inputs = [...o.op.operands.map((_, i) => o.in(i)), ...captured.map((v) => o.wholeOf(v))]
  const attrs = { cond: func(o.scope.region('cond', cond, captured, false)), body: func(o.scope.region('body', body, captured, true)) }
  return o.body.ops('While', inputs, attrs, inputs.length).slice(0, o.op.results.length)
}

function branches(o: HloOp, names: (regions: readonly string[]) => Parameters<HloOp['body']['ops']>[2], op: string): Translated {
  const captured = o.scope.captures(o.op.regions)
  const regions = o.op.regions.map((r) => o.scope.region('branch', r, captured, false))
  return o.body.ops(op, [o.in(0), ...captured.map((v) => o.wholeOf(v))], names(regions), o.op.results.length)
}

export const control: Readonly<Record<string, Translate>> = {
  while: whileLoop,
  case: (o) => branches(o, (names) => ({ branches: { kind: 'funcs', value: names } }), 'Case'),
  if: (o) => branches(o, ([yes, no]) => ({ then_branch: func(yes ?? ''), else_branch: func(no ?? '') }), 'If'),
}
