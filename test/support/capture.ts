/** Packets as tcpdump saw them, kept in a file, and what can be read from it without any code of the box. */
import { readFileSync } from 'node:fs';
import { run, until } from './command.ts';
import type { Namespace } from './namespaces.ts';

export interface Capture extends AsyncDisposable {
  readonly file: string;
  /** All of it so far, as bytes. */
  bytes(): Buffer;
  /** tcpdump's own reading of the file, one packet after the other. */
  text(filter: string, flags?: readonly string[]): Promise<string>;
}

/** Resolves when packets are being taken. `card` may be "any". */
export async function startCapture(
  namespace: Namespace,
  { card, file, filter = '' }: { card: string; file: string; filter?: string },
): Promise<Capture> {
  // In immediate mode each packet takes a slot as large as the longest one could be: the usual 2 MB hold eight of 256 KB,
  // and the ninth packet of a burst would be missing. These are a thousand slots.
  const buffer = ['--immediate-mode', '-s', '65535', '-B', '65536'];
  const flags = ['-i', card, '-n', '-p', '-U', ...buffer, '-Z', 'root', '-w', file];
  const tcpdump = namespace.start(['tcpdump', ...flags, filter]);
  const ready = () => tcpdump.lastWords().includes('listening on') || undefined;
  await until(`tcpdump on ${card}`, ready, { timeoutMs: 10_000, everyMs: 20, lastSeen: tcpdump.lastWords });
  return {
    file,
    bytes: () => readFileSync(file),
    text: (wanted, more = []) => run(['tcpdump', '-n', '-r', file, ...more, wanted], { timeoutMs: 60_000 }),
    [Symbol.asyncDispose]: () => tcpdump[Symbol.asyncDispose](),
  };
}
