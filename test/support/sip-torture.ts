/** The messages of RFC 4475 with what the box makes of each (`fixtures/sip-torture/`). */
import { readFileSync } from 'node:fs';

const folder = new URL('../fixtures/sip-torture/', import.meta.url);

export interface TortureMessage {
  readonly name: string;
  readonly bytes: Buffer;
  /** The codec takes it. */
  readonly isRead: boolean;
  /** What becomes of it in a datagram, and in a stream: words of the fixture's ORIGIN.md. */
  readonly udp: string;
  readonly tcp: string;
}

export function tortureMessages(): TortureMessage[] {
  const [, ...rows] = readFileSync(new URL('verdicts.tsv', folder), 'utf8').trimEnd().split('\n');
  return rows.map((row) => {
    const [name = '', , read, udp = '', tcp = ''] = row.split('\t');
    return { name, bytes: tortureBytes(name), isRead: read === 'yes', udp, tcp };
  });
}

export function tortureBytes(name: string): Buffer {
  return readFileSync(new URL(`${name}.sip`, folder));
}

/** Of `refuse 400, close`. */
export function refusedWith(verdict: string): number | undefined {
  const status = /^refuse (\d{3})/.exec(verdict)?.[1];
  return status === undefined ? undefined : Number(status);
}
