/** One measured figure beside the same figure of a peer, taken in the same run with the same client. */
export interface BenchRow {
  readonly name: string;
  readonly ours: number;
  /** null when the peer could not be measured; `peerName` then says why. */
  readonly peer: number | null;
  readonly peerName: string;
  readonly unit: string;
  readonly better: 'higher' | 'lower';
  /** ours / peer; null where there is no peer, or nothing to divide by. */
  readonly ratio: number | null;
}

export function benchRow(row: Omit<BenchRow, 'ratio'>): BenchRow {
  return { ...row, ratio: row.peer === null || row.peer === 0 ? null : round(row.ours / row.peer) };
}

/** Three digits that mean something. */
export function round(value: number): number {
  return Number(value.toPrecision(3));
}
