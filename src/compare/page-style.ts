/** What the comparison's page has beside the common look. */
export const pageStyle = `.flips{margin-top:22px}
.flips h3{font-size:15px;margin-bottom:10px}
.flipgrid{display:grid;grid-template-columns:repeat(auto-fill,minmax(330px,1fr));gap:12px}
.flip{margin:0;padding:12px;display:grid;grid-template-columns:84px 1fr;gap:4px 14px;align-items:start}
.flip img{width:84px;height:84px;object-fit:contain;image-rendering:pixelated;border-radius:6px;background:#000;grid-row:1/span 2}
.flip:not(:has(img)){grid-template-columns:1fr}
.flip figcaption{font-size:12px;line-height:1.3;align-self:center}
.flip figcaption b{font-size:17px;margin-right:4px}
.bars{display:grid;grid-template-columns:1fr 1fr;gap:14px;min-width:0}
.side{min-width:0}
.side .model{font-size:11px;color:var(--soft);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;margin-bottom:2px}
.bar{display:grid;grid-template-columns:minmax(12px,max-content) 1fr 40px;gap:6px;align-items:center;font-size:12px;font-variant-numeric:tabular-nums;line-height:1.45}
.bar .c{font-weight:600;max-width:60px;overflow:hidden;text-overflow:ellipsis;white-space:nowrap}
.bar .s{color:var(--soft);text-align:right;font-size:11px}
.track{height:7px;border-radius:4px;background:var(--line);overflow:hidden}
.track i{display:block;height:100%;min-width:1px;border-radius:4px;background:var(--faint)}
.bar.right .c{color:var(--good)}.bar.right i{background:var(--good)}
.bar.wrong .c{color:var(--bad)}.bar.wrong i{background:var(--bad)}
@media(max-width:640px){.flipgrid{grid-template-columns:1fr}}
`
