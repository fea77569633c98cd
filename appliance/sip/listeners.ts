/** Where phones find the SIP engine: on the box's address, and on those that it had before and still has. */
import type { Config } from '../config/schema.ts';
import { hasServerIdentity, serverIdentity } from '../net/authority.ts';
import { probePort } from '../net/probe-port.ts';
import type { Transport } from './engine/flow.ts';
import type { Endpoint } from './engine/transport.ts';

/** A phone at a former address is shown the certificate that it was told to trust there. */
export async function endpointsOf({ site, sip }: Pick<Config, 'site' | 'sip'>): Promise<Endpoint[]> {
  const ports: readonly (readonly [Transport, number])[] = [
    ['udp', sip.udp_port],
    ['tcp', sip.tcp_port],
    ['tls', sip.tls_port],
  ];
  const endpoints = ports
    .filter(([, port]) => port !== 0)
    .map(([transport, port]) => ({ transport, address: site.address, port }));
  const all: Endpoint[] = [...endpoints];
  for (const address of site.former_addresses) {
    // One that the card has no more, or that phones were never told, is no reason not to start.
    if ((await probePort({ protocol: 'tcp', address, port: 0 })) !== undefined) continue;
    if (!hasServerIdentity(site.state_directory, address)) continue;
    const tls = serverIdentity(site.state_directory, address);
    all.push(...endpoints.map((endpoint) => ({ ...endpoint, address, tls })));
  }
  return all;
}
