/**
 * What the report's page does when scripts run: tables sort, filter and hold back long rests; the drawing zooms, is dragged, and shares
 * its selection with the table of operators through the address, so that a link to an operator selects it.
 */
export const reportScript = `(() => {
'use strict'
const all = (selector, root = document) => [...root.querySelectorAll(selector)]
const firstRows = 100

for (const table of all('[data-table]')) setUpTable(table)
function setUpTable(box) {
  const body = box.querySelector('tbody')
  const rows = [...body.rows]
  const input = box.querySelector('input')
  const more = box.querySelector('.more')
  const texts = new Map()
  const textOf = (row) => {
    let text = texts.get(row)
    if (text === undefined) texts.set(row, (text = row.textContent.toLowerCase()))
    return text
  }
  let isOpen = false
  const show = () => {
    const words = input ? input.value.toLowerCase().split(/\\s+/).filter(Boolean) : []
    const limit = isOpen ? Infinity : firstRows
    let found = 0
    for (const row of rows) {
      const fits = words.every((word) => textOf(row).includes(word))
      if (fits) found++
      row.hidden = !fits || (found > limit && !row.classList.contains('sel'))
    }
    more.hidden = found <= limit
    more.textContent = 'Show all ' + found.toLocaleString('en') + ' rows'
    if (input) box.querySelector('.count').textContent = words.length ? found.toLocaleString('en') + ' of ' + rows.length.toLocaleString('en') : ''
  }
  box.classList.add('live')
  box.reveal = (row) => {
    if (!row.hidden) return
    if (input && input.value && !input.value.toLowerCase().split(/\\s+/).every((word) => textOf(row).includes(word))) {
      input.value = ''
      show()
    }
    row.hidden = false
  }
  more.addEventListener('click', () => {
    isOpen = true
    show()
  })
  if (input) {
    input.parentElement.hidden = false
    input.addEventListener('input', () => {
      isOpen = false
      show()
    })
  }
  const heads = all('th', box)
  heads.forEach((head, column) => {
    if (!head.textContent) return
    head.tabIndex = 0
    const sort = () => {
      const isDown = head.dataset.dir ? head.dataset.dir === 'up' : head.classList.contains('num') && column > 0
      for (const other of heads) delete other.dataset.dir
      head.dataset.dir = isDown ? 'down' : 'up'
      head.setAttribute('aria-sort', isDown ? 'descending' : 'ascending')
      const keys = new Map(rows.map((row) => {
        const cell = row.cells[column]
        return [row, cell.dataset.v ?? cell.textContent.replace(/,/g, '')]
      }))
      const isNumeric = rows.every((row) => keys.get(row) === '' || Number.isFinite(Number(keys.get(row))))
      const compare = isNumeric ? (a, b) => Number(keys.get(a)) - Number(keys.get(b)) : (a, b) => (keys.get(a) < keys.get(b) ? -1 : keys.get(a) > keys.get(b) ? 1 : 0)
      rows.sort((a, b) => (isDown ? compare(b, a) : compare(a, b)))
      body.append(...rows)
      show()
    }
    head.addEventListener('click', sort)
    head.addEventListener('keydown', (event) => event.key === 'Enter' && sort())
  })
  show()
}

for (const box of all('[data-structure]')) setUpStructure(box)
function setUpStructure(box) {
  const canvases = all('.canvas', box)
  const pick = box.querySelector('.pick')
  const current = () => canvases.find((c) => !c.hidden)
  const sizeOf = (canvas) => {
    const view = canvas.querySelector('svg').viewBox.baseVal
    return [view.width, view.height]
  }
  const zoomTo = (canvas, scale, x = canvas.clientWidth / 2, y = canvas.clientHeight / 2) => {
    const svg = canvas.querySelector('svg')
    const [width, height] = sizeOf(canvas)
    const old = svg.getBoundingClientRect()
    const frame = canvas.getBoundingClientRect()
    const [fx, fy] = [(frame.left + x - old.left) / old.width, (frame.top + y - old.top) / old.height]
    canvas.scale = Math.min(3, Math.max(0.02, scale))
    svg.setAttribute('width', width * canvas.scale)
    svg.setAttribute('height', height * canvas.scale)
    const now = svg.getBoundingClientRect()
    canvas.scrollLeft += now.left + fx * now.width - (frame.left + x)
    canvas.scrollTop += now.top + fy * now.height - (frame.top + y)
  }
  const fit = (canvas, whole) => {
    const [width, height] = sizeOf(canvas)
    const across = (canvas.clientWidth - 2) / width
    zoomTo(canvas, whole ? Math.min(1, across, (canvas.clientHeight - 2) / height) : Math.min(1, Math.max(across, 0.45)))
    canvas.scrollLeft = (canvas.scrollWidth - canvas.clientWidth) / 2
  }
  const open = (canvas) => {
    for (const other of canvases) other.hidden = other !== canvas
    if (pick) pick.value = canvas.dataset.graph
    if (canvas.scale === undefined && canvas.clientWidth > 0) {
      const [, height] = sizeOf(canvas)
      canvas.classList.toggle('short', height < innerHeight * 0.7)
      fit(canvas, false)
    }
  }
  box.openGraph = (graph) => open(canvases.find((c) => c.dataset.graph === graph) ?? canvases[0])
  if (pick) pick.addEventListener('change', () => box.openGraph(pick.value))
  box.querySelector('.zoom').hidden = false
  box.addEventListener('click', (event) => {
    const how = event.target.closest('[data-zoom]')?.dataset.zoom
    const canvas = current()
    if (how === 'fit') fit(canvas, true)
    else if (how === 'one') zoomTo(canvas, 1)
    else if (how) zoomTo(canvas, canvas.scale * (how === 'in' ? 1.25 : 0.8))
  })
  for (const canvas of canvases) {
    canvas.addEventListener('wheel', (event) => {
      if (!event.ctrlKey && !event.metaKey) return
      event.preventDefault()
      const frame = canvas.getBoundingClientRect()
      zoomTo(canvas, canvas.scale * Math.exp(-event.deltaY * 0.004), event.clientX - frame.left, event.clientY - frame.top)
    }, { passive: false })
    let from = null
    let hasMoved = false
    canvas.addEventListener('pointerdown', (event) => {
      if (event.pointerType !== 'mouse' || event.button !== 0) return
      from = { x: event.clientX + canvas.scrollLeft, y: event.clientY + canvas.scrollTop, px: event.clientX, py: event.clientY }
      hasMoved = false
    })
    canvas.addEventListener('pointermove', (event) => {
      if (!from) return
      if (!hasMoved && Math.hypot(event.clientX - from.px, event.clientY - from.py) < 4) return
      if (!hasMoved) canvas.setPointerCapture(event.pointerId)
      hasMoved = true
      canvas.classList.add('drag')
      canvas.scrollLeft = from.x - event.clientX
      canvas.scrollTop = from.y - event.clientY
    })
    const drop = () => {
      from = null
      canvas.classList.remove('drag')
    }
    canvas.addEventListener('pointerup', drop)
    canvas.addEventListener('pointercancel', drop)
    canvas.addEventListener('click', (event) => {
      const node = event.target.closest('.node[data-op]')
      if (node && !hasMoved) choose(rowOf(node).id, 'graph')
    })
  }
  open(canvases[0])
}

function rowOf(node) {
  return document.getElementById(node.ownerSVGElement.dataset.row + node.dataset.op)
}
function nodeOf(row) {
  const [model, , graph, operator] = row.id.split('-')
  const canvas = document.querySelector('[data-structure][data-model="' + model + '"] .canvas[data-graph="' + graph + '"]')
  return canvas && canvas.querySelector('.node[data-op="' + operator + '"]')
}

/** Marks an operator in table and drawing; the one that was not clicked comes into view. */
function select(row, from) {
  for (const marked of all('.sel, .hot')) marked.classList.remove('sel', 'hot')
  row.classList.add('sel')
  row.closest('[data-table]').reveal(row)
  const node = nodeOf(row)
  const box = document.querySelector('[data-structure][data-model="' + row.id.split('-')[0] + '"]')
  describe(box, row)
  if (!node) return
  const canvas = node.closest('.canvas')
  box.openGraph(canvas.dataset.graph)
  node.classList.add('sel')
  const n = node.dataset.n
  for (const edge of all('.edge[data-from="' + n + '"], .edge[data-to="' + n + '"]', canvas)) edge.classList.add('hot')
  if (from === 'graph') return
  const frame = canvas.getBoundingClientRect()
  const place = node.getBoundingClientRect()
  canvas.scrollLeft += place.left + place.width / 2 - (frame.left + canvas.clientWidth / 2)
  canvas.scrollTop += place.top + place.height / 2 - (frame.top + canvas.clientHeight / 2)
}

function element(tag, className, ...contents) {
  const made = document.createElement(tag)
  if (className) made.className = className
  made.append(...contents)
  return made
}

/** Name, and type with shape, of what a number stands for: a tensor, an operator with its layer, or a buffer. */
function aboutTarget(chip) {
  const row = chip.hash && document.getElementById(chip.hash.slice(1))
  if (!row || !row.cells) return null
  const text = (i) => row.cells[i].textContent
  const kind = row.id.split('-')[1]
  return kind === 't' ? [text(1), text(3) + ' ' + text(4)] : kind === 'op' ? [text(1), text(2)] : [text(2), text(1) + ' bytes']
}
addEventListener('mouseover', (event) => {
  const chip = event.target.closest && event.target.closest('a.ref')
  if (!chip || chip.title) return
  const role = chip.dataset.role ? chip.dataset.role + ': ' : ''
  const about = aboutTarget(chip)
  if (about) chip.title = role + about.filter(Boolean).join(' \u00b7 ')
})

function describe(box, row) {
  const detail = box.querySelector('.detail')
  const cells = [...row.cells]
  const close = element('button', 'close', '\\u00d7')
  close.type = 'button'
  close.setAttribute('aria-label', 'Close')
  close.addEventListener('click', () => {
    detail.hidden = true
    for (const marked of all('.sel, .hot')) marked.classList.remove('sel', 'hot')
    history.replaceState(null, '', location.pathname + location.search)
  })
  const tensors = (title, cell) => {
    const items = [...cell.children].map((chip) => {
      const about = aboutTarget(chip)
      const item = element('li', '', chip.cloneNode(true), ' ', element('b', '', chip.dataset.role ?? ''), ' ', about ? about[1] : '')
      if (about) item.append(element('span', 'name faint', about[0]))
      return item
    })
    return items.length ? [element('h4', '', title), element('ul', '', ...items)] : []
  }
  const link = element('a', '', 'Row in the table')
  link.href = '#' + row.id
  link.addEventListener('click', (event) => {
    event.preventDefault()
    row.scrollIntoView({ block: 'center' })
  })
  const opts = cells[6].cloneNode(true)
  const figures = [[7, 'weight bytes'], [8, 'parameters'], [9, 'MACs']].filter(([i]) => cells[i].textContent).map(([i, name]) => cells[i].textContent + ' ' + name)
  const heading = element('h3', '', ...[...cells[1].childNodes].map((n) => n.cloneNode(true)))
  detail.replaceChildren(close, heading, element('span', 'name soft', cells[2].textContent), element('div', 'soft', 'Operator ' + cells[0].textContent, ', ', link),
    ...(figures.length ? [element('div', 'soft', figures.join(', '))] : []),
    ...tensors('Inputs', cells[3]), ...tensors('Outputs', cells[4]),
    ...(opts.textContent ? [element('h4', '', 'Options'), element('div', 'opts', ...opts.childNodes)] : []))
  detail.hidden = false
}

/** Puts an operator into the address and selects it. */
function choose(id, from) {
  history.replaceState(null, '', '#' + id)
  select(document.getElementById(id), from)
}

for (const row of all('tr.op')) {
  row.addEventListener('click', (event) => {
    if (!event.target.closest('a') && !getSelection().toString()) choose(row.id, 'table')
  })
}

const models = all('[data-model-page]')
function openModel(prefix) {
  if (models.length < 2 || !models.some((m) => m.dataset.modelPage === prefix)) return
  for (const model of models) model.hidden = model.dataset.modelPage !== prefix
  for (const button of all('.models button')) button.setAttribute('aria-pressed', String(button.dataset.open === prefix))
  for (const link of all('nav.toc a[data-section]')) link.hash = '#' + prefix + '-' + link.dataset.section
  const box = document.querySelector('[data-structure][data-model="' + prefix + '"]')
  const shown = box && box.querySelector('.canvas:not([hidden])')
  if (shown) box.openGraph(shown.dataset.graph)
}
for (const button of all('.models button')) button.addEventListener('click', () => openModel(button.dataset.open))
if (models.length > 1) openModel('a')

function follow() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)))
  if (!target) return
  const page = target.closest('[data-model-page]')
  if (page && page.hidden) openModel(page.dataset.modelPage)
  const table = target.closest('[data-table]')
  if (table && target.tagName === 'TR') table.reveal(target)
  if (target.classList.contains('op')) select(target, 'table')
  target.scrollIntoView({ block: target.tagName === 'TR' ? 'center' : 'start' })
}
addEventListener('hashchange', follow)
if (location.hash) follow()
})()
`
