/** What this machine's resolver says of a name, within a time. */
import { lookup } from 'node:dns/promises';

export interface DnsFinding {
  readonly ipv4: readonly string[];
  /** Looked for only when there is no IPv4 address. */
  readonly ipv6: readonly string[];
  /** Why there is no IPv4 address; the resolver's code, or `TIMEOUT`. */
  readonly error?: string;
}

/** Never rejects: failing to find is what it looks for. */
export async function probeDns(host: string, timeoutMs: number): Promise<DnsFinding> {
  const ipv4 = await addresses(host, 4, timeoutMs);
  if (typeof ipv4 !== 'string') return { ipv4, ipv6: [] };
  // A resolver that is silent would be silent again, and lookups share few threads.
  const isAnswered = /^E(NOTFOUND|NODATA)$/.test(ipv4);
  const ipv6 = isAnswered ? await addresses(host, 6, timeoutMs) : 'not asked';
  return { ipv4: [], ipv6: typeof ipv6 === 'string' ? [] : ipv6, error: ipv4 };
}

async function addresses(
  host: string,
  family: 4 | 6,
  timeoutMs: number,
): Promise<readonly string[] | string> {
  const { promise: late, resolve } = Promise.withResolvers<string>();
  const timer = setTimeout(() => resolve('TIMEOUT'), timeoutMs);
  try {
    return await Promise.race([
      lookup(host, { all: true, family }).then(
        (found) => found.map(({ address }) => address),
        (error: NodeJS.ErrnoException) => error.code ?? error.message,
      ),
      late,
    ]);
  } finally {
    clearTimeout(timer);
  }
}
