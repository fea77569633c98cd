/** How a provisioning URL that a server sends differs from the one that phones need. Pure. */
import { regions, regionUrl, type Region } from '../phones/url.ts';

interface Parts {
  readonly host: string;
  readonly tenant: string | undefined;
  readonly language: string | undefined;
  /** What follows tenant and language. */
  readonly ending: string;
}

/** Nothing when it is right. `wanted` is what our own server would send. */
export function urlProblem(text: string, wanted: string): string[] {
  if (text === wanted) return [];
  const must = `it must be ${wanted}`;
  const say = (what: string) => [`${what}: ${must}`];
  if (text === '') return say('is empty');
  // The settings may ask for a host or an address alone.
  if (!wanted.startsWith('http://')) return say(`is ${shown(text)}`);
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(text)?.[1]?.toLowerCase();
  if (scheme === undefined)
    return say(`is ${shown(text)}, a host without "http://", which phones ask over TFTP`);
  if (scheme !== 'http') return say(`is ${scheme}://, and the first stage is plain http://`);
  if (text.replace(/\/+$/, '') === wanted) return say('ends in a slash too many');
  if (text.trim() === wanted) return say('has blanks around it');
  return differences(partsOf(text), partsOf(wanted)).map((what) => `${what}: ${must}`);
}

function differences(is: Parts, wanted: Parts): string[] {
  const found = [
    ...(is.host === wanted.host ? [] : [hostDifference(is.host, wanted.host)]),
    ...(same(is.tenant, wanted.tenant) ? [] : [tenantDifference(is.tenant, wanted.tenant)]),
    ...(is.language === wanted.language ? [] : [`has the language ${is.language ?? 'English (none)'}`]),
    ...(is.ending === wanted.ending ? [] : [`ends in ${shown(is.ending)}, not ${shown(wanted.ending)}`]),
  ];
  return found.length > 0 ? found : ['is written otherwise'];
}

function hostDifference(is: string, wanted: string): string {
  const [its, ours] = [regionOf(is), regionOf(wanted)];
  if (its !== undefined && ours !== undefined) return `is the wrong region, ${its} and not ${ours}`;
  if (its !== undefined) return 'leads to the cloud directly and not through the box';
  return `leads to ${shown(is)}`;
}

function regionOf(host: string): Region | undefined {
  return regions.find((region) => new URL(regionUrl(region)).host === host.toLowerCase());
}

function tenantDifference(is: string | undefined, wanted: string | undefined): string {
  if (is === undefined) return 'has no tenant';
  return wanted === undefined
    ? `names a tenant, ${shown(is)}, and the settings name none`
    : `names the wrong tenant, ${shown(is)}`;
}

function same(a: string | undefined, b: string | undefined): boolean {
  return a?.toLowerCase() === b?.toLowerCase();
}

function partsOf(url: string): Parts {
  const [, host = '', tenant, language, ending = ''] =
    /^[a-z]+:\/\/([^/]*)(?:\/tenantid\/([^/]*))?(?:\/lang_([^/]*))?(.*)$/is.exec(url) ?? [];
  return { host, tenant, language, ending };
}

function shown(text: string): string {
  return JSON.stringify(text.length > 200 ? `${text.slice(0, 200)}…` : text);
}
