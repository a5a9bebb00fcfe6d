/** What a row of `kubectl get caliconodestatuses` is made of. */
export interface NodeStatusSummary {
  readonly name: string;
  readonly node: string;
  readonly classes: readonly string[];
  /** Absent: the status is written once. */
  readonly updatePeriodSeconds: number | undefined;
  /** Since the object was made, e.g. `3m`. */
  readonly age: string;
  /** Since the status was written, e.g. `3m`. */
  readonly lastUpdatedAge: string;
  /** By family, `Ready` or `NotReady`. */
  readonly birdState: { readonly v4: string; readonly v6: string };
  /** By family: sessions Established, and others. */
  readonly established: { readonly v4: number; readonly v6: number };
  readonly notEstablished: { readonly v4: number; readonly v6: number };
  /** By family: routes learnt from peers. */
  readonly learned: { readonly v4: number; readonly v6: number };
}

/**
 * The cells of one row; `wide` adds what the status says
 * (calico: apiserver/pkg/printers/projectcalico/printers.go).
 */
export function nodeStatusRow(summary: NodeStatusSummary, wide: boolean): string[] {
  const { established, notEstablished, learned, birdState } = summary;
  const narrow = [
    summary.name,
    summary.node,
    summary.classes.join(","),
    summary.updatePeriodSeconds === undefined ? "" : `${String(summary.updatePeriodSeconds)}s`,
    summary.age,
  ];
  if (!wide) return narrow;
  const sessions = (family: "v4" | "v6"): string =>
    `${String(established[family])}/${String(established[family] + notEstablished[family])}`;
  return [
    ...narrow,
    `${summary.lastUpdatedAge} ago`,
    `v4(${birdState.v4}) v6(${birdState.v6})`,
    sessions("v4"),
    sessions("v6"),
    String(learned.v4),
    String(learned.v6),
  ];
}
