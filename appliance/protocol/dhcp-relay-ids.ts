/**
 * What switches write into circuit-id and remote-id of option 82. RFC 3046 leaves both to the maker; these are the forms of
 * makers' guides: Cisco's (D-Link, Allied Telesis, H3C and others have it too), and text as Juniper, Huawei, Aruba and Linux write it.
 */
import { latin1Text } from './bytes.ts';
import { formatMac, parseMac } from './mac.ts';

export interface CircuitPort {
  /** As the switch's LLDP would name it where the form says that much; of a form that nobody knows, its hex digits. */
  readonly port: string;
  /** Further spellings of the same port. */
  readonly aliases: readonly string[];
}

/** Cisco: what follows is a value of this type, length and bytes. */
const form = { vlanModulePort: 0, mac: 0, text: 1 } as const;

/**
 * The switch port. Of Cisco's numbers `module/port` is made and no interface name: port 3 is Gi1/0/1 on a Catalyst 3750 and
 * Gi1/0/3 on a 3130. Undefined for no bytes; at most 510 characters, since a sub-option has 255 bytes.
 */
export function circuitPort(bytes: Uint8Array): CircuitPort | undefined {
  if (bytes.length === 0) return undefined;
  const text = relayIdText(bytes);
  if (text !== undefined) return portInText(text);
  if (bytes[0] === form.vlanModulePort && bytes[1] === 4 && bytes.length === 6) {
    return { port: `${bytes[4]}/${bytes[5]}`, aliases: [] };
  }
  return { port: hex(bytes), aliases: [] };
}

/** The switch: a MAC as `00:15:65:aa:bb:cc`, text word for word, or hex digits. Undefined for no bytes. */
export function remoteSwitch(bytes: Uint8Array): string | undefined {
  if (bytes.length === 0) return undefined;
  const text = relayIdText(bytes);
  // Six bytes are a MAC, unless each could stand in a host name: one MAC in four thousand.
  if (text !== undefined && (bytes.length !== 6 || /^[\w.-]+$/.test(text))) return parseMac(text) ?? text;
  if (bytes.length === 6) return formatMac(bytes);
  if (bytes[0] === form.mac && bytes[1] === 6 && bytes.length === 8) return formatMac(bytes.subarray(2));
  return hex(bytes);
}

/** Plain text, or Cisco's with its type and length in front; without the NULs that some end it with. */
export function relayIdText(bytes: Uint8Array): string | undefined {
  const isTyped = bytes[0] === form.text && bytes[1] === bytes.length - 2;
  const text = latin1Text(isTyped ? bytes.subarray(2) : bytes);
  return /^[ -~]+$/.test(text) ? text : undefined;
}

/**
 * `ge-0/0/5.0:VLAN20`, `GigabitEthernet0/0/5:20.0 HUAWEI/0/0`, `access-1:Eth 1/0/5`: of the pieces between colons the one with
 * slashes between its numbers, without the logical unit; all of it where none or several look like that.
 */
function portInText(text: string): CircuitPort {
  const [name, ...others] = text
    .split(':')
    .filter((piece) => /^(?:[a-z][a-z-]* ?)?\d+(?:\/\d+)+(?:\.\d+)?$/i.test(piece));
  if (name === undefined || others.length > 0) return { port: text, aliases: [] };
  const port = name.replace(/\.\d+$/, '');
  return { port, aliases: [...new Set([name, text])].filter((spelling) => spelling !== port) };
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
