/**
 * Whether phones could fetch their configuration from the box: its authority in clear, as they were told, and an answer over HTTPS
 * that this authority vouches for. No phone's name is used: a path of one would make an account, or a phone that isn't there.
 */
import type { Config } from '../config.ts';
import { authorityPath, serverCertificates } from '../net/authority.ts';
import { askUpstream } from '../net/http-upstream.ts';

/** Undefined: they could. */
export async function provisioningTrouble({ site, provisioning }: Config): Promise<string | undefined> {
  const { ca } = serverCertificates(site.state_directory, site.address);
  try {
    const shown = await ask('http', { host: site.address, port: provisioning.http_port, ca });
    if (shown !== ca) return "phones are given another authority than the box's own";
    await ask('https', { host: site.address, port: provisioning.https_port, ca });
    return undefined;
  } catch (error) {
    return `phones can't fetch their configuration: ${error instanceof Error ? error.message : String(error)}`;
  }
}

async function ask(
  scheme: 'http' | 'https',
  { host, port, ca }: { readonly host: string; readonly port: number; readonly ca: string },
): Promise<string> {
  const { status, body } = await askUpstream({
    scheme,
    host,
    port,
    method: 'GET',
    target: authorityPath,
    headers: [
      ['Host', host],
      ['User-Agent', 'Gatehouse'],
    ],
    timeoutMs: 10_000,
    mostBytes: 64 * 1024,
    ca: [ca],
  });
  if (status !== 200) throw new Error(`${scheme} answers ${status}`);
  return body.toString('utf8');
}
