/** The walk as one page: each step with what the book does, our command, and what it printed on this machine. */

const escapes = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' }
const text = (value) => String(value).replace(/[&<>"]/g, (c) => escapes[c])
const kib = (bytes) => `${(bytes / 1024).toFixed(1)}K`
const median = (model) => (model.latency ? `${model.latency.medianMs.toFixed(3)} ms` : 'not measured')
const share = (s) => (s ? `${(100 * s.share).toFixed(2)} % (${s.count.toLocaleString('en')} of ${s.of.toLocaleString('en')})` : '')

const style = `
:root { color-scheme: light dark; --ink: #1c2128; --soft: #5b6470; --line: #d9dee4; --back: #fff; --panel: #f5f7f9; --mark: #0b6bcb }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ec; --soft: #9aa4af; --line: #343b43; --back: #15181c; --panel: #1e2328; --mark: #6cb2ff } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2.5rem 1.25rem 5rem; max-width: 54rem; font: 16px/1.55 system-ui, sans-serif; color: var(--ink); background: var(--back) }
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .5rem } h2 { font-size: 1.15rem; margin: 2.4rem 0 .4rem } p { margin: .4rem 0 .8rem }
.lead, .book { color: var(--soft) } .book::before { content: 'In the book: '; font-weight: 600 }
pre { margin: .5rem 0; padding: .8rem 1rem; overflow-x: auto; background: var(--panel); border: 1px solid var(--line); border-radius: 8px; font: 13px/1.5 ui-monospace, monospace }
pre.command { border-left: 4px solid var(--mark) } a { color: var(--mark) }
table { border-collapse: collapse; margin: .8rem 0; width: 100% } th, td { padding: .45rem .7rem; border-bottom: 1px solid var(--line); text-align: right; font-variant-numeric: tabular-nums }
th:first-child, td:first-child { text-align: left } thead th { color: var(--soft); font-weight: 600 }
.wide { overflow-x: auto } li { margin: .3rem 0 } .time { color: var(--soft); font-weight: 400; font-size: .85rem }
`

function figures(comparison, book) {
  const [float, quantized] = comparison.models
  return [
    ['Float model, size', book.floatBytes, `${kib(float.sizeBytes)} (${float.sizeBytes.toLocaleString('en')} bytes)`],
    ['Quantized model, size', book.quantizedBytes, `${kib(quantized.sizeBytes)} (${quantized.sizeBytes.toLocaleString('en')} bytes)`],
    ['Float model, one digit', `${book.floatMs} ms`, median(float)],
    ['Quantized model, one digit', `${book.quantizedMs} ms`, median(quantized)],
    ['Float model, accuracy', 'not stated', share(float.accuracy)],
    ['Quantized model, accuracy', 'not stated', share(quantized.accuracy)],
    ['Same answer', '“some pictures” differ', share(quantized.difference?.agreement)],
  ]
}

/** What differs between the book's figures and ours, and why: the words before and after the stop. */
const differences = [
  [
    'Sizes',
    'Both ways store the 78,400 weights of the first layer in one byte each. The book’s TensorFlow 2.0 kept one scale for a whole weight; TensorFlow 2.21 and downcast keep one for each of the 100 outputs, about 1.2K more in the file and finer rounding. The second layer has 1,000 weights, below the limit of 1,024, and stays float.',
  ],
  [
    'Times',
    'The book’s are from a phone of 2019 and the interpreter of that time; ours are from LiteRT’s WebAssembly build in Node on one desktop machine. Times of different machines cannot be compared, only the ratio of two models on the same one.',
  ],
  [
    'Accuracy',
    'The book saw that some digits that were right became wrong. On all 10,000 test digits they are counted here, and the comparison page shows each of them.',
  ],
]

export function renderWalk(walk, comparison, book) {
  const steps = walk.map(
    (step, i) => `<section><h2>${i + 1}. ${text(step.title)} <span class="time">${step.seconds.toFixed(2)} s</span></h2>
<p class="book">${text(step.book)}</p>
<pre class="command">${text(step.command)}</pre>
<pre>${text(step.output)}</pre>
${step.page ? `<p><a href="${text(step.page)}">Open ${text(step.page)}</a></p>` : ''}</section>`,
  )
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>From a SavedModel to a quantized model on the phone</title><style>${style}</style></head><body>
<h1>From a SavedModel to a quantized model on the phone</h1>
<p class="lead">The book’s chapter on quantized models, step by step, on its own kind of model: MNIST, one hidden layer of 100. What the book does is said
beside each command; all output is from the run that wrote this page.</p>
${steps.join('\n')}
<section><h2>The book’s table, and ours</h2>
<div class="wide"><table><thead><tr><th></th><th>the book, on its author’s phone</th><th>here, ${text(comparison.runtime)}</th></tr></thead><tbody>${figures(
    comparison,
    book,
  )
    .map((row) => `<tr>${row.map((cell) => `<td>${text(cell)}</td>`).join('')}</tr>`)
    .join('')}</tbody></table></div>
<p>What differs, and why:</p>
<ul>
${differences.map(([what, why]) => `<li><b>${text(what)}.</b> ${text(why)}</li>`).join('\n')}
</ul></section>
</body></html>
`
}

/** The same walk as the README of this folder. */
export function renderReadme(walk, comparison, book) {
  const block = (kind, body) => `\`\`\`${kind}\n${body}\n\`\`\``
  const steps = walk.map(
    (step, i) => `## ${i + 1}. ${step.title}\nIn the book: ${step.book}\n\n${block('sh', step.command)}\n${block('', step.output)}\n`,
  )
  const rows = figures(comparison, book).map((row) => `| ${row.join(' | ')} |`)
  return `# From a SavedModel to a quantized model on the phone

The book's chapter on quantized models, step by step, on its own kind of model: MNIST, one hidden layer of 100. \`npm run demo\` in the
repository's root runs all of it and writes \`out/index.html\` with links to the pages; \`node examples/mnist/demo.mjs --readme\` wrote this file.
Commands run in this folder.

${steps.join('\n')}
## The book's table, and ours
| | the book, on its author's phone | here, ${comparison.runtime} |
|---|---|---|
${rows.join('\n')}

${differences.map(([what, why]) => `- **${what}.** ${why}`).join('\n')}

The model was trained for this example; the digits are the MNIST test set (Yann LeCun and Corinna Cortes, CC BY-SA 3.0).
`
}
