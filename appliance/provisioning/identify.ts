/**
 * Whose request is this: lease, path and User-Agent together. Each alone can be forged or is missing; where two of them
 * speak they have to agree.
 */
import { parseUserAgent, type UserAgent } from '../phones/user-agent.ts';
import { recogniseVendor, vendors, type Vendor } from '../phones/vendors.ts';
import { parseMac } from '../protocol/mac.ts';

export interface Evidence {
  readonly ip: string;
  /** Path of the request, without the host that it may name first. */
  readonly path: string;
  readonly userAgent: string;
}

/** What the DHCP part knows; both undefined where another server gives the addresses. */
export interface LeaseView {
  byIp(ip: string): { readonly mac: string; readonly vendor?: string } | undefined;
  /** Where this MAC's current lease is. */
  ipOf(mac: string): string | undefined;
}

export interface Asker {
  readonly mac: string;
  readonly vendor: Vendor;
  readonly model?: string;
  readonly firmware?: string;
  readonly userAgent: string;
  readonly ip: string;
  readonly isLeased: boolean;
}

export type Identity =
  | { readonly kind: 'phone'; readonly asker: Asker }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'refused'; readonly reason: string; readonly mac?: string };

export function identify({ ip, path, userAgent }: Evidence, leases: LeaseView): Identity {
  const said = parseUserAgent(userAgent);
  const [inPath, ...more] = macsInPath(path);
  const lease = leases.byIp(ip);
  const mac = lease?.mac ?? inPath ?? said?.mac;
  if (mac === undefined) return { kind: 'unknown' };
  if ((inPath !== undefined && inPath !== mac) || more.length > 0)
    return { kind: 'refused', reason: "path names another phone than the sender's lease", mac };
  if (said?.mac !== undefined && said.mac !== mac) {
    return { kind: 'refused', reason: 'User-Agent names another phone than lease or path', mac };
  }
  const holder = lease === undefined ? leases.ipOf(mac) : undefined;
  if (holder !== undefined && holder !== ip)
    return { kind: 'refused', reason: 'this phone has its lease at another address', mac };
  const vendor =
    said?.vendor ?? recogniseVendor({ mac, userAgent }) ?? vendors.find((known) => known === lease?.vendor);
  if (vendor === undefined) return { kind: 'unknown' };
  return {
    kind: 'phone',
    asker: {
      mac,
      vendor,
      ...described(said),
      userAgent: userAgent.slice(0, 512),
      ip,
      isLeased: lease !== undefined,
    },
  };
}

function described(said: UserAgent | undefined): Pick<Asker, 'model' | 'firmware'> {
  return {
    ...(said?.model === undefined ? {} : { model: said.model }),
    ...(said?.firmware === undefined ? {} : { firmware: said.firmware }),
  };
}

/** File names as vendors build them, and the one-time name of the third stage, which begins with the MAC. */
const macPatterns = [
  /\/(?:snom\w+-|config\.)?([0-9a-f]{12})(?:-[\w.-]+)?(?:\.\w{1,4})?$/i,
  /\/mmiiaacc\/([0-9a-f]{12})[^/]*(?:\/|$)/i,
];

/** Different ones, in no order. `00…0` is no phone: Poly's common file is named so. */
export function macsInPath(path: string): string[] {
  const plain = path.split(/[?#]/)[0] ?? '';
  const found = macPatterns
    .map((pattern) => pattern.exec(plain)?.[1] ?? '')
    .filter((digits) => !/^0*$/.test(digits));
  return [...new Set(found.map((digits) => parseMac(digits)).filter((mac) => mac !== undefined))];
}
