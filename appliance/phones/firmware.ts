/**
 * Firmware versions as each vendor writes them, and which of two is newer. Spellings are those of Microsoft's compatible
 * list (`firmware-templates/devices.tsv`) and of User-Agents. No vendor's is semver.
 */
import type { Vendor } from './vendors.ts';

export interface FirmwareVersion {
  /** Versions of two lines can't be compared. Undefined: the text doesn't say, and any line takes it. */
  readonly line: string | undefined;
  /** Numbers, and letters where the scheme has them. */
  readonly parts: readonly (number | string)[];
}

export type Order = -1 | 0 | 1;

type Groups = readonly (string | undefined)[];

interface Scheme {
  /** The whole text; what is in no group says nothing of the version. */
  readonly pattern: RegExp;
  readonly line?: (groups: Groups) => string | undefined;
  /** The groups that make the version, most significant first. Left out: all. */
  readonly version?: (groups: Groups) => Groups;
}

const numbers = String.raw`\d{1,9}(?:\.\d{1,9}){0,5}`;
const plain: Scheme = { pattern: new RegExp(`^(${numbers})$`) };

/** First match counts; a text that matches none is no version. */
const schemes: Readonly<Record<Vendor, readonly Scheme[]>> = {
  // `66.86.5.1`: the first field is the hardware's, and Microsoft's minimum "83" is the second field of any hardware.
  yealink: [
    {
      pattern: /^(\d{1,9})\.(\d{1,9}(?:\.\d{1,9}){1,3})$/,
      line: ([hardware]) => hardware,
      version: ([, rest]) => [rest],
    },
    { pattern: /^(\d{1,3})$/ },
  ],
  poly: [plain],
  // `11.3.5MPP`, `12-0-3MPP`, `11-2-2MPP0101-013`, `12.0(4)`, an adapter's `MPP-11-1-0-MSR4`; `12.0.3` is of any line.
  cisco: [
    { pattern: /^PhoneOS[ -]?(\d{1,9}(?:[.-]\d{1,9}){0,4})$/i, line: () => 'PhoneOS' },
    {
      pattern:
        /^(?:sip\w{1,12}\.)?(\d{1,4})[.-](\d{1,4})(?:[.-](\d{1,4})|\((\d{1,4})\))?-?(MPP|M(?=SR))?(?:-?SR(\d{1,4}))?(?:-?(\d{1,9}(?:-\d{1,9})?))?(?:\.loads)?$/i,
      // A service release without the M is enterprise firmware's: `12-5-1SR1-4`.
      line: ([, , , , marker, release]) => (marker ? 'MPP' : release && 'enterprise'),
      version: ([major, minor, patch, inBrackets, , release, build]) => [
        major,
        minor,
        patch ?? inBrackets,
        release,
        build,
      ],
    },
    { pattern: /^MPP-(\d{1,4})-(\d{1,4})(?:-(\d{1,4}))?(?:-M?SR(\d{1,4}))?$/i, line: () => 'MPP' },
  ],
  // 2.x is the generic SIP line, 3.x the line that began with Skype; gateways write `6.60A.367.001`.
  audiocodes: [
    { pattern: new RegExp(`^(${numbers})$`), line: ([version]) => version?.split('.')[0] },
    { pattern: /^(\d{1,4})\.(\d{1,4})([A-Z])\.(\d{1,9}(?:\.\d{1,9}){0,2})$/i, line: () => 'gateway' },
  ],
  ale: [plain],
  snom: [plain],
  // A User-Agent has `83.V2.11.0+build.a546b91`, the list `2.52.0`.
  gigaset: [{ pattern: new RegExp(String.raw`^(?:\d{1,4}\.V)?(${numbers})(?:\+[\w.]{0,40})?$`, 'i') }],
  // `PCS22Ab` comes after `PCS22A` and before `PCS22B`; `PCS16E_` is `PCS16E`.
  spectralink: [{ pattern: /^PCS(\d{1,4})([A-Z])([a-z]?)_?$/ }],
  // Handsets count in numbers, old base stations in revisions: `R3N`, `R4B`.
  ascom: [
    { ...plain, line: () => 'version' },
    { pattern: /^R(\d{1,4})([A-Z]{1,2})$/, line: () => 'revision' },
  ],
  algo: [plain],
  '2n': [plain],
};

/** Undefined: not a version as this vendor writes them. Never throws, whatever the text. */
export function readFirmware(vendor: Vendor, text: string): FirmwareVersion | undefined {
  if (text.length > mostChars) return undefined;
  for (const { pattern, line, version } of schemes[vendor]) {
    const groups: Groups | undefined = pattern.exec(text.trim())?.slice(1);
    if (groups === undefined) continue;
    return { line: line?.(groups), parts: (version?.(groups) ?? groups).flatMap(partsOf) };
  }
  return undefined;
}

const mostChars = 64;

function partsOf(group = '0'): (number | string)[] {
  return (group.match(/\d+|[A-Za-z]+/g) ?? []).map((part) => (/^\d/.test(part) ? Number(part) : part));
}

/** Whether `a` is older (-1) or newer (1) than `b`; undefined when their lines differ. Missing fields are zero. */
export function orderFirmware(a: FirmwareVersion, b: FirmwareVersion): Order | undefined {
  if (a.line !== undefined && b.line !== undefined && a.line !== b.line) return undefined;
  for (let at = 0; at < Math.max(a.parts.length, b.parts.length); at += 1) {
    const order = orderParts(a.parts[at] ?? 0, b.parts[at] ?? 0);
    if (order !== 0) return order;
  }
  return 0;
}

/** A letter counts more than any number: `PCS22A` without a second letter comes before `PCS22Ab`. */
function orderParts(a: number | string, b: number | string): Order {
  if (a === b) return 0;
  if (typeof a === typeof b) return a < b ? -1 : 1;
  return typeof a === 'number' ? -1 : 1;
}

/** Like {@link orderFirmware}; undefined too when one of them can't be read. */
export function compareFirmware(vendor: Vendor, a: string, b: string): Order | undefined {
  const [first, second] = [readFirmware(vendor, a), readFirmware(vendor, b)];
  return first && second && orderFirmware(first, second);
}
