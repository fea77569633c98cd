/** Hosts that a phone may be relayed to, by exact name: a phone must not make us connect anywhere it likes. */
import { registrarHosts } from '../phones/service-hosts.ts';
import { regions } from '../phones/url.ts';

const serviceHosts = regions.flatMap((region) => registrarHosts(region));

/** `more` are the site's own additions. */
export function isRegistrar(host: string, more: readonly string[]): boolean {
  const name = host.toLowerCase();
  return serviceHosts.includes(name) || more.some((entry) => entry.toLowerCase() === name);
}
