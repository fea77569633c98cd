/**
 * What an HTTP User-Agent says of a phone. Spellings are from public logs (see `test/fixtures/phones/ORIGIN.md`): it is
 * evidence, never proof, and any part of it may be missing.
 */
import { parseMac } from '../protocol/mac.ts';
import { recogniseVendor, type Vendor } from './vendors.ts';

export interface UserAgent {
  /** Undefined: a make that nobody has listed, which says no more than its MAC. */
  readonly vendor?: Vendor;
  readonly model?: string;
  readonly firmware?: string;
  readonly mac?: string;
}

interface Spelling {
  readonly vendor: Vendor;
  /** Named groups: model, firmware, mac. */
  readonly pattern: RegExp;
}

const hex = '[0-9A-Fa-f]';
const plainMac = `(?<mac>${hex}{12})`;
const anyMac = `(?<mac>${hex}{2}(?::${hex}{2}){5}|${hex}{12})`;

const looseMac = `(?:${hex}{12}|${hex}{2}(?:[:-]${hex}{2}){5})`;

/** First match counts. */
const spellings: readonly Spelling[] = [
  {
    vendor: 'yealink',
    pattern: new RegExp(
      `^yealink +(?:SIP-)?(?<model>[\\w-]+)(?: +(?<firmware>\\d+(?:\\.\\d+)+))?(?: +${anyMac})?`,
      'i',
    ),
  },
  {
    vendor: 'yealink',
    pattern: new RegExp(`^(?<model>VP\\d+P?) +(?<firmware>\\d+(?:\\.\\d+)+)?(?: +${anyMac})?`),
  },
  // The updater has a version of its own, which says nothing of the phone's firmware.
  {
    vendor: 'poly',
    pattern: new RegExp(
      `^FileTransport Poly[A-Za-z]*-(?<model>[\\w-]+?)-UA/.*?(?:\\(SN:${plainMac}\\).*)?Type/Updater`,
      'i',
    ),
  },
  {
    vendor: 'poly',
    pattern: new RegExp(
      `^(?:FileTransport )?Poly[A-Za-z]*-(?<model>[\\w-]+?)-UA/(?<firmware>[\\d.]+)(?:_${hex}{12})?(?:.*\\(SN:${plainMac}\\))?`,
      'i',
    ),
  },
  { vendor: 'poly', pattern: new RegExp(`^OBIHAI/(?<model>\\w+)(?:-(?<firmware>[\\d.]+))?`) },
  {
    vendor: 'cisco',
    pattern: new RegExp(`^Cisco-CP-?(?<model>[\\w-]+)/(?<firmware>\\S+)(?: \\(${plainMac}\\))?`),
  },
  { vendor: 'cisco', pattern: /^Cisco[/-](?<model>ATA19\d)-(?<firmware>\S+)/ },
  {
    vendor: 'audiocodes',
    pattern: new RegExp(`^AUDC-IPPhone/(?<firmware>\\S+) \\((?<model>\\w+?)(?:-Rev\\w+)?; ?${plainMac}\\)`),
  },
  { vendor: 'audiocodes', pattern: /^AUDC\/(?<firmware>\S+) AUDC-IPPhone-(?<model>[A-Z0-9]+)/ },
  { vendor: 'audiocodes', pattern: /^AUDC/ },
  { vendor: 'ale', pattern: new RegExp(`^ALE (?<model>[\\w-]+) (?<firmware>\\S+)(?: ${plainMac})?`) },
  { vendor: 'gigaset', pattern: new RegExp(`^Gigaset (?<model>[^/]+)/(?<firmware>[^;]+)(?:;${plainMac})?`) },
  {
    vendor: 'snom',
    pattern: new RegExp(
      `^Mozilla/\\d\\.\\d \\(compatible; snom(?<model>\\w+)-SIP (?<firmware>[\\d.]+)(?:.*?\\b${plainMac}\\b)?`,
    ),
  },
];

/** Longer ones are no phone's. */
const mostChars = 512;

export function parseUserAgent(text: string): UserAgent | undefined {
  if (text.length > mostChars) return undefined;
  for (const { vendor, pattern } of spellings) {
    const groups = pattern.exec(text)?.groups;
    if (groups === undefined && !pattern.test(text)) continue;
    const { model, firmware, mac } = groups ?? {};
    const known = mac === undefined ? undefined : parseMac(mac);
    return {
      vendor,
      ...(model === undefined ? {} : { model }),
      ...(firmware === undefined ? {} : { firmware }),
      ...(known === undefined ? {} : { mac: known }),
    };
  }
  return looseUserAgent(text);
}

/** A spelling that is not listed: whose it is by the words that its maker uses everywhere, and a MAC that can be no other number. */
function looseUserAgent(text: string): UserAgent | undefined {
  const vendor = recogniseVendor({ userAgent: text });
  const found = [...text.matchAll(new RegExp(`(?<![\\w:-])${looseMac}(?![\\w:-])`, 'g'))]
    .map(([written]) => ({ mac: parseMac(written), isPlain: /^\w+$/.test(written) }))
    .filter(({ mac, isPlain }) => !isPlain || recogniseVendor({ mac }) !== undefined)
    .map(({ mac }) => mac);
  const [first, ...others] = new Set(found);
  const mac = others.length === 0 ? first : undefined;
  if (vendor === undefined && mac === undefined) return undefined;
  return { ...(vendor === undefined ? {} : { vendor }), ...(mac === undefined ? {} : { mac }) };
}
