/** A provisioning URL in a body, and where the phone has to go in its place. */
import type { Hosts } from './hosts.ts';

export interface LinkPolicy {
  readonly hosts: Hosts;
  /** `https://10.0.0.1`, without a slash at the end. Undefined: this phone goes on by itself, its URLs stay. */
  readonly box: string | undefined;
  /** Who gave the body: a URL without a host is meant relative to it. */
  readonly from: { readonly use: 'first' | 'later'; readonly host: string };
  /** Files of this name are handed on unread: a configuration must not be one. */
  readonly isPlainFile?: (file: string) => boolean;
}

/** Where the phone will be led to in the end, by way of the box. */
export interface LinkTarget {
  readonly host: string;
  /** Raw. */
  readonly path: string;
}

export type Link =
  /** No URL in it, or one that is right as it stands. */
  | { readonly kind: 'kept' }
  | { readonly kind: 'changed'; readonly value: string; readonly targets: readonly LinkTarget[] }
  | { readonly kind: 'refused'; readonly reason: string };

const kept: Link = { kind: 'kept' };
/** Phones take less; and what looks through a value may take the square of its length. */
const longestValue = 4096;
const urls = /([A-Za-z][A-Za-z0-9+.-]{0,31}):\/\/([^\s"'<>,;[\]]*)/g;

/** All URLs in the value (Cisco writes options before it, Poly lists several); one bad host refuses the whole value. */
export function urlInBox(value: string, policy: LinkPolicy): Link {
  if (value === '') return kept;
  if (value.length > longestValue) return { kind: 'refused', reason: 'provisioning URL too long' };
  const isPlain = (name: string) => policy.isPlainFile?.(name.split(/[?#]/)[0] ?? '') === true;
  if (value.split(/[\s"'<>,;[\]]+/).some(isPlain))
    return { kind: 'refused', reason: 'a configuration that would pass unread' };
  if (!value.includes('://')) return withoutScheme(value, policy);
  let refused: Link | undefined;
  const targets: LinkTarget[] = [];
  const changed = value.replaceAll(urls, (whole, scheme: string, rest: string) => {
    const link = absolute(scheme.toLowerCase(), rest, policy);
    if (link.kind === 'refused') refused = link;
    if (link.kind !== 'changed') return whole;
    targets.push(...link.targets);
    return link.value;
  });
  return refused ?? (changed === value ? kept : { kind: 'changed', value: changed, targets });
}

/**
 * Pages of the service for the phone's browser, in any setting: they hold the phone's own path, and come through the box as
 * its configuration does. All other URLs stay.
 */
export function pagesInBox(value: string, policy: LinkPolicy, isPage: (path: string) => boolean): Link {
  const { box, hosts } = policy;
  if (box === undefined || value.length > longestValue || !value.includes('://')) return kept;
  const targets: LinkTarget[] = [];
  const changed = value.replaceAll(urls, (whole, scheme: string, rest: string) => {
    const { host, path, problem } = splitHost(rest, '443');
    const isOurs = scheme.toLowerCase() === 'https' && problem === undefined && hosts.later.has(host);
    if (!isOurs || !isPage(path)) return whole;
    targets.push({ host, path });
    return `${box}/${host}${path}`;
  });
  return targets.length === 0 ? kept : { kind: 'changed', value: changed, targets };
}

function absolute(scheme: string, rest: string, policy: LinkPolicy): Link {
  if (scheme !== 'http' && scheme !== 'https')
    return { kind: 'refused', reason: `provisioning by ${scheme}` };
  const { host, path, problem } = splitHost(rest, scheme === 'http' ? '80' : '443');
  if (problem !== undefined) return { kind: 'refused', reason: problem };
  const box = boxPath(host, path, policy.hosts);
  if (box === undefined) return { kind: 'refused', reason: `provisioning host "${host}" is not allowed` };
  return policy.box === undefined
    ? kept
    : { kind: 'changed', value: `${policy.box}${box}`, targets: [{ host, path }] };
}

/** A path on the host that sent it, or Poly's host without a scheme. */
function withoutScheme(value: string, policy: LinkPolicy): Link {
  const { box, from, hosts } = policy;
  if (value.startsWith('//')) return { kind: 'refused', reason: 'provisioning URL without a scheme' };
  if (value.startsWith('/')) {
    const path = boxPath(from.host, value, hosts);
    return box === undefined || path === undefined
      ? kept
      : { kind: 'changed', value: `${box}${path}`, targets: [{ host: from.host, path: value }] };
  }
  if (
    !/^(?:[^\s/@]+@)?(?:[\w-]+\.)+[\w-]+(?::\d+)?(?:[/?]|$)/.test(value) ||
    /\.(?:cfg|xml|boot|ini|htm)$/i.test(value)
  )
    return kept;
  const { host, path, problem } = splitHost(value, '443');
  if (problem !== undefined) return { kind: 'refused', reason: problem };
  const inBox = boxPath(host, path, hosts);
  if (inBox === undefined) return { kind: 'refused', reason: `provisioning host "${host}" is not allowed` };
  return box === undefined
    ? kept
    : { kind: 'changed', value: `${box.replace(/^https?:\/\//, '')}${inBox}`, targets: [{ host, path }] };
}

function splitHost(text: string, defaultPort: string): { host: string; path: string; problem?: string } {
  const [, authority = '', path = ''] = /^([^/?#]*)(.*)$/.exec(text) ?? [];
  const [, name = '', port] = /^([^:]*)(?::(.*))?$/.exec(authority) ?? [];
  const host = name.toLowerCase();
  if (authority.includes('@')) return { host, path, problem: 'provisioning URL with a user in it' };
  if (port !== undefined && port !== defaultPort)
    return { host, path, problem: `provisioning URL on port ${port.slice(0, 8)}` };
  return { host, path };
}

/** The region's own first-stage host needs no name in the path: phones are sent there by DHCP without it. */
function boxPath(host: string, path: string, { first, later, region }: Hosts): string | undefined {
  const rest = path.startsWith('/') ? path : `/${path}`;
  if (host === region) return rest;
  return later.has(host) || first.has(host) ? `/${host}${rest}` : undefined;
}
