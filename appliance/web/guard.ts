/** Who may ask for the page, and what a browser may do with it. Pure. */

/** On every answer. No inline script or style, nothing from elsewhere, no frame around it. */
export const securityHeaders: Readonly<Record<string, string>> = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
  'x-content-type-options': 'nosniff',
  'x-frame-options': 'DENY',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'permissions-policy': 'camera=(), microphone=(), geolocation=()',
};

interface RequestHead {
  readonly url: string;
  readonly host: string | undefined;
  /** `Sec-Fetch-Site`, which browsers send and pages can't forge. */
  readonly fetchSite: string | undefined;
  /** `Origin`, which browsers send with every order. */
  readonly origin?: string | undefined;
  readonly method: string;
  /** `Content-Type`. */
  readonly contentType: string | undefined;
}

/**
 * Why a request is refused; undefined when it is welcome. A name that we don't have in `Host` is a foreign site whose
 * name was pointed at this address (DNS rebinding); a request that another site's page makes may not read the API nor
 * hold one of the few event streams. An order is JSON, which a browser sends nowhere but home without asking there first.
 */
export function refusal(
  { url, host, fetchSite, origin, method, contentType }: RequestHead,
  own: OwnNames,
): 'host' | 'site' | undefined {
  if (!isOwnHost(host, own)) return 'host';
  const isApi = url !== '/' && !url.startsWith('/page');
  const isReading = method === 'GET' || method === 'HEAD';
  if (!isReading && !orderTypes.has(mediaType(contentType))) return 'site';
  // A page of another origin, another port of this box too.
  if (!isReading && origin !== undefined && !/^https?:\/\//.test(origin)) return 'site';
  if (!isReading && origin !== undefined && origin.replace(/^https?:\/\//, '') !== host) return 'site';
  return isApi && (fetchSite === 'cross-site' || fetchSite === 'same-site') ? 'site' : undefined;
}

/** None of them can be sent to another site without asking there first. */
const orderTypes: ReadonlySet<string> = new Set(['application/json', 'application/octet-stream']);

/** Without its parameters (RFC 9110, 8.3.1); what has a comma in it is more than one, and none of ours. */
function mediaType(contentType = ''): string {
  return contentType.includes(',') ? '' : (contentType.split(';')[0] ?? '').trim().toLowerCase();
}

/** What the page listens on, and what else it is called. */
export interface OwnNames {
  readonly address: string;
  readonly names: readonly string[];
}

/**
 * `localhost`, this machine's loopback, the address listened on and the names of the settings; with `0.0.0.0` any address, and no other
 * name.
 */
export function isOwnHost(host: string | undefined, { address, names }: OwnNames): boolean {
  const name = /^(\[[0-9a-f:]+\]|[^:]+)(?::\d{1,5})?$/i.exec(host ?? '')?.[1]?.toLowerCase();
  if (name === undefined) return false;
  if (['localhost', '127.0.0.1', '[::1]', address].includes(name)) return true;
  if (names.some((own) => own.toLowerCase() === name)) return true;
  return address === '0.0.0.0' && /^\d{1,3}(\.\d{1,3}){3}$/.test(name);
}

/** Names and numbers of people are shown to whoever is on the box itself, not to a whole network. */
export function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}

interface InClear {
  readonly remote: string;
  readonly method: string;
  readonly url: string;
}

/**
 * What becomes of a request over plain HTTP where the page has HTTPS: what is read is led there, an order that came in clear, perhaps
 * with a password, is refused. Nobody listens on loopback, and monitors ask for health alone.
 */
export function fateInClear({ remote, method, url }: InClear): 'answered' | 'led' | 'refused' {
  if (remote.startsWith('127.') || url === '/healthz') return 'answered';
  return ['GET', 'HEAD'].includes(method) ? 'led' : 'refused';
}
