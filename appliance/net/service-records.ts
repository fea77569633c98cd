/** What the name service says of a domain's servers: NAPTR (RFC 3403) and SRV (RFC 2782) records. */
import { Resolver } from 'node:dns/promises';

export interface NaptrRecord {
  readonly order: number;
  readonly preference: number;
  readonly flags: string;
  readonly service: string;
  readonly replacement: string;
}

export interface SrvRecord {
  readonly priority: number;
  readonly weight: number;
  /** Of the host; empty when the domain says that it has no such service. */
  readonly name: string;
  readonly port: number;
}

/** Both resolve to nothing when there are no such records, and reject when that can't be learnt. */
export interface ServiceRecords {
  readonly naptr: (domain: string) => Promise<readonly NaptrRecord[]>;
  readonly srv: (name: string) => Promise<readonly SrvRecord[]>;
}

/** By the name servers in /etc/resolv.conf unless others are given (`127.0.0.1:5353`). */
export function systemRecords(servers: readonly string[] = []): ServiceRecords {
  const resolver = new Resolver({ timeout: 1000, tries: 2 });
  if (servers.length > 0) resolver.setServers(servers);
  return {
    naptr: async (domain) => await orNone(resolver.resolveNaptr(domain)),
    srv: async (name) => await orNone(resolver.resolveSrv(name)),
  };
}

async function orNone<T>(asked: Promise<readonly T[]>): Promise<readonly T[]> {
  try {
    return await asked;
  } catch (error) {
    if (['ENOTFOUND', 'ENODATA'].includes((error as NodeJS.ErrnoException).code ?? '')) return [];
    throw error;
  }
}
