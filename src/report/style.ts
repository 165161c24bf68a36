import { families, tint } from './palette.ts'

/** Rules of the report beside those of every page. */
export function reportStyle(): string {
  return `${rules}\n${familyRules('light')}@media(prefers-color-scheme:dark){${familyRules('dark')}}\n`
}

function familyRules(scheme: 'light' | 'dark'): string {
  return families
    .map((f) => {
      const [fill, ink, accent] = (['fill', 'ink', 'accent'] as const).map((part) => tint(f, scheme, part))
      return `.f-${f}{--fill:${fill};--tint:${ink};--accent:${accent}}\n`
    })
    .join('')
}

const rules = `:root{--edge:#9aa3af;--port:#3f4754;--port-ink:#fff;--w0:#2f6fe0;--w1:#7d4fd0;--w2:#1f9d8b;--w3:#d38a1f}
@media(prefers-color-scheme:dark){:root{--edge:#66707e;--port:#c3c9d2;--port-ink:#14171c;--w0:#5d93f0;--w1:#a07be6;--w2:#3dbfac;--w3:#e0a74a}}
nav.toc{position:sticky;top:0;z-index:5;background:color-mix(in srgb,var(--paper) 92%,transparent);backdrop-filter:blur(8px);border-bottom:1px solid var(--line)}
nav.toc .wrap{display:flex;gap:4px;padding-left:15px;overflow-x:auto;scrollbar-width:none}
nav.toc a{padding:11px 9px;color:var(--soft);font-size:13.5px;white-space:nowrap}
nav.toc a:hover{color:var(--ink);text-decoration:none}
.models{display:flex;gap:8px;margin-top:18px}
.models button{font:inherit;font-size:14px;padding:7px 14px;border-radius:8px;border:1px solid var(--line);background:var(--panel);color:var(--soft);cursor:pointer;overflow-wrap:anywhere;text-align:left}
.models button[aria-pressed=true]{border-color:var(--link);color:var(--ink);box-shadow:inset 0 0 0 1px var(--link)}
.two{display:grid;grid-template-columns:minmax(0,1fr) minmax(0,1fr);gap:18px;align-items:start}
.two.wide{grid-template-columns:minmax(0,3fr) minmax(0,2fr)}
h3.next{margin-top:20px}
.ports{display:grid;gap:10px}
.port-name{font-weight:620;margin-bottom:6px}
.port-card dl.facts{font-size:13.5px;gap:2px 16px}
.port-card .name{min-width:0}
.dot{display:inline-block;width:10px;height:10px;border-radius:3px;background:var(--accent);margin-right:7px;flex:none}
.tag{font-size:11px;padding:0 6px;border-radius:8px;border:1px solid var(--line);color:var(--soft);white-space:nowrap}
.legend{display:flex;flex-wrap:wrap;gap:4px 14px;font-size:12.5px;color:var(--soft);align-items:center}
.legend span{display:inline-flex;align-items:center;gap:2px}
.legend b{margin:0 3px;color:var(--ink);font-weight:600}
.bar{display:flex;gap:12px;align-items:center;padding:9px 12px;border-bottom:1px solid var(--line)}
.bar[hidden]{display:none}
.bar input,.pick{font:inherit;font-size:13.5px;color:var(--ink);background:var(--paper);border:1px solid var(--line);border-radius:7px;padding:5px 10px;width:min(320px,60vw)}
.bar input:focus-visible,.canvas:focus-visible{outline:2px solid var(--link);outline-offset:-1px}
.pick{width:auto;max-width:40vw}
.count{font-size:12.5px;color:var(--faint)}
.table th[data-dir]::after{content:"\\2191";margin-left:4px}
.table th[data-dir=down]::after{content:"\\2193"}
.table.live th{cursor:pointer;user-select:none}
.table.live th:hover{color:var(--ink)}
.table.live .op{cursor:pointer}
.table tbody tr:hover{background:var(--hover)}
.table tr:target,.table tr.sel{background:var(--mark)!important}
.more{display:block;width:100%;font:inherit;font-size:13px;padding:9px;border:0;border-top:1px solid var(--line);background:none;color:var(--link);cursor:pointer}
.more[hidden]{display:none}
.ref{font-variant-numeric:tabular-nums;font-size:12px;padding:0 4px;border-radius:4px}
.ref:hover{background:var(--hover)}
.ref.const{box-shadow:inset 0 0 0 1px var(--line)}
.ref.none{color:var(--faint);font-style:italic}
.ts{max-width:190px}
.ts.few{white-space:nowrap}
.opts{min-width:170px;font-size:12px}
.opts .o{white-space:nowrap;margin-right:6px}
td.opts .usual{display:none}
.opts i{font-style:normal;color:var(--faint)}
.detail .usual{color:var(--faint)}
.share{display:block;height:9px;min-width:60px;background:var(--hover);border-radius:3px;overflow:hidden;margin-top:5px}
.share span{display:block;height:100%;background:var(--accent,var(--w0));min-width:1px}
.bars{width:30%}
.figures th[scope=row]{font-weight:450}
.figures td{text-align:right;min-width:120px}
.figures td:last-child{min-width:0}
.stack{display:flex;height:26px;border-radius:7px;overflow:hidden;margin-bottom:8px;background:var(--hover)}
.stack span{min-width:1px;border-right:1px solid var(--paper)}
.stack-legend{margin-bottom:6px}
.w0{background:var(--w0)}.w1{background:var(--w1)}.w2{background:var(--w2)}.w3{background:var(--w3)}
.meta{background:#8a94a3}.overhead{background:#bcc4cf}.unused{background:var(--bad)}
.treemap{position:relative;width:100%;aspect-ratio:4/1;min-height:180px;border-radius:8px;overflow:hidden;background:var(--hover);margin-bottom:18px}
.treemap div{position:absolute;overflow:hidden;background:color-mix(in srgb,var(--accent) 24%,var(--panel));box-shadow:inset 0 0 0 1px var(--paper);padding:7px 8px;font-size:12px;line-height:1.3;color:var(--tint)}
.treemap b{display:block;font-weight:600;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.treemap small{opacity:.8;white-space:nowrap}
.tree{overflow:hidden}
.tree-row{display:grid;grid-template-columns:minmax(150px,1fr) 84px 96px 96px 110px 84px;gap:10px;padding:5px 14px;font-size:13px;align-items:center;border-bottom:1px solid var(--line)}
summary.tree-row{cursor:pointer;list-style:none}
summary.tree-row::-webkit-details-marker{display:none}
summary.tree-row:hover{background:var(--hover)}
summary.tree-row .name{padding-left:calc(var(--d)*18px)}
summary.tree-row .name::before{content:"\\25b8";display:inline-block;width:15px;color:var(--faint)}
details[open]>summary.tree-row .name::before{content:"\\25be"}
.tree-row .share{margin:0}
.tree-row .name{min-width:0}
.tree-head{font-size:12px;font-weight:600;color:var(--soft)}
.tree-ops{padding:4px 14px 6px calc(29px + var(--d)*18px);border-bottom:1px solid var(--line);font-size:12px;color:var(--soft)}
.tools{flex-wrap:wrap}
.tools .legend{flex:1}
.zoom{display:flex;gap:4px}
.zoom[hidden]{display:none}
.zoom button{font:inherit;font-size:13px;min-width:32px;padding:3px 9px;border:1px solid var(--line);border-radius:7px;background:var(--panel);color:var(--ink);cursor:pointer}
.zoom button:hover{background:var(--hover)}
.stage{display:flex;align-items:stretch}
.canvases{flex:1;min-width:0}
.canvas{overflow:auto;height:min(72vh,720px);background-image:radial-gradient(var(--line) 1px,transparent 1px);background-size:18px 18px;border-radius:0 0 10px 10px}
.canvas[hidden]{display:none}
.canvas.short{height:auto;max-height:min(72vh,720px)}
.canvas.drag{cursor:grabbing;user-select:none}
.canvas svg{display:block;margin:0 auto}
.detail{width:330px;border-left:1px solid var(--line);padding:14px 16px;font-size:13px;overflow:auto;max-height:min(72vh,720px)}
.detail[hidden]{display:none}
.detail h3{font-size:15px;margin:0 0 2px}
.detail .name{min-width:0;display:block}
.detail h4{margin:14px 0 4px;font-size:12px;color:var(--soft);font-weight:600}
.detail ul{list-style:none;margin:0;padding:0}
.detail li{padding:3px 0;border-top:1px solid var(--line)}
.detail li:first-child{border-top:0}
.detail .opts .o{display:block}
.detail .close{float:right;border:0;background:none;color:var(--faint);font-size:18px;line-height:1;cursor:pointer}
.edge{fill:none;stroke:var(--edge);stroke-width:1.3}
.head{fill:var(--edge);fill:context-stroke}
.node text{font:11px var(--sans);text-anchor:middle;fill:var(--soft)}
.node text.t{font-size:12px;font-weight:600;fill:var(--tint)}
.node rect{fill:var(--fill);stroke:color-mix(in srgb,var(--accent) 45%,transparent)}
.node .mark{fill:var(--accent)}
.node[data-op]{cursor:pointer}
.node[data-op]:hover rect{stroke:var(--accent)}
.port rect{fill:var(--port);stroke:none}
.port text,.port text.t{fill:var(--port-ink)}
.node.sel[data-op] rect{stroke:var(--link);stroke-width:2.5}
.edge.hot{stroke:var(--link);stroke-width:2.2}
@media(max-width:900px){.two,.two.wide{grid-template-columns:minmax(0,1fr)}.stage{display:block}.tools{gap:8px}.tools .legend{order:2;flex-basis:100%;gap:2px 12px}.detail{width:auto;border-left:0;border-top:1px solid var(--line);max-height:none}.canvas{height:60vh}.tree-row{grid-template-columns:minmax(120px,1fr) 76px 84px}.tree-row>:nth-child(2),.tree-row>:nth-child(5),.tree-row>:nth-child(6){display:none}}`
