/** Hosts that a phone may be relayed to, by exact name: a phone must not make us connect anywhere it likes. */

const regions = ['noam', 'emea', 'apac'] as const;

/** Where SIP Gateway registers phones: first while they are onboarded, then for good. */
const serviceHosts = regions.flatMap((region) => [
  `obsbc-${region}.sdg.teams.microsoft.com`,
  `mainsbc-${region}.sdg.teams.microsoft.com`,
]);

/** `more` are the site's own additions. */
export function isRegistrar(host: string, more: readonly string[]): boolean {
  const name = host.toLowerCase();
  return serviceHosts.includes(name) || more.some((entry) => entry.toLowerCase() === name);
}
