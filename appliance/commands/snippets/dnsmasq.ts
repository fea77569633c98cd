/** Configuration for dnsmasq 2.86 and later. Pure. */
import { colonHex, optionValue } from './option-value.ts';
import type { ClassSign, PhoneClass, Snippet } from './phone-classes.ts';
import { introduction } from './words.ts';

export function dnsmasqSnippet(snippet: Snippet): string[] {
  return [
    ...introduction(snippet, {
      comment: '#',
      place:
        'Save as /etc/dnsmasq.d/gatehouse.conf, then `dnsmasq --test` and restart dnsmasq (`systemctl restart dnsmasq`).',
      undo: 'Delete that file and restart dnsmasq.',
      notes: [
        'Only phones match: other devices are answered as before.',
        'dnsmasq ends option 66 with a NUL, whatever is configured; receivers have to drop it (RFC 2132).',
      ],
    }),
    '',
    '# What a device says of itself in option 60 goes before its MAC.',
    ...snippet.classes.flatMap(signLines),
    ...snippet.classes.flatMap(classLines),
  ];
}

function signLines({ id, signs }: PhoneClass): string[] {
  return [
    ...signs.flatMap((sign, at) => signLine(`gh-says-${id}`, sign, at)),
    ...(signs.length === 0 ? [] : [`tag-if=set:gh-says,tag:gh-says-${id}`]),
  ];
}

/** Bytes match at the beginning, text anywhere. */
function signLine(tag: string, { starts, ends }: ClassSign, at: number): string[] {
  if (ends === undefined) return [`dhcp-match=set:${tag},60,${colonHex(starts)}`];
  return [
    `dhcp-match=set:${tag}-starts-${at},60,${colonHex(starts)}`,
    `dhcp-vendorclass=set:${tag}-ends-${at},${Buffer.from(ends).toString('latin1')}`,
    `tag-if=set:${tag},tag:${tag}-starts-${at},tag:${tag}-ends-${at}`,
  ];
}

function classLines({ id, name, signs, ouis, options }: PhoneClass): string[] {
  return [
    '',
    `# ${name}`,
    ...(signs.length === 0 ? [] : [`tag-if=set:gh-${id},tag:gh-says-${id}`]),
    ...ouis.map((oui) => `dhcp-mac=set:gh-mac-${id},${oui}:*:*:*`),
    ...(ouis.length === 0 ? [] : [`tag-if=set:gh-${id},tag:gh-mac-${id},tag:!gh-says`]),
    ...Array.from(options, ([code, bytes]) => optionLine(id, code, bytes)),
  ];
}

/** Forced: sent whether or not the phone asks. */
function optionLine(id: string, code: number, bytes: Uint8Array): string {
  const value = optionValue(code, bytes);
  const start = `dhcp-option-force=tag:gh-${id},${code},`;
  if (value.type === 'addresses') return start + value.value.join(',');
  if (value.type === 'text') return `${start}"${value.value}"`;
  return `${start}${colonHex(bytes)}${value.type === 'number' ? ` # ${value.value}` : ''}`;
}
