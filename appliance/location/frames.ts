/** A captured frame as a neighbour's words: LLDP and CDP alike. */
import { DecodeError } from '../protocol/bytes.ts';
import { cdpDestination, cdpProtocol, decodeCdp } from '../protocol/cdp.ts';
import { decodeEthernet, type EthernetFrame } from '../protocol/ethernet.ts';
import {
  bridgeCapability,
  decodeLldp,
  lldpDestinations,
  lldpEtherType,
  telephoneCapability,
} from '../protocol/lldp.ts';
import type { Lldpdu } from '../protocol/lldp.ts';
import { chassisSubtype, idMac, idText, networkAddressText, portSubtype } from '../protocol/lldp-id.ts';
import { medClass } from '../protocol/lldp-med.ts';
import { macInText } from './wiremap.ts';
import type { Neighbor } from '../store/neighbors.ts';

/** What one frame says; when it was heard and until when it holds is added by the table. */
export interface Heard {
  readonly ttlSeconds: number;
  readonly neighbor: Omit<Neighbor, 'interface' | 'firstHeardAt' | 'heardAt' | 'expiresAt'>;
  /** TLVs that were broken, repeated or too many; the rest was good. */
  readonly droppedTlvs: number;
}

/** One row a protocol: which frames are its own, and how they are read. */
const protocols: readonly {
  readonly isOurs: (frame: EthernetFrame) => boolean;
  readonly read: (frame: EthernetFrame) => Heard;
}[] = [
  {
    isOurs: (frame) => frame.protocol === lldpEtherType && Object.hasOwn(lldpDestinations, frame.destination),
    read: heardLldp,
  },
  {
    isOurs: (frame) => frame.protocol === cdpProtocol && frame.destination === cdpDestination,
    read: heardCdp,
  },
];

/** Throws {@link DecodeError} for anything but a good LLDP or CDP frame to its own group address. */
export function decodeNeighborFrame(bytes: Uint8Array): Heard {
  const frame = decodeEthernet(bytes);
  const protocol = protocols.find(({ isOurs }) => isOurs(frame));
  if (protocol === undefined)
    throw new DecodeError(`neither LLDP nor CDP: ${frame.protocol} to ${frame.destination}`);
  return protocol.read(frame);
}

function heardLldp(frame: EthernetFrame): Heard {
  const { lldpdu, notes } = decodeLldp(frame.payload);
  const mac = idMac('port', lldpdu.portId) ?? idMac('chassis', lldpdu.chassisId);
  const { isBridge, isPhone } = roles(lldpdu);
  return {
    ttlSeconds: lldpdu.ttlSeconds,
    droppedTlvs: notes.malformed + notes.surplus,
    neighbor: {
      protocol: 'lldp',
      chassisSubtype: lldpdu.chassisId.subtype,
      chassis: idText('chassis', lldpdu.chassisId),
      portSubtype: lldpdu.portId.subtype,
      port: idText('port', lldpdu.portId),
      isBridge,
      isPhone,
      scope: frame.destination,
      ...given('mac', mac ?? macInText(idText('port', lldpdu.portId)) ?? macInText(lldpdu.systemName ?? '')),
      ...given('systemName', lldpdu.systemName),
      ...given('portDescription', lldpdu.portDescription),
      ...given('systemDescription', lldpdu.systemDescription),
      ...given('managementAddress', firstAddress(lldpdu)),
      ...given('vlan', frame.tags[0]?.id),
    },
  };
}

function firstAddress({ managementAddresses }: Lldpdu): string | undefined {
  const first = managementAddresses?.[0];
  return first && networkAddressText(first.family, first.bytes);
}

/** A phone with a PC port bridges too: whoever says "telephone" is a phone. */
function roles({ capabilities, med }: Lldpdu): { isBridge: boolean; isPhone: boolean } {
  const enabled = capabilities?.enabled ?? 0;
  const deviceClass = med?.capabilities?.class;
  const isPhone = (enabled & telephoneCapability) !== 0 || deviceClass === medClass.communication;
  return {
    isPhone,
    isBridge: !isPhone && ((enabled & bridgeCapability) !== 0 || deviceClass === medClass.connectivity),
  };
}

/** CDP capability bits. */
const [cdpBridges, cdpPhone] = [0x02 | 0x04 | 0x08, 0x80];

function heardCdp(frame: EthernetFrame): Heard {
  const message = decodeCdp(frame.payload);
  const capabilities = message.capabilities ?? 0;
  const isPhone = (capabilities & cdpPhone) !== 0;
  return {
    ttlSeconds: message.ttlSeconds,
    droppedTlvs: 0,
    neighbor: {
      protocol: 'cdp',
      chassisSubtype: chassisSubtype.local,
      chassis: message.deviceId ?? '',
      portSubtype: portSubtype.ifName,
      port: message.portId ?? '',
      isBridge: !isPhone && (capabilities & cdpBridges) !== 0,
      isPhone,
      scope: frame.destination,
      ...given('mac', macInText(message.deviceId ?? '')),
      ...given('systemName', message.systemName ?? message.deviceId),
      ...given('systemDescription', message.softwareVersion),
      ...given('managementAddress', message.addresses?.[0]),
      ...given('vlan', frame.tags[0]?.id),
    },
  };
}

function given<Name extends string, Value>(name: Name, value: Value | undefined): { [K in Name]?: Value } {
  return (value === undefined ? {} : { [name]: value }) as { [K in Name]?: Value };
}
