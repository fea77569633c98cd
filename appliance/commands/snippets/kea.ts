/** Configuration for Kea DHCPv4 2.2 and later. Pure. */
import { hexDigits, optionValue } from './option-value.ts';
import type { ClassSign, PhoneClass, Snippet } from './phone-classes.ts';
import { introduction } from './words.ts';

/** Kea knows the standard options by itself; these are site-specific (RFC 3942). */
const firstSiteSpecific = 128;
const says = 'gatehouse-says';

export function keaSnippet(snippet: Snippet): string[] {
  const codes = new Set(snippet.classes.flatMap(({ options }) => [...options.keys()]));
  const definitions = [...codes]
    .filter((code) => code >= firstSiteSpecific)
    .map((code) => ({ name: `gatehouse-${code}`, code, type: 'string', space: 'dhcp4' }));
  const signs = snippet.classes.flatMap((one) => one.signs);
  const classes = [{ name: says, test: any(signs.map(signTest)) }, ...snippet.classes.map(clientClass)];
  return [
    ...introduction(snippet, {
      comment: '//',
      place:
        'Save as /etc/kea/gatehouse.json, and put the line  <?include "/etc/kea/gatehouse.json"?>,  (with its comma) directly after  "Dhcp4": {  in kea-dhcp4.conf. Then `kea-dhcp4 -t` and restart it. Where the file has "option-def" or "client-classes" already, add the entries below to those lists instead.',
      undo: 'Delete that line and the file, and restart Kea.',
      notes: [
        'Only phones match: other devices are answered as before.',
        'A subnet or pool that sets one of these options itself wins over these classes: remove it there.',
      ],
    }),
    `"option-def": ${JSON.stringify(definitions, undefined, 2)},`,
    `"client-classes": ${JSON.stringify(classes, undefined, 2)}`,
  ];
}

function clientClass({ id, signs, ouis, options }: PhoneClass) {
  const byMac = ouis.map((oui) => `substring(pkt4.mac, 0, 3) == 0x${oui.replaceAll(':', '')}`);
  // What a device says of itself in option 60 goes before its MAC.
  const fallback = byMac.length === 0 ? [] : [`(not member('${says}') and (${any(byMac)}))`];
  return {
    name: `gatehouse-${id}`,
    test: any([...signs.map(signTest), ...fallback]),
    'option-data': Array.from(options, ([code, bytes]) => optionData(code, bytes)),
  };
}

function any(alternatives: readonly string[]): string {
  return alternatives.join(' or ');
}

/** Some phones end their class with a NUL. */
function signTest({ starts, ends }: ClassSign): string {
  const begins = `substring(option[60].hex, 0, ${starts.length}) == 0x${hexDigits(starts)}`;
  if (ends === undefined) return `(${begins})`;
  const plain = `substring(option[60].hex, -${ends.length}, all) == 0x${hexDigits(ends)}`;
  const withNul = `substring(option[60].hex, -${ends.length + 1}, all) == 0x${hexDigits(ends)}00`;
  return `((${begins}) and (${plain} or ${withNul}))`;
}

/** Sent whether or not the phone asks. */
function optionData(code: number, bytes: Uint8Array) {
  const value = optionValue(code, bytes);
  const data =
    value.type === 'bytes'
      ? { 'csv-format': false, data: hexDigits(bytes) }
      : { data: value.type === 'addresses' ? value.value.join(', ') : String(value.value) };
  return { code, space: 'dhcp4', ...data, 'always-send': true };
}
