/** The style sheet of the HTML report; light and dark by the reader's preference. */
export const STYLE: string = `
:root{color-scheme:light dark;--bg:#fcfcfb;--card:#fff;--ink:#1d1d1b;--soft:#62615c;--rule:#e4e3dd;--alarm:#c62f2f;--warn:#fdf3d8;
--c1:#2a6fcb;--c2:#d0571c;--c3:#12855c;--c4:#9a6a00;--c5:#b84a7c;--c6:#5a49b8;--c7:#5f6670}
@media (prefers-color-scheme:dark){:root{--bg:#191918;--card:#222220;--ink:#f1f0ea;--soft:#a9a89f;--rule:#3a3a36;--alarm:#ff7b72;--warn:#3b3214;
--c1:#6aa9ff;--c2:#ff9156;--c3:#4fd0a0;--c4:#e5b343;--c5:#f08db8;--c6:#a99bff;--c7:#aab2bd}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
main{max-width:1060px;margin:0 auto;padding:32px 24px 64px}
h1{font-size:26px;margin:0 0 4px;line-height:1.25}h2{font-size:19px;margin:40px 0 6px}
p{margin:6px 0}.soft,.note,figcaption{color:var(--soft)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0;padding:0;list-style:none}
.tiles li{background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:10px 14px}
.tiles b{display:block;font-size:22px;line-height:1.2;font-variant-numeric:tabular-nums}.tiles span{color:var(--soft);font-size:13px}
ul.advice{padding-left:20px;margin:6px 0}ul.advice li{margin:8px 0}.source{color:var(--soft);font-size:13px}
ol.steps{display:flex;flex-wrap:wrap;gap:4px 26px;padding-left:20px;margin:6px 0}ol.steps li{padding-right:8px}
.finding{background:var(--warn);border-radius:6px;padding:6px 12px;margin:6px 0}
figure{margin:14px 0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:14px 14px 8px}
figcaption{font-size:13px;padding:0 4px 4px}
svg{display:block;width:100%;height:auto;font:12px system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
svg text{fill:var(--ink)}svg .tick{fill:var(--soft);font-size:11px}svg .panel{font-weight:600}svg .panel,svg .name{paint-order:stroke;stroke:var(--card);stroke-width:3px;stroke-linejoin:round}
svg .grid{stroke:var(--rule);stroke-width:1}
svg .line{fill:none;stroke-width:1.6}svg .area{stroke:none;fill-opacity:.14}svg .area.line{stroke-width:1.2}
svg .step line{stroke:var(--soft);stroke-width:1;stroke-dasharray:3 3}svg .step rect{fill:var(--soft)}svg .step text{fill:var(--bg);font-size:11px;font-weight:600}
${["c1", "c2", "c3", "c4", "c5", "c6"].map((c) => `svg .line.${c},svg .ring.${c}{stroke:var(--${c})}svg .area.${c},svg .bar.${c},svg .dot.${c},svg .name.${c}{fill:var(--${c})}`).join("")}
svg .ring{fill:var(--card);stroke-width:1.6}svg .area.alarm{fill:var(--alarm);stroke:var(--alarm);fill-opacity:.22}
.scroll{overflow-x:auto}
table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;margin:8px 0}
th,td{padding:4px 12px 4px 0;text-align:right;vertical-align:top;white-space:nowrap}
th{color:var(--soft);font-weight:500;border-bottom:1px solid var(--rule)}th.group{text-align:center;border-bottom:0;padding-bottom:0}
td.left,th.left{text-align:left}td.wrap{white-space:normal;min-width:150px}
tr.note td{color:var(--soft);font-size:13px;text-align:left;white-space:normal;padding-top:0}
tr.alarm td{color:var(--alarm)}
footer{margin-top:48px;color:var(--soft);font-size:13px;border-top:1px solid var(--rule);padding-top:12px}
code{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;font-size:.93em}
@media print{body{background:#fff}figure,table{break-inside:avoid}}
`
  .replace(/\n+/g, "\n")
  .trim();
