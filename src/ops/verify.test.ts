import { describe, expect, it } from 'vitest'
import { graphFromText, graphToText, modelFromText, modelToText } from './text.ts'
import { verifyCalls, verifyGraph } from './verify.ts'

const messages = (text: string, profile?: 'float' | 'quantized') => verifyGraph(graphFromText(text), profile).map((p) => p.message)

describe('verifyGraph', () => {
  it('accepts what the records infer, symbolic dims included', () => {
    const text = `graph g(%x: f32[N,28,28,1]) {
  %w = const "w" : f32[8,3,3,1] = ...
  %y = conv_2d(%x, %w, none) {padding=valid} : f32[N,26,26,8]
  %s = const : i32[2] = [-1, 5408]
  %z = reshape(%y, %s) : f32[N,5408]
  return %z
}`
    expect(messages(text)).toEqual([])
    expect(messages(text.replace('f32[N,5408]', 'f32[M,5408]'))).toEqual([])
  })

  it.each([
    ['a wrong shape', '%y = relu(%x) : f32[3]', 'relu: result 0 is recorded as f32[3], its operands make it f32[2]'],
    ['a wrong element type', '%y = relu(%x) : i8[2]', 'relu: result 0 is recorded as i8[2], its operands make it f32[2]'],
    ['an unknown op', '%y = relyou(%x) : f32[2]', 'relyou: there is no such op'],
    ['an unknown attribute', '%y = relu(%x) {slope=1} : f32[2]', 'relu: it has no attribute slope'],
    ['too many operands', '%y = relu(%x, %x) : f32[2]', 'relu: it takes 1 operands, not 2'],
    ['too few operands', '%y = add(%x) : f32[2]', 'add: operand y is missing'],
    ['an operand of the wrong type', '%y = logical_not(%x) : f32[2]', 'logical_not: operand x is f32, it must be bool'],
    ['too many results', '%y, %z = relu(%x) : f32[2], f32[2]', 'relu: it has 2 results, not 1'],
    ['what inference refuses', '%c = const : f32[3] = random(1) %y = add(%x, %c) : f32[2]', 'the shapes do not broadcast'],
    ['quantized values in a float graph', '%y = relu(%x) : f32[2]<0.5:0>', 'is quantized'],
  ])('reports %s', (_, statement, message) => {
    const found = messages(`graph g(%x: f32[2]) { ${statement} return %y }`)
    expect(found.join('\n')).toContain(message)
  })

  it('lets quantized values pass in the quantized profile', () => {
    expect(messages('graph g(%x: i8[2]<0.5:0>) { %y = relu(%x) : i8[2]<0.25:-128> return %y }', 'quantized')).toEqual([])
  })

  it('reports a missing attribute', () => {
    const g = graphFromText('graph g(%x: f32[2]) { %y = softmax(%x) return %y }')
    const bare = { ...g, nodes: [{ ...g.nodes[0]!, attrs: {} }] }
    expect(verifyGraph(bare).map((p) => p.message)).toEqual(['softmax: the attribute beta is missing'])
  })
})

describe('text with records', () => {
  it('leaves out defaults and puts them back', () => {
    const text = 'graph g(%0 "x": f32[2]) {\n  %1 = leaky_relu(%0) {alpha=0.25} : f32[2]\n  %2 = add(%1, %0) : f32[2]\n  return %2\n}'
    const g = graphFromText(text)
    expect(g.nodes[1]!.attrs).toEqual({ fusedActivation: 'none', potScaleInt16: true })
    expect(graphToText(g)).toBe(text)
    expect(modelToText(modelFromText(`model "m"\n${text}`))).toBe(`model "m"\n${text}\n`)
  })
})

describe('verifyCalls', () => {
  const calls = (node: string, body = 'f32[2]', results = '%0') =>
    verifyCalls(
      modelFromText(`model ""
graph main(%0: f32[2]) {
  %1 = ${node} : f32[2]
  return %1
}
graph cond(%0: f32[2]) {
  %1 = const : bool[] = true
  return %1
}
graph body(%0: ${body}) {
  return ${results}
}`),
    ).map((p) => p.message)

  it('accepts a loop', () => expect(calls('while(%0) {cond=1, body=2}')).toEqual([]))

  it.each([
    ['a graph that is not there', calls('while(%0) {cond=1, body=7}'), 'body is graph 7, there are 3'],
    ['a graph that calls itself', calls('while(%0) {cond=1, body=0}'), 'body calls itself'],
    ['other operands', calls('while(%0) {cond=1, body=2}', 'f32[3]'), 'body takes f32[3], it is given f32[2]'],
    ['other results', calls('while(%0) {cond=1, body=2}', 'f32[2]', '%0, %0'), 'body gives f32[2], f32[2], it must give f32[2]'],
    ['a condition that is none', calls('while(%0) {cond=2, body=2}'), 'cond gives f32[2], it must give bool[]'],
  ])('reports %s', (_, found, message) => expect(found.join('\n')).toContain(message))
})
