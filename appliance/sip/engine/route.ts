/** Where a request goes: the `proxy` option of drachtio-srf, or the request's own target. */
import { formatHostPort, param, parseSipUri } from '../../protocol/sip-uri.ts';
import type { Transport } from './flow.ts';

export interface Route {
  readonly scheme: 'sip' | 'sips';
  /** Undefined: what the domain prefers (RFC 3263 section 4.1). */
  readonly transport?: Transport | undefined;
  /** Name or address. A TLS server must prove to be this. */
  readonly host: string;
  /** Undefined: what the domain's SRV records say. */
  readonly port?: number | undefined;
  /** The connection of that name, made when it isn't there. */
  readonly flow?: string | undefined;
  /** `;ob`: only a connection that is open already will do, since nobody listens at a phone's own port. */
  readonly mustBeOpen: boolean;
}

/** A request can't go out; the application sees it as a response with this status, made here. */
export class RouteError extends Error {
  override readonly name = 'RouteError';
  readonly status: 430 | 503;
  constructor(status: 430 | 503, message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}

/** Throws SipSyntaxError for what isn't a SIP URI, RouteError for a transport that we don't have. */
export function parseRoute(uri: string): Route {
  const { scheme, host, port, params } = parseSipUri(uri);
  const named = param(params, 'transport');
  const transport = named === undefined ? undefined : transportOf(named, scheme);
  const flow = param(params, 'flow');
  if (flow !== undefined && !/^[A-Za-z0-9_.-]{1,64}$/.test(flow)) throw new RouteError(503, 'not a flow id');
  return {
    scheme,
    transport,
    host,
    port,
    flow,
    mustBeOpen: flow === undefined && param(params, 'ob') !== undefined,
  };
}

/** `tls:sip.example.com:5061`. */
export function targetOf({ scheme, transport, host, port }: Route): string {
  return `${transport ?? scheme}:${formatHostPort(host, port)}`;
}

/** `sips:` asks for TLS whatever the parameter says (RFC 3261 section 26.2.2). */
function transportOf(name: string, scheme: 'sip' | 'sips'): Transport {
  const lower = name.toLowerCase();
  if (lower === 'tls' || (scheme === 'sips' && lower === 'tcp')) return 'tls';
  if (scheme === 'sip' && (lower === 'udp' || lower === 'tcp')) return lower;
  throw new RouteError(503, `no transport ${lower}`);
}
