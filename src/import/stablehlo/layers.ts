/**
 * Layer paths by the names that JAX gives to ops: `jit(f)/jit(main)/dense/dot_general` is `dense/dot_general`. Ops of another place in the
 * program with the same name get a number.
 */
export class Layers {
  readonly #count = new Map<string, number>()
  #last: readonly [string, string] = ['', '']

  of(location: string | undefined, name: string): string {
    const path = layerOf(location) || name
    if (path === this.#last[0]) return this.#last[1]
    const n = this.#count.get(path) ?? 0
    this.#count.set(path, n + 1)
    this.#last = [path, n === 0 ? path : `${path}_${n}`]
    return this.#last[1]
  }
}

/** Whether a node is one with which `jax2tf` reads its arguments: a number is all that its name tells of them. */
export const isJaxArgument = (name: string): boolean => /^jax2tf_arg_\d+(\/|$)/.test(name)

/** The path in the user's words; empty where there is none. Functions of JAX's own, whose names begin with `_`, are left out. */
export function layerOf(location: string | undefined): string {
  const parts = (location ?? '').split('/').map((part) => part.replace(/:$/, ''))
  return parts
    .flatMap((part, i) => {
      const called = /^(?:jit|pjit)(?:\((.*)\))?$/.exec(part)
      if (!called) return part === '' ? [] : [part]
      const name = called[1] ?? ''
      return i === 0 || name === '' || name === 'main' || name.startsWith('_') ? [] : [name]
    })
    .join('/')
}
