import { readFileSync } from "node:fs";
import { Lab } from "../harness/validate/lab/lab.js";
import { TOPOLOGIES } from "../harness/validate/topologies/index.js";
const [file, seed, secs, a, b] = process.argv.slice(2);
const f = JSON.parse(readFileSync(`/work/shared/ground-truth/bird/${file}.json`, "utf8"));
const lab = new Lab(f, TOPOLOGIES.get(f.parameters.topology)!, Number(seed));
const ends = lab.endsAmong(lab.nodesBut());
lab.nodes.forEach((_, i) => lab.configure(i));
const complete = lab.completeness(lab.nodesBut());
const bird: any = lab.bird; const S = bird.sessions; const x = bird.x;
const cnt: any = {};
const mark = (k: string) => { cnt[k] = (cnt[k] ?? 0) + 1; };
{ const ks = S.keepStale.bind(S); S.keepStale = (...r: any[]) => { mark("GR"); return ks(...r); };
  const n = x.engine; const nt = bird.transport.notify.bind(bird.transport); bird.transport.notify = (side: number, c: number, d: number) => { mark(`notify ${c}.${d}`); return nt(side, c, d); }; }
const A = Number(a), B = Number(b);
for (const name of ["onAccept","onOutcome","onOpen","onConfirmed","onClosed","onNotification","onConnectTimer"]) {
  const o = S[name].bind(S);
  S[name] = (...args: any[]) => {
    const [node] = args; let e: number, side: any;
    if (name==="onAccept"||name==="onOutcome") { side=args[1]; e = name==="onAccept" ? x.ends.find(node, x.conns.node(side^1)) : x.conns.end(side);} else { e = args[1]; side=args[2]; }
    const peer = x.ends.peer[e];
    const st = () => `out=${x.ends.outgoing[e]>=0?x.ends.outgoing[e]+":"+x.conns.state[2*x.ends.outgoing[e]]:"-"} in=${x.ends.incoming[e]>=0?x.ends.incoming[e]+":"+x.conns.state[2*x.ends.incoming[e]+1]:"-"} est=${x.ends.established[e]} due=${x.ends.connectDue[e]}`;
    const before = st();
    const r = o(...args);
    if ((node===A&&peer===B)||(node===B&&peer===A)) if (!(name==="onConnectTimer" && r===false)) console.log((x.t/1e6).toFixed(6), node, name, name==="onConnectTimer"?"":`c${side>>1}${side&1?"i":"o"}`, name==="onNotification"?args[3]:"", before, "=>", st(), "sec", x.second[node]);
    return r;
  };
}
lab.startAll(lab.nodesBut());
const ok = lab.runUntil(() => lab.bird.establishedEnds === ends && complete.all, Number(secs));
console.log(ok, lab.engine.now/1e6, "established", lab.bird.establishedEnds, "of", ends, "lost", lab.bird.lostEnds, "complete", complete.since.size);
console.log(JSON.stringify(cnt), "connects", x.counters.connects);
if(!ok) for (const n of lab.nodesBut()) { if(!complete.since.has(n)) console.log("incomplete", n); for (const {peer} of lab.peersOf(n)) if (!lab.bird.isEstablished(n,peer)) console.log("down", n, peer);}
