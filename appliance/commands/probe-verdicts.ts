/** What a DHCP server's answer means for a vendor's phones, in words that say what to change. Pure. */
import { DecodeError, latin1Text } from '../protocol/bytes.ts';
import { optionCode } from '../protocol/dhcp-options.ts';
import { decodeSubOptions } from '../protocol/dhcp-vendor-options.ts';
import type { RawOptions } from '../protocol/dhcp.ts';
import { urlCarrier, vendorName, type Vendor } from '../phones/vendors.ts';
import { urlProblem } from './probe-url.ts';
import { describeOption } from './snippets/option-value.ts';
import type { PhoneClass } from './snippets/phone-classes.ts';

export interface ProbeVerdict {
  readonly state: 'ok' | 'problem';
  /** Whose phones; "other devices" for none. */
  readonly phones: string;
  /** Server that answered; empty when none did. */
  readonly server: string;
  readonly text: string;
}

/** What may carry the URL as it is, besides option 43. */
const plainCodes: readonly number[] = [
  optionCode.tftpServerName,
  optionCode.defaultUrl,
  159,
  optionCode.provisioningUrl,
];
/** What no other device has a use for when it holds a URL. */
const phoneCodes = [optionCode.tftpServerName, optionCode.provisioningUrl] as const;
/** Cisco's default DHCP_Option_To_Use begins 66,160; elsewhere the maker's own option is read first (makers' manuals). */
const readsFirst: Partial<Record<Vendor, number>> = { cisco: optionCode.tftpServerName };

/** One server's answer to one enquiry. `options` are undefined when nobody answered. */
export function probeVerdicts(
  phones: PhoneClass | undefined,
  server: string,
  options: RawOptions | undefined,
): ProbeVerdict[] {
  const name = phones?.name ?? 'other devices';
  const verdict = (state: ProbeVerdict['state'], text: string): ProbeVerdict => ({
    state,
    phones: name,
    server,
    text,
  });
  if (options === undefined) return [verdict('problem', 'no DHCP server offered an address')];
  const problems = phones === undefined ? otherProblems(options) : phoneProblems(phones, options);
  if (problems.length > 0) return problems.map((text) => verdict('problem', text));
  return [verdict('ok', phones === undefined ? 'told nothing of phones' : summary(phones, options))];
}

function otherProblems(options: RawOptions): string[] {
  return phoneCodes
    .filter((code) => /^https?:/i.test(latin1Text(options.get(code) ?? new Uint8Array(0))))
    .map((code) => `option ${code} goes to devices that are no phones too: bind it to the vendors' classes`);
}

function phoneProblems(phones: PhoneClass, options: RawOptions): string[] {
  return [
    ...urlProblems(phones, options),
    ...timeServerProblems(options),
    ...offsetProblems(phones, options),
  ];
}

function urlProblems({ vendor, options: expected }: PhoneClass, options: RawOptions): string[] {
  const codes = expected.has(optionCode.vendorSpecific)
    ? [...plainCodes, optionCode.vendorSpecific]
    : plainCodes;
  const is = urlTexts(vendor, codes, options);
  const wanted = urlTexts(vendor, codes, expected);
  const problems = [...wanted].flatMap(([code, text]) => {
    const told = is.get(code);
    if (told !== undefined) return urlProblem(told, text).map((problem) => `option ${code}: ${problem}`);
    // Inside 43 it stands once more, for phones that look there too.
    if (code === optionCode.vendorSpecific && wanted.size > 1) return [];
    const other = [...is.keys()].find((one) => !wanted.has(one));
    const hint = other === undefined ? '' : `; the server sends option ${other} instead`;
    return [`option ${code} is missing${hint}: it must be ${text}`];
  });
  return [...problems, ...rivalProblems(vendor, is, wanted)];
}

function rivalProblems(vendor: Vendor, is: UrlTexts, wanted: UrlTexts): string[] {
  const before = readsFirst[vendor];
  const [[code, text] = []] = wanted;
  if (before === undefined || code === undefined || text === undefined || wanted.has(before)) return [];
  const rival = is.get(before);
  if (rival === undefined || rival === text) return [];
  return [
    `option ${before} is ${JSON.stringify(rival.slice(0, 200))}, and phones of ${vendorName(vendor)} read it before ${code}: don't send it to them, or send ${text} there too`,
  ];
}

/** By option number. */
type UrlTexts = ReadonlyMap<number, string>;

function urlTexts(vendor: Vendor, codes: readonly number[], options: RawOptions): UrlTexts {
  const { subOption } = urlCarrier(vendor);
  return new Map(
    codes.flatMap((code) => {
      const bytes = options.get(code);
      const carried =
        code === optionCode.vendorSpecific && bytes !== undefined ? insideOf(bytes, subOption) : bytes;
      return carried === undefined ? [] : [[code, latin1Text(carried)] as const];
    }),
  );
}

/** All of it for makers without sub-options; undefined for what other makers put into option 43. */
function insideOf(bytes: Uint8Array, subOption: number | undefined): Uint8Array | undefined {
  if (subOption === undefined) return bytes;
  try {
    return decodeSubOptions(bytes).get(subOption);
  } catch (error) {
    if (error instanceof DecodeError) return undefined;
    throw error;
  }
}

function timeServerProblems(options: RawOptions): string[] {
  const bytes = options.get(optionCode.ntpServers);
  if (bytes === undefined)
    return ['option 42 (time server) is missing: without the time phones refuse certificates'];
  if (bytes.length === 0 || bytes.length % 4 !== 0)
    return [`option 42 has ${bytes.length} bytes: it must be IPv4 addresses, not a name`];
  return [];
}

function offsetProblems({ options: expected }: PhoneClass, options: RawOptions): string[] {
  const bytes = options.get(optionCode.timeOffset);
  const right = Buffer.from(expected.get(optionCode.timeOffset) ?? Buffer.alloc(4)).readInt32BE(0);
  if (bytes === undefined) return [`option 2 (offset from UTC) is missing: it must be ${right}`];
  if (bytes.length !== 4)
    return [`option 2 has ${bytes.length} bytes: it must be the number ${right} in four bytes, not text`];
  const offset = Buffer.from(bytes).readInt32BE(0);
  if (offset === right) return [];
  const hint =
    offset === -right
      ? ' (the sign is wrong)'
      : Math.abs(offset - right) === 3600
        ? ' (daylight saving?)'
        : '';
  return [`option 2 is ${offset}, an hour of ${hours(offset)}: it must be ${right}, ${hours(right)}${hint}`];
}

function summary({ vendor }: PhoneClass, options: RawOptions): string {
  const urls = Array.from(urlTexts(vendor, plainCodes, options), ([code, text]) => `${code} = ${text}`);
  const times = [optionCode.ntpServers, optionCode.timeOffset].map(
    (code) => `${code} = ${describeOption(code, options.get(code) ?? new Uint8Array(0))}`,
  );
  return [...urls, ...times].join(', ');
}

/** `UTC-05:00` */
function hours(seconds: number): string {
  const minutes = Math.round(Math.abs(seconds) / 60);
  return `UTC${seconds < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
