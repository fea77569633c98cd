/** Which SIP server carries the application, as the settings say: the engine in this process, or a drachtio server elsewhere. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Config } from '../config/schema.ts';
import type { ServerIdentity } from '../net/authority.ts';
import type { SipRequest } from '../protocol/sip-message.ts';
import { parseSipUri } from '../protocol/sip-uri.ts';
import type { Bindings } from './bindings.ts';
import type { Ladders } from './ladders.ts';
import { endpointsOf } from './listeners.ts';
import type { ServerOptions } from './srf.ts';

interface Known {
  readonly identity: ServerIdentity;
  readonly bindings: Pick<Bindings, 'byToken'>;
  readonly ladders: Pick<Ladders, 'witness'>;
}

/** Of an external server nothing is witnessed: there are no ladders then. */
export async function serverOptions(
  config: Config,
  { identity, bindings, ladders }: Known,
): Promise<ServerOptions> {
  const { sip, site } = config;
  if (sip.engine === 'drachtio') {
    return {
      control: join(site.state_directory, 'sip', 'engine', 'control'),
      server: { address: sip.drachtio_host, port: sip.drachtio_port },
      secret: readFileSync(sip.drachtio_secret_file ?? '', 'utf8').trim(),
      upstreamFlow: (request) => flowByToken(request, bindings),
    };
  }
  const { cert, key } = identity;
  return {
    listen: await endpointsOf(config),
    tls: { cert, key },
    largeOverTcp: sip.large_requests_over_tcp,
    trust: extraTrust({ site }),
    ...(ladders.witness && { witness: ladders.witness }),
  };
}

/** PEM, besides Node's roots. */
export function extraTrust({ site }: Pick<Config, 'site'>): string[] {
  return site.extra_ca_file === undefined ? [] : [readFileSync(site.extra_ca_file, 'utf8')];
}

/** Nobody but a registrar knows the name in a Contact of ours: who calls it has come from there. */
function flowByToken({ uri }: SipRequest, bindings: Pick<Bindings, 'byToken'>): string | undefined {
  if (!/^sips?:/i.test(uri)) return undefined;
  return bindings.byToken(parseSipUri(uri).user ?? '')?.flow;
}
