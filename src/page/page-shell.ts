import { type Content, html, raw } from './html.ts'

export interface Page {
  readonly title: string
  readonly body: Content
  /** Style rules beside the common ones. */
  readonly style?: string
  /** Runs after the page was read; `</script` must not occur in it. */
  readonly script?: string
}

/** Nothing may be loaded; pictures only from within the page. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"

/** A whole page that needs nothing but itself: common look for light and dark, phone and desk. */
export function pageShell({ title, body, style = '', script = '' }: Page): string {
  return `<!doctype html>\n${
    html`<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${raw(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer">
<title>${title}</title>
<style>
${raw(commonStyle)}${raw(style)}</style>
</head>
<body>
${body}
${script && html`<script>\n${raw(script)}</script>\n`}</body>
</html>
`.text
  }`
}

/** Colors, type and the parts that every page has: cards, tables, facts. */
const commonStyle = `:root{
--paper:#fbfbfc;--panel:#fff;--ink:#1b2129;--soft:#5b6675;--faint:#8a94a3;--line:#e3e7ed;--hover:#f3f5f9;--link:#1d5fd1;--mark:#fff3c9;--good:#157f4b;--bad:#b3372b;
--sans:system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue","DejaVu Sans",sans-serif;--mono:ui-monospace,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono",monospace}
@media(prefers-color-scheme:dark){:root{
--paper:#0f1216;--panel:#161a20;--ink:#e4e8ee;--soft:#a3adbb;--faint:#76808f;--line:#2a303a;--hover:#1d222a;--link:#7fb0ff;--mark:#4a3f16;--good:#5fcf97;--bad:#ff8f82}}
*{box-sizing:border-box}
html{scroll-padding-top:56px;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);font:15px/1.5 var(--sans);overflow-wrap:anywhere}
a{color:var(--link);text-decoration:none}
a:hover{text-decoration:underline}
h1{font-size:26px;line-height:1.25;margin:0;letter-spacing:-.015em;font-weight:650}
h2{font-size:19px;margin:0 0 14px;letter-spacing:-.01em;font-weight:640}
h3{font-size:14px;margin:0 0 8px;font-weight:620}
h2 .n,h3 .n{color:var(--faint);font-weight:450;margin-left:6px}
code,.mono{font-family:var(--mono);font-size:.88em}
.wrap{max-width:1400px;margin:0 auto;padding:0 24px}
header.top{padding:30px 0 20px}
.kind{font-size:12px;letter-spacing:.07em;text-transform:uppercase;color:var(--faint);font-weight:600;margin-bottom:4px}
.lead{color:var(--soft);margin:6px 0 0}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin-top:20px}
.card{background:var(--panel);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.card .k{font-size:12px;color:var(--soft)}
.card .v{font-size:21px;font-weight:640;letter-spacing:-.015em;font-variant-numeric:tabular-nums;line-height:1.3}
.card .d{font-size:12px;color:var(--faint);font-variant-numeric:tabular-nums}
section{padding:26px 0 8px}
.panel{background:var(--panel);border:1px solid var(--line);border-radius:10px}
.pad{padding:14px 16px}
dl.facts{font-size:14px;display:grid;grid-template-columns:max-content 1fr;gap:5px 18px;margin:0}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0;min-width:0}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:13px;overflow-wrap:normal}
th,td{text-align:left;padding:6px 10px;border-bottom:1px solid var(--line);vertical-align:top}
tbody tr:last-child>*{border-bottom:0}
th{font-weight:600;color:var(--soft);font-size:12px;white-space:nowrap;background:var(--panel)}
.num{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
.nowrap{white-space:nowrap}
.name{font-family:var(--mono);font-size:12px;overflow-wrap:anywhere}
td.name{min-width:200px}
.soft{color:var(--soft)}
.faint{color:var(--faint)}
.good{color:var(--good)}
.bad{color:var(--bad)}
footer{color:var(--faint);font-size:12px;padding:34px 0 44px}
@media(max-width:640px){.wrap{padding:0 14px}h1{font-size:21px}header.top{padding:20px 0 12px}.card .v{font-size:18px}.cards{grid-template-columns:repeat(2,1fr);gap:8px}th,td{padding:6px 9px}dl.facts{grid-template-columns:1fr;gap:0}dl.facts dd{margin-bottom:8px}}
@media print{section{break-inside:auto}nav{display:none!important}}
`
