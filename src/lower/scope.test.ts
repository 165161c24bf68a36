import { expect, it } from 'vitest'
import { Scope } from './scope.ts'

it('bounds the nodes of bodies, each call counted', () => {
  const scope = new Scope({ lowerNodes: () => [] })
  scope.count(100_000)
  expect(() => scope.count(1)).toThrow(expect.objectContaining({ code: 'lower/too-many-nodes' }))
})
