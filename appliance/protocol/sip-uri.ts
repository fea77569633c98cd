/** SIP and SIPS URIs, RFC 3261 section 19.1. User, parameters and headers are kept as written, escapes included. */
import { SipSyntaxError } from './sip-message.ts';

/** `value` is undefined for a parameter without `=`. Names are in lower case. */
export type SipParams = readonly (readonly [name: string, value: string | undefined])[];

export interface SipUri {
  readonly scheme: 'sip' | 'sips';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** Lower case; an IPv6 address without its brackets. */
  readonly host: string;
  readonly port?: number | undefined;
  readonly params: SipParams;
  /** What follows `?`. */
  readonly headers?: string | undefined;
}

const shape =
  /^(sips?):(?:([^\s@<>":]*)(?::([^\s@<>"]*))?@)?(\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(\d{1,5}))?((?:;[^\s;?<>"]*)*)(?:\?([^\s<>"]*))?$/i;

/** Throws {@link SipSyntaxError}, with status 416 for another scheme. */
export function parseSipUri(uri: string): SipUri {
  const [, scheme, user, password, host, port, params, headers] = shape.exec(uri) ?? [];
  if (scheme === undefined || host === undefined) {
    throw new SipSyntaxError('not a SIP URI', 0, /^(?!sips?:)[a-z][a-z0-9+.-]*:/i.test(uri) ? 416 : 400);
  }
  if (port !== undefined && (Number(port) === 0 || Number(port) > 65_535))
    throw new SipSyntaxError('no such port');
  return {
    scheme: scheme.toLowerCase() === 'sips' ? 'sips' : 'sip',
    user,
    password,
    host: host.replace(/^\[(.*)\]$/, '$1').toLowerCase(),
    port: port === undefined ? undefined : Number(port),
    params: parseParams(params ?? ''),
    headers,
  };
}

export function formatSipUri(uri: SipUri): string {
  const password = uri.password === undefined ? '' : `:${uri.password}`;
  const user = uri.user === undefined ? '' : `${uri.user}${password}@`;
  const headers = uri.headers === undefined ? '' : `?${uri.headers}`;
  return `${uri.scheme}:${user}${formatHostPort(uri.host, uri.port)}${formatParams(uri.params)}${headers}`;
}

/** `[2001:db8::1]:5060`, `10.0.0.1`. */
export function formatHostPort(host: string, port?: number): string {
  const bracketed = host.includes(':') ? `[${host}]` : host;
  return port === undefined ? bracketed : `${bracketed}:${port}`;
}

/** Of `;a=1;lr`, quoted values included. Empty ones are left out. */
export function parseParams(source: string): SipParams {
  const params: [string, string | undefined][] = [];
  if (source === '') return params;
  if (!source.includes('"') && !/\s/.test(source)) {
    for (const piece of source.split(';')) {
      const end = piece.indexOf('=');
      if (end === 0 || piece === '') continue;
      if (end === -1) params.push([piece.toLowerCase(), undefined]);
      else params.push([piece.slice(0, end).toLowerCase(), piece.slice(end + 1)]);
    }
    return params;
  }
  for (const [, name, value] of source.matchAll(
    /;\s*([^\s;=]+)\s*(?:=\s*("(?:[^"\\]|\\[^])*"|[^\s;"]*))?\s*/g,
  )) {
    if (name !== undefined) params.push([name.toLowerCase(), value]);
  }
  return params;
}

export function formatParams(params: SipParams): string {
  let text = '';
  for (const [name, value] of params) text += value === undefined ? `;${name}` : `;${name}=${value}`;
  return text;
}

/** Undefined when it isn't there, empty when it has no value. */
export function param(params: SipParams, name: string): string | undefined {
  for (const [key, value] of params) if (key === name) return value ?? '';
  return undefined;
}

/** Sets one in place, or adds it at the end. */
export function withParam(params: SipParams, name: string, value: string | undefined): SipParams {
  const added = [name, value] as const;
  return params.some(([key]) => key === name)
    ? params.map((entry) => (entry[0] === name ? added : entry))
    : [...params, added];
}

export function withoutParam(params: SipParams, name: string): SipParams {
  return params.filter(([key]) => key !== name);
}

/** Whether the host of a URI or a Via is an address and not a name. */
export function isIpLiteral(host: string): boolean {
  return host.includes(':') || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(host);
}
