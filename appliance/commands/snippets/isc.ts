/** Configuration for ISC dhcpd 4. Pure. */
import { colonHex, describeOption, hexDigits, optionValue } from './option-value.ts';
import type { ClassSign, PhoneClass, Snippet } from './phone-classes.ts';
import { introduction } from './words.ts';

/** Names that dhcpd has by itself. */
const knownNames = new Map([
  [2, 'time-offset'],
  [42, 'ntp-servers'],
  [43, 'vendor-encapsulated-options'],
  [66, 'tftp-server-name'],
  [67, 'bootfile-name'],
]);

export function iscSnippet(snippet: Snippet): string[] {
  const codes = new Set(snippet.classes.flatMap(({ options }) => [...options.keys()]));
  const defined = [...codes].filter((code) => !knownNames.has(code));
  return [
    ...introduction(snippet, {
      comment: '#',
      place:
        'Save as /etc/dhcp/gatehouse.conf, add the line  include "/etc/dhcp/gatehouse.conf";  at the top of dhcpd.conf, outside every subnet, then `dhcpd -t` and restart it.',
      undo: 'Delete the include line and the file, and restart dhcpd.',
      notes: ['Only phones match: other devices are answered as before.'],
    }),
    '',
    ...defined.map((code) => `option ${optionName(code)} code ${code} = text;`),
    ...snippet.classes.flatMap((one) => classLines(one, snippet)),
  ];
}

function classLines({ id, name, signs, ouis, options }: PhoneClass, { classes }: Snippet): string[] {
  const others = classes.flatMap((other) => (other.id === id ? [] : other.signs)).map(signTest);
  const byMac = ouis.map((oui) => `substring(hardware, 0, 4) = 01:${oui}`);
  return [
    '',
    `# ${name}`,
    `class "gatehouse-${id}" {`,
    // What a device says of itself in option 60 goes before its MAC.
    ...test([
      ...signs.map(signTest),
      ...(byMac.length === 0 ? [] : [`((${any(byMac)}) and not (${any(others)}))`]),
    ]),
    // dhcpd sends what is on this list, whether or not the phone asks.
    `  option dhcp-parameter-request-list = concat(option dhcp-parameter-request-list, ${colonHex(Uint8Array.from(options.keys()))});`,
    ...Array.from(options, ([code, bytes]) => optionLine(code, bytes)),
    '}',
  ];
}

function test(alternatives: readonly string[]): string[] {
  return [`  match if ${any(alternatives)};`];
}

function any(alternatives: readonly string[]): string {
  return alternatives.join('\n    or ');
}

/** Some phones end their class with a NUL. */
function signTest({ starts, ends }: ClassSign): string {
  const begins = `substring(option vendor-class-identifier, 0, ${starts.length}) = ${colonHex(starts)}`;
  if (ends === undefined) return begins;
  const plain = `suffix(option vendor-class-identifier, ${ends.length}) = ${colonHex(ends)}`;
  const withNul = `suffix(option vendor-class-identifier, ${ends.length + 1}) = ${colonHex(ends)}:00`;
  return `(${begins} and (${plain} or ${withNul}))`;
}

function optionName(code: number): string {
  return knownNames.get(code) ?? `gatehouse-${code}`;
}

function optionLine(code: number, bytes: Uint8Array): string {
  const value = optionValue(code, bytes);
  const start = `  option ${optionName(code)} `;
  if (value.type === 'addresses') return `${start}${value.value.join(', ')};`;
  if (value.type === 'number') return `${start}${value.value};`;
  if (value.type === 'text') return `${start}"${value.value}";`;
  return `${start}= ${hexDigits(bytes) === '' ? '""' : colonHex(bytes)}; # ${describeOption(code, bytes)}`;
}
