/** DHCP options by name. Codes and value types from RFC 2132 unless noted; what is not in the table is there as raw bytes. */
import { shapes, type Shapes } from './dhcp-option-shapes.ts';
import type { RawOptions } from './dhcp.ts';
import { formatIpv4 } from './ipv4.ts';

const table = {
  subnetMask: { code: 1, type: 'ipv4' },
  timeOffset: { code: 2, type: 'int32' }, // seconds east of UTC
  routers: { code: 3, type: 'ipv4-list' },
  timeServers: { code: 4, type: 'ipv4-list' }, // RFC 868; NTP's is 42
  nameServers: { code: 5, type: 'ipv4-list' }, // IEN 116; DNS's is 6
  dnsServers: { code: 6, type: 'ipv4-list' },
  logServers: { code: 7, type: 'ipv4-list' },
  hostName: { code: 12, type: 'text' },
  bootFileSize: { code: 13, type: 'uint16' },
  domainName: { code: 15, type: 'text' },
  rootPath: { code: 17, type: 'text' },
  extensionsPath: { code: 18, type: 'text' },
  ipForwarding: { code: 19, type: 'flag' },
  policyFilter: { code: 21, type: 'ipv4-pairs' },
  maxDatagramReassembly: { code: 22, type: 'uint16' },
  defaultIpTtl: { code: 23, type: 'uint8' },
  pathMtuAgingTimeout: { code: 24, type: 'uint32' },
  pathMtuPlateaus: { code: 25, type: 'uint16-list' },
  interfaceMtu: { code: 26, type: 'uint16' },
  broadcastAddress: { code: 28, type: 'ipv4' },
  performRouterDiscovery: { code: 31, type: 'flag' },
  routerSolicitationAddress: { code: 32, type: 'ipv4' },
  staticRoutes: { code: 33, type: 'ipv4-pairs' }, // destination and router; without masks: 121 replaces it
  arpCacheTimeout: { code: 35, type: 'uint32' },
  defaultTcpTtl: { code: 37, type: 'uint8' },
  ntpServers: { code: 42, type: 'ipv4-list' },
  vendorSpecific: { code: 43, type: 'bytes' }, // the vendor's own; often sub-options
  netbiosNameServers: { code: 44, type: 'ipv4-list' },
  netbiosNodeType: { code: 46, type: 'uint8' },
  netbiosScope: { code: 47, type: 'text' },
  requestedAddress: { code: 50, type: 'ipv4' },
  leaseTime: { code: 51, type: 'uint32' },
  messageType: { code: 53, type: 'uint8' },
  serverIdentifier: { code: 54, type: 'ipv4' },
  parameterRequestList: { code: 55, type: 'bytes' },
  message: { code: 56, type: 'text' },
  maxMessageSize: { code: 57, type: 'uint16' },
  renewalTime: { code: 58, type: 'uint32' },
  rebindingTime: { code: 59, type: 'uint32' },
  vendorClass: { code: 60, type: 'bytes' }, // some phones send it binary
  clientIdentifier: { code: 61, type: 'bytes' }, // opaque, RFC 4361's form too
  tftpServerName: { code: 66, type: 'text' },
  bootFileName: { code: 67, type: 'text' },
  smtpServers: { code: 69, type: 'ipv4-list' },
  userClass: { code: 77, type: 'bytes' }, // RFC 3004; senders disagree on its form
  fullyQualifiedName: { code: 81, type: 'bytes' }, // RFC 4702
  relayAgentInformation: { code: 82, type: 'bytes' }, // RFC 3046
  posixTimeZone: { code: 100, type: 'text' }, // RFC 4833
  timeZoneName: { code: 101, type: 'text' }, // RFC 4833
  defaultUrl: { code: 114, type: 'text' }, // Gigaset's; since RFC 8910 a captive portal's
  subnetSelection: { code: 118, type: 'ipv4' }, // RFC 3011
  domainSearch: { code: 119, type: 'domain-list' }, // RFC 3397
  classlessRoutes: { code: 121, type: 'routes' }, // RFC 3442
  vendorIdentifyingClass: { code: 124, type: 'vendor-classes' }, // RFC 3925
  vendorIdentifyingOptions: { code: 125, type: 'vendor-options' }, // RFC 3925
  vlanDiscovery: { code: 128, type: 'text' }, // site-specific, RFC 4578: "VLAN-A=10;"
  vlanId: { code: 132, type: 'text' }, // site-specific, RFC 4578: "10"
  tftpServerAddresses: { code: 150, type: 'ipv4-list' }, // RFC 5859
  provisioningUrl: { code: 160, type: 'text' }, // site-specific, RFC 3942
} as const satisfies Record<string, { code: number; type: keyof Shapes }>;

type Table = typeof table;
export type OptionName = keyof Table;
export type OptionValue<Name extends OptionName> = Shapes[Table[Name]['type']];
export type DhcpOptions = { readonly [Name in OptionName]?: OptionValue<Name> };

/** Option number by name. */
export const optionCode = Object.fromEntries(
  Object.entries(table).map(([name, { code }]) => [name, code]),
) as { readonly [Name in OptionName]: Table[Name]['code'] };

const nameOf = new Map<number, OptionName>(
  Object.entries(table).map(([name, { code }]) => [code, name as OptionName]),
);

/** Undefined when the option is absent. Throws {@link DecodeError} when it can't be of its type. */
export function readOption<Name extends OptionName>(
  options: RawOptions,
  name: Name,
): OptionValue<Name> | undefined {
  const { code, type } = table[name];
  const bytes = options.get(code);
  return bytes && (shapes[type].decode(bytes, code) as OptionValue<Name>);
}

/** All options of the table; others are skipped. Throws like {@link readOption}. */
export function decodeOptions(options: RawOptions): DhcpOptions {
  const named: Record<string, unknown> = {};
  for (const code of options.keys()) {
    const name = nameOf.get(code);
    if (name !== undefined) named[name] = readOption(options, name);
  }
  return named;
}

/** In the order of the object. Throws a RangeError for a value that its type can't hold. */
export function encodeOptions(options: DhcpOptions): Map<number, Uint8Array> {
  return new Map(
    Object.entries(options)
      .filter(([, value]) => value !== undefined)
      .map(([name, value]) => {
        const { code, type } = table[name as OptionName];
        return [code, (shapes[type].encode as (value: unknown) => Uint8Array)(value)] as const;
      }),
  );
}

/** For people: numbers and text as such, addresses and names joined by a comma, anything else as hex. */
export function formatOption(code: number, bytes: Uint8Array): string {
  const name = nameOf.get(code);
  const type = name === undefined ? 'bytes' : table[name].type;
  if (type === 'ipv4' || type === 'ipv4-list') {
    return shapes['ipv4-list'].decode(bytes, code).map(formatIpv4).join(',');
  }
  if (type === 'routes') {
    return shapes.routes
      .decode(bytes, code)
      .map(({ network, prefix, router }) => `${formatIpv4(network)}/${prefix} ${formatIpv4(router)}`)
      .join(',');
  }
  if (type === 'bytes' || type === 'ipv4-pairs' || type === 'vendor-classes' || type === 'vendor-options') {
    return Buffer.from(bytes).toString('hex');
  }
  return String(shapes[type].decode(bytes, code));
}
