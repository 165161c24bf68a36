/** Names that the tracing of functions makes, which no user wrote. */
const noise = /^(((Stateful|Stateless)?PartitionedCall|XlaCallModule)(_\d+)?|__inference_.*|__forward_.*)$/

/** A call's part of the layer path of what it calls: its own name without the noise. */
export function callPath(prefix: string, callName: string): string {
  return joinPath(prefix, cleanPath(callName))
}

/** The path of a node in the user's words: `sequential/dense/MatMul`. */
export function layerPath(prefix: string, nodeName: string): string {
  return joinPath(prefix, cleanPath(nodeName) || nodeName)
}

function cleanPath(name: string): string {
  if (!/PartitionedCall|XlaCallModule|__/.test(name)) return name
  return name
    .split('/')
    .filter((part) => !noise.test(part))
    .join('/')
}

/** A function traced with full names repeats the path of its call. */
function joinPath(prefix: string, path: string): string {
  if (prefix === '' || path === prefix || path.startsWith(`${prefix}/`)) return path
  return path === '' ? prefix : `${prefix}/${path}`
}
