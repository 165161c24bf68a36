import { formatCount } from '../inspect/notation.ts'
import { type Content, html, type Markup } from '../page/html.ts'

export interface Column {
  readonly title: string
  readonly isNumber?: boolean
  /** Explains the title. */
  readonly hint?: string
}
/** Contents of a cell; `sort` where the order is not that of the text, or of the number that the text is. */
export type Cell = Content | { readonly content: Content; readonly sort?: number | string; readonly className?: string }
export interface Row {
  readonly id?: string
  readonly className?: string
  readonly cells: readonly Cell[]
}
export interface TableOptions {
  /** What the rows are, for the placeholder of the filter: `operators`. */
  readonly noun: string
  /** Without a filter, for short tables; default true. */
  readonly filter?: boolean
}

/** A table that the page's script makes sortable and filters; without the script all rows are there. */
export function dataTable(columns: readonly Column[], rows: readonly Row[], { noun, filter = true }: TableOptions): Markup {
  const head = columns.map(({ title, isNumber, hint }) => {
    return html`<th scope="col"${isNumber ? html` class="num"` : ''}${hint ? html` title="${hint}"` : ''}>${title}</th>`
  })
  const body = rows.map(({ id, className, cells }) => {
    return html`<tr${id ? html` id="${id}"` : ''}${className ? html` class="${className}"` : ''}>${cells.map((c, i) => tableCell(c, columns[i]!))}</tr>\n`
  })
  return html`<div class="panel table" data-table>${
    filter &&
    html`<div class="bar" hidden><input type="search" placeholder="Filter ${formatCount(rows.length)} ${noun}" aria-label="Filter ${noun}" autocomplete="off" spellcheck="false"><span class="count" role="status"></span></div>`
  }<div class="scroll"><table><thead><tr>${head}</tr></thead><tbody>
${body}</tbody></table></div><button class="more" type="button" hidden></button></div>`
}

function tableCell(cell: Cell, { isNumber }: Column): Markup {
  const full = typeof cell === 'object' && cell !== null && 'content' in cell ? cell : { content: cell }
  const className = full.className ?? (isNumber ? 'num' : '')
  const sort = full.sort === undefined ? '' : html` data-v="${full.sort}"`
  return html`<td${className && html` class="${className}"`}${sort}>${full.content}</td>`
}

/** A cell of a name in the type of code, which breaks after the steps of a path. */
export function nameCell(name: string): Cell {
  return { content: breakable(name), className: 'name' }
}

/** A long name with places where a line may end. */
export function breakable(name: string): Content {
  return name.split(/(?<=[/;])/).map((step, i) => [i > 0 ? html`<wbr>` : '', step])
}

/** A cell of a number with thousands set apart; empty for null. */
export function countCell(n: number | null): Cell {
  return n === null ? '' : formatCount(n)
}
