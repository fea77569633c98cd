/** Strict readers of what is printed for dnsmasq, Kea, ISC dhcpd and IOS: each line has a known form, or they throw. */

/** Class to option number to value as hex digits. */
export type Told = Readonly<Record<string, Readonly<Record<number, string>>>>;

const bytes = String.raw`[0-9a-f]{2}(?::[0-9a-f]{2})*`;
const id = String.raw`[a-z0-9-]+`;
/** A comment holds no control character and no line end of any kind. */
const comment = (start: string) => new RegExp(String.raw`^${start} [^\p{Cc}\u2028\u2029]*$`, 'u');

export function readDnsmasq(print: string): Told {
  const told = new Reading();
  const silent = [
    comment('#'),
    new RegExp(`^dhcp-match=set:${id},60,${bytes}$`),
    new RegExp(`^dhcp-vendorclass=set:${id},[\\w-]+$`),
    new RegExp(`^dhcp-mac=set:${id},${bytes}:\\*:\\*:\\*$`),
    new RegExp(`^tag-if=set:${id}(?:,tag:!?${id})+$`),
  ];
  for (const line of print.split('\n')) {
    if (line === '' || silent.some((form) => form.test(line))) continue;
    const [, name = '', code = '', value = ''] =
      /^dhcp-option-force=tag:gh-([a-z0-9-]+),(\d+),(.+?)(?: # -?\d+)?$/.exec(line) ?? refuse(line);
    told.add(name, code, value);
  }
  return told.found;
}

export function readIsc(print: string): Told {
  const told = new Reading();
  const test = String.raw`(?:substring|suffix)\((?:option vendor-class-identifier|hardware), \d+(?:, \d+)?\) = ${bytes}`;
  const silent = [
    comment('#'),
    /^option gatehouse-\d+ code \d+ = text;$/,
    /^\}$/,
    new RegExp(`^ +(?:match if|or) (?:[()]|and not|and|or| |${test})+;?$`),
    new RegExp(
      `^  option dhcp-parameter-request-list = concat\\(option dhcp-parameter-request-list, ${bytes}\\);$`,
    ),
  ];
  const codes: Record<string, number> = {
    'tftp-server-name': 66,
    'ntp-servers': 42,
    'time-offset': 2,
    'vendor-encapsulated-options': 43,
  };
  let name = '';
  for (const line of print.split('\n')) {
    if (line === '' || silent.some((form) => form.test(line))) continue;
    const opened = /^class "gatehouse-([a-z0-9-]+)" \{$/.exec(line)?.[1];
    if (opened !== undefined) name = opened;
    else {
      const [, option = '', value = ''] =
        /^ {2}option ([a-z0-9-]+) (?:= )?(.+);(?: # [0-9a-f]*)?$/.exec(line) ?? refuse(line);
      told.add(name, codes[option] ?? option.replace('gatehouse-', ''), value);
    }
  }
  return told.found;
}

export function readIos(print: string): Told {
  const told = new Reading();
  let name = '';
  for (const line of print.split('\n')) {
    if (line === '!' || comment('!').test(line)) continue;
    if (line.length > 254) throw new Error(`IOS takes no line of ${line.length} characters`);
    const opened = /^ip dhcp pool GATEHOUSE-([A-Z0-9-]+)$/.exec(line)?.[1];
    if (opened !== undefined) name = opened.toLowerCase();
    else {
      const [, code = '', kind = '', value = ''] =
        /^ option (\d+) (ascii|ip|hex) ("[^"?\\\p{Cc}]+"|[\d. ]+|(?:[0-9a-f]{2})+)$/u.exec(line) ??
        refuse(line);
      told.add(
        name,
        code,
        kind === 'hex' ? value.replace(/..(?=.)/g, '$&:') : value.replaceAll(' ', kind === 'ip' ? ',' : ' '),
      );
    }
  }
  return told.found;
}

interface KeaFragment {
  readonly 'client-classes': readonly {
    name: string;
    'option-data'?: readonly { code: number; data: string; 'csv-format'?: boolean }[];
  }[];
}

export function readKea(print: string): Told {
  const told = new Reading();
  const json = print
    .split('\n')
    .filter((line) => !comment('//').test(line))
    .join('\n');
  const { 'client-classes': classes } = JSON.parse(`{${json}}`) as KeaFragment;
  for (const { name, 'option-data': options = [] } of classes) {
    for (const { code, data, 'csv-format': isText } of options) {
      const isNumber = code === 2 || code === 42;
      const value =
        isText === false
          ? data.replace(/..(?=.)/g, '$&:')
          : isNumber
            ? data.replaceAll(', ', ',')
            : `"${data}"`;
      if (isText !== false && /[\\,]/.test(data) && code !== 42) refuse(data);
      told.add(name.replace('gatehouse-', ''), code, value);
    }
  }
  return told.found;
}

function refuse(line: string): never {
  throw new Error(`this line has no form that we know: ${JSON.stringify(line)}`);
}

class Reading {
  readonly found: Record<string, Record<number, string>> = {};

  /** Quoted text, addresses, a number (option 2), or bytes joined by colons. */
  add(name: string, code: string | number, value: string): void {
    (this.found[name] ??= {})[Number(code)] = valueHex(value);
  }
}

function valueHex(value: string): string {
  const text = /^"([^"\\\p{Cc}]*)"$/u.exec(value)?.[1];
  if (text !== undefined) return Buffer.from(text, 'latin1').toString('hex');
  if (/^\d+(?:\.\d+){3}(?:, ?\d+(?:\.\d+){3})*$/.test(value))
    return Buffer.from(value.split(/[.,] ?/).map(Number)).toString('hex');
  if (new RegExp(`^${bytes}$`).test(value) && (value.includes(':') || value.length === 2))
    return value.replaceAll(':', '');
  if (!/^-?\d+$/.test(value)) refuse(value);
  const number = Buffer.alloc(4);
  number.writeInt32BE(Number(value));
  return number.toString('hex');
}
