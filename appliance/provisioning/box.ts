/** The box as phones see it: its addresses, each with a certificate of its own, and its ports once it listens. */
import type { Config } from '../config/schema.ts';
import { ensureAuthority, hasServerIdentity, serverIdentity, type ServerIdentity } from '../net/authority.ts';
import { probePort } from '../net/probe-port.ts';
import type { World } from '../world.ts';

export interface Box {
  /** Where phones are led. */
  readonly address: string;
  /** Former addresses that this machine still has: phones that were told them are served there, and led on. */
  readonly former: readonly string[];
  /** Former addresses that it has not. */
  readonly missing: readonly string[];
  ports: { readonly http: number; readonly https: number };
  /** By the address that a phone came to: it trusts the authority that it was given there. */
  readonly identityOf: (localAddress: string) => ServerIdentity;
  /** Once an hour; new connections see what is new. */
  renew(): Promise<void>;
}

export async function openBox(
  { clock }: Pick<World, 'clock'>,
  { site, provisioning }: Pick<Config, 'site' | 'provisioning'>,
): Promise<Box> {
  const { address, former_addresses: named, state_directory: directory } = site;
  const missing: string[] = [];
  for (const former of named) {
    const code = await probePort({ protocol: 'tcp', address: former, port: 0 });
    if (code !== undefined) missing.push(former);
  }
  const former = named.filter((one) => !missing.includes(one));
  const identities = new Map<string, ServerIdentity>();
  const renew = async () => {
    await ensureAuthority(directory, address, clock);
    for (const own of [address, ...former]) {
      if (!hasServerIdentity(directory, own)) continue;
      const latest = serverIdentity(directory, own);
      if (latest.cert !== identities.get(own)?.cert) identities.set(own, latest);
    }
  };
  await renew();
  return {
    address,
    former,
    missing,
    ports: { http: provisioning.http_port, https: provisioning.https_port },
    identityOf: (localAddress) => {
      const identity = identities.get(localAddress) ?? identities.get(address);
      if (identity === undefined) throw new Error(`no certificate for ${address}`);
      return identity;
    },
    renew,
  };
}
