/** What this machine's resolver says of a name, within a time. */
import { lookup } from 'node:dns/promises';

export interface DnsFinding {
  readonly ipv4: readonly string[];
  readonly ipv6: readonly string[];
  /** Why there is no IPv4 address; the resolver's code, or `TIMEOUT`. */
  readonly error?: string;
}

/** Never rejects: failing to find is what it looks for. */
export async function probeDns(host: string, timeoutMs: number): Promise<DnsFinding> {
  const [ipv4, ipv6] = await Promise.all([addresses(host, 4, timeoutMs), addresses(host, 6, timeoutMs)]);
  return typeof ipv4 === 'string'
    ? { ipv4: [], ipv6: typeof ipv6 === 'string' ? [] : ipv6, error: ipv4 }
    : { ipv4, ipv6: typeof ipv6 === 'string' ? [] : ipv6 };
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
