/** A network of which the cheapest cut between two nodes is asked for. Capacities are whole numbers, or Infinity. */
export class Network {
  readonly #first: number[] = []
  readonly #next: number[] = []
  readonly #to: number[] = []
  readonly #left: number[] = []

  addNode(): number {
    return this.#first.push(-1) - 1
  }

  addEdge(from: number, to: number, capacity: number): void {
    this.#half(from, to, capacity)
    this.#half(to, from, 0)
  }

  /**
   * The capacity of the cheapest cut, and the nodes on the side of `sink`, as few as there can be. Capacities are used up.
   * @see Dinic, Algorithm for solution of a problem of maximum flow in networks with power estimation, 1970
   */
  cut(source: number, sink: number): { readonly cost: number; readonly sinkSide: ReadonlySet<number> } {
    let cost = 0
    for (let levels = this.#levels(source); levels[sink] !== undefined; levels = this.#levels(source)) {
      const at = [...this.#first]
      for (let flow = this.#augment(source, sink, levels, at); flow > 0; flow = this.#augment(source, sink, levels, at)) cost += flow
    }
    const sinkSide = new Set([sink])
    const stack = [sink]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      for (let e = this.#first[node]!; e >= 0; e = this.#next[e]!) {
        // Of an edge and its opposite one has an even number.
        const from = this.#to[e]!
        if (this.#left[e ^ 1]! <= 0 || sinkSide.has(from)) continue
        sinkSide.add(from)
        stack.push(from)
      }
    }
    return { cost, sinkSide }
  }

  #half(from: number, to: number, capacity: number): void {
    this.#next.push(this.#first[from]!)
    this.#first[from] = this.#to.push(to) - 1
    this.#left.push(capacity)
  }

  #levels(source: number): (number | undefined)[] {
    const levels: (number | undefined)[] = []
    levels[source] = 0
    const queue = [source]
    for (const node of queue) {
      for (let e = this.#first[node]!; e >= 0; e = this.#next[e]!) {
        const to = this.#to[e]!
        if (this.#left[e]! <= 0 || levels[to] !== undefined) continue
        levels[to] = levels[node]! + 1
        queue.push(to)
      }
    }
    return levels
  }

  /** Sends what one more path takes, by edges to the next level; `at` is the edge of each node to go on with. */
  #augment(source: number, sink: number, levels: readonly (number | undefined)[], at: number[]): number {
    const path: number[] = []
    let node = source
    while (node !== sink) {
      const e = at[node]!
      if (e < 0) {
        const back = path.pop()
        if (back === undefined) return 0
        node = this.#to[back ^ 1]!
        at[node] = this.#next[at[node]!]!
      } else if (this.#left[e]! > 0 && levels[this.#to[e]!] === levels[node]! + 1) {
        path.push(e)
        node = this.#to[e]!
      } else at[node] = this.#next[e]!
    }
    const flow = path.reduce((least, e) => Math.min(least, this.#left[e]!), Number.POSITIVE_INFINITY)
    for (const e of path) {
      this.#left[e]! -= flow
      this.#left[e ^ 1]! += flow
    }
    return flow
  }
}
