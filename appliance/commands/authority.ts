/** `gatehouse authority`: what phones trust and what the box shows them; `make` makes and renews it. */
import { X509Certificate } from 'node:crypto';
import { readConfig } from '../config.ts';
import type { CommandCall } from '../main.ts';
import { ensureAuthority, serverCertificates } from '../net/authority.ts';
import { systemClock } from '../world.ts';
import { formatTable } from './table.ts';

export async function authorityCommand({ configFile, json, rest, out }: CommandCall): Promise<number> {
  const [word, ...more] = rest;
  if (more.length > 0 || (word !== undefined && word !== 'make')) {
    out('usage: gatehouse authority         what phones trust, and what the box shows them');
    out(
      '       gatehouse authority make    makes what is missing and renews what ends (systemd does it daily)',
    );
    return 2;
  }
  const { site } = readConfig(configFile);
  if (word === 'make') {
    for (const address of [site.address, ...site.former_addresses])
      await ensureAuthority(site.state_directory, address, systemClock);
  }
  const { ca, cert } = serverCertificates(site.state_directory, site.address);
  const shown = { authority: described(ca), certificate: described(cert) };
  if (json) out(JSON.stringify(shown));
  else {
    const rows = Object.entries(shown).map(([what, { sha256, until }]) => [what, `until ${until}`, sha256]);
    for (const line of formatTable(rows)) out(line);
  }
  return 0;
}

function described(pem: string): { readonly sha256: string; readonly until: string; readonly pem: string } {
  const { fingerprint256: sha256, validTo } = new X509Certificate(pem);
  return { sha256, until: new Date(validTo).toISOString().slice(0, 10), pem };
}
