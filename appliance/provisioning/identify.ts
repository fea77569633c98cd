/**
 * Whose request is this: lease, path and User-Agent together. Each alone can be forged or is missing; where two of them
 * speak they have to agree.
 */
import { parseUserAgent, type UserAgent } from '../phones/user-agent.ts';
import { recogniseVendor, vendors, type Vendor } from '../phones/vendors.ts';
import { parseMac } from '../protocol/mac.ts';
import type { AddressHolder } from '../store/address-holders.ts';

export interface Evidence {
  readonly ip: string;
  /** Path of the request, without the host that it may name first. */
  readonly path: string;
  readonly userAgent: string;
}

/** What the DHCP part knows; both undefined where another server gives the addresses and we don't hear of it. */
export interface LeaseView {
  byIp(ip: string): AddressHolder | undefined;
  /** Where this MAC's current lease is, ours or one that passed our relay. */
  ipOf(mac: string): string | undefined;
}

/** `other`: a make that nobody has listed, whose bodies we can't read. */
export type Make = Vendor | 'other';

export interface Asker {
  readonly mac: string;
  readonly vendor: Make;
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
  const holder = leases.byIp(ip);
  const lease = holder?.evidence === 'informed' ? undefined : holder;
  // What a device said of itself when it asked for options is heard last, and refuses nobody.
  const mac = lease?.mac ?? inPath ?? said?.mac ?? holder?.mac;
  if (mac === undefined) return { kind: 'unknown' };
  if ((inPath !== undefined && inPath !== mac) || more.length > 0)
    return { kind: 'refused', reason: "path names another phone than the sender's lease", mac };
  if (said?.mac !== undefined && said.mac !== mac) {
    return { kind: 'refused', reason: 'User-Agent names another phone than lease or path', mac };
  }
  const leasedIp = lease === undefined ? leases.ipOf(mac) : undefined;
  if (leasedIp !== undefined && leasedIp !== ip)
    return { kind: 'refused', reason: 'this phone has its lease at another address', mac };
  const vendor =
    said?.vendor ??
    recogniseVendor({ mac, userAgent }) ??
    vendors.find((known) => holder?.mac === mac && known === holder.vendor) ??
    'other';
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

/** Anywhere in a file name (`cfg<mac>.xml`, `SEP<MAC>.cnf.xml`), since each maker has its own; Cisco's `spa` ends in a hex digit. */
const inFile =
  /(?:(?<![0-9a-f])|(?<=\bspa))(?:[0-9a-f]{12}|[0-9a-f]{2}(?:(?:[:-]|%3a)[0-9a-f]{2}){5})(?![0-9a-f])/gi;
/** The one-time name of the third stage begins with the MAC. */
const inFolder = /\/mmiiaacc\/([0-9a-f]{12})/i;

/** Different ones, in no order. `00…0` and `00…66` are no phone: Poly's and Yealink's common files are named so. */
export function macsInPath(path: string): string[] {
  const plain = path.split(/[?#]/)[0] ?? '';
  const file = plain.slice(plain.lastIndexOf('/') + 1).replace(/^MAC(?::|%3a)?/i, '');
  const found = [...(file.match(inFile) ?? []), inFolder.exec(plain)?.[1] ?? '']
    .map((written) => parseMac(written.replaceAll(/[:-]|%3a/gi, '')))
    .filter((mac) => mac !== undefined)
    .filter((mac) => !mac.startsWith('00:00:00:00'));
  return [...new Set(found)];
}
