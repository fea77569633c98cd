/** Which hosts the box may ask, and for what: by exact name, and nothing else. */
import { authorityPath } from '../net/authority.ts';
import { firstStageHost, laterStageHosts } from '../phones/service-hosts.ts';
import { regions } from '../phones/url.ts';
import type { ProvisioningConfig, SiteConfig } from '../config/schema.ts';

export interface Hosts {
  /** Asked for a phone's first stage when its path names no host. */
  readonly region: string;
  /** First stage, plain HTTP: undocumented, but all that the service is known to offer there. */
  readonly first: ReadonlySet<string>;
  /** Later stages, HTTPS. */
  readonly later: ReadonlySet<string>;
}

export function allowedHosts(site: Pick<SiteConfig, 'region'>, provisioning: ProvisioningConfig): Hosts {
  return {
    region: firstStageHost(site.region),
    first: new Set([
      ...regions.map((region) => firstStageHost(region)),
      ...names(provisioning.extra_first_stage_hosts),
    ]),
    later: new Set([...laterStageHosts, ...names(provisioning.extra_later_stage_hosts)]),
  };
}

function names(hosts: readonly string[]): string[] {
  return hosts.map((host) => host.toLowerCase());
}

/** Where a request has to go. `path` is raw: as the phone sent it, or will send it. */
export interface Upstream {
  readonly use: 'first' | 'later';
  readonly host: string;
  readonly path: string;
}

/** 1 to 3, as the cloud's paths tell them apart. */
export function stageOf({ use, path }: Upstream): 1 | 2 | 3 {
  if (use === 'first') return 1;
  return path.includes('/mmiiaacc/') ? 3 : 2;
}

/** What the phone itself calls the file; empty where it named a folder. */
export function fileOf({ path }: Pick<Upstream, 'path'>): string {
  return path.split(/[?#]/)[0]?.split('/').at(-1) ?? '';
}

/** What a phone asked the box for, by the target of its request line. */
export type Route =
  | ({ readonly kind: 'upstream' } & Upstream)
  | { readonly kind: 'authority' }
  | { readonly kind: 'firmware'; readonly name: string }
  | { readonly kind: 'bad'; readonly reason: string };

/** Files of the firmware folder are below it. */
export const firmwarePath = '/gatehouse-firmware/';

const longestTarget = 2048;

/** `/<later host>/<raw path>` is a later stage, every other path the first one. Nothing is decoded or normalised. */
export function routeOf(target: string, hosts: Hosts): Route {
  if (target.length > longestTarget) return { kind: 'bad', reason: 'target too long' };
  if (!target.startsWith('/') || target.startsWith('//'))
    return { kind: 'bad', reason: 'target is not a path' };
  if (!/^[\x21-\x7e]+$/.test(target) || target.includes('\\'))
    return { kind: 'bad', reason: 'target has characters that no URL has' };
  if (climbs(target)) return { kind: 'bad', reason: 'target climbs' };
  if (target === authorityPath) return { kind: 'authority' };
  if (target.startsWith(firmwarePath)) return { kind: 'firmware', name: target.slice(firmwarePath.length) };
  const [, segment = '', rest = ''] = /^\/([^/?#]*)(.*)$/.exec(target) ?? [];
  const host = segment.toLowerCase();
  const path = rest.startsWith('/') ? rest : `/${rest}`;
  if (hosts.later.has(host)) return { kind: 'upstream', use: 'later', host, path };
  if (hosts.first.has(host)) return { kind: 'upstream', use: 'first', host, path };
  return { kind: 'upstream', use: 'first', host: hosts.region, path: target };
}

function climbs(target: string): boolean {
  const [path = ''] = target.split(/[?#]/, 1);
  // Hardly any path has either.
  return /\/\.|%/.test(path) && path.split('/').some(isDotSegment);
}

/** `.` or `..`, also percent-encoded, at most twice: a server behind may decode once more than we do. */
function isDotSegment(segment: string): boolean {
  const plain = segment.replaceAll(/%25/g, '%').replaceAll(/%2e/gi, '.');
  return plain === '.' || plain === '..' || /%2f|%5c/i.test(plain);
}
