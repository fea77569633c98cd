/** Our decoders beside tshark, field by field, on every frame of the captures that real lldpd made. */
import { expect, it } from 'vitest';
import { decodeCdp, cdpProtocol, type CdpMessage } from '../../../appliance/protocol/cdp.ts';
import { decodeEthernet } from '../../../appliance/protocol/ethernet.ts';
import { decodeLldp, lldpEtherType, type Lldpdu } from '../../../appliance/protocol/lldp.ts';
import type { Dot3 } from '../../../appliance/protocol/lldp-dot3.ts';
import { idText, networkAddressText } from '../../../appliance/protocol/lldp-id.ts';
import type { Med } from '../../../appliance/protocol/lldp-med.ts';
import { captureNames, framesOf, readFixture } from '../../support/lldp-captures.ts';

type Fields = Record<string, string[]>;

const reference = readFixture('tshark-fields.json') as {
  captures: Record<string, number[]>;
  wordings: Fields[];
};

/** What tshark says and we don't keep: how things were wrapped, and the checksum that we have checked. */
const notKept =
  /^(eth\.dst|cdp\.(checksum|tlv|number_of|protocol|address_length).*|lldp\.(media|ieee\.802_3)\.subtype|lldp\.media\.civic\.length)$/;

for (const capture of captureNames.filter((name) => !name.startsWith('10'))) {
  it(`every frame of ${capture} reads as tshark reads it`, () => {
    const frames = framesOf(capture);
    const wordings = reference.captures[capture] ?? [];
    expect(frames).toHaveLength(wordings.length);
    for (const [at, bytes] of frames.entries()) {
      const wanted = Object.entries(reference.wordings[wordings[at] ?? -1] ?? {}).filter(
        ([name]) => !notKept.test(name),
      );
      const fields = ours(bytes);
      expect({ frame: at + 1, ...fields }).toEqual({ frame: at + 1, ...Object.fromEntries(wanted) });
    }
  });
}

/** In tshark's names and spellings; without fields that are not there. */
function ours(bytes: Uint8Array): Fields {
  const frame = decodeEthernet(bytes);
  const tags = frame.tags.map(({ id, priority, dropEligible }) => ({
    id,
    priority,
    dei: dropEligible ? 1 : 0,
  }));
  const fields: Record<string, (string | number | undefined)[]> = {
    'vlan.id': tags.map(({ id }) => id),
    'vlan.priority': tags.map(({ priority }) => priority),
    'vlan.dei': tags.map(({ dei }) => dei),
    ...(frame.protocol === lldpEtherType ? lldpFields(decodeLldp(frame.payload).lldpdu) : {}),
    ...(frame.protocol === cdpProtocol ? cdpFields(decodeCdp(frame.payload)) : {}),
  };
  const kept = Object.entries(fields).map(
    ([name, values]) => [name, values.filter((value) => value !== undefined).map(String)] as const,
  );
  return Object.fromEntries(kept.filter(([, values]) => values.length > 0));
}

const hex = (value: number | undefined, digits: number) =>
  value === undefined ? undefined : `0x${value.toString(16).padStart(digits, '0')}`;

function lldpFields(lldpdu: Lldpdu): Record<string, (string | number | undefined)[]> {
  const { chassisId, portId, managementAddresses = [] } = lldpdu;
  return {
    'lldp.chassis.subtype': [chassisId.subtype],
    [chassisId.subtype === 4 ? 'lldp.chassis.id.mac' : 'lldp.chassis.id']: [idText('chassis', chassisId)],
    'lldp.port.subtype': [portId.subtype],
    [portId.subtype === 3 ? 'lldp.port.id.mac' : 'lldp.port.id']: [idText('port', portId)],
    'lldp.time_to_live': [lldpdu.ttlSeconds],
    'lldp.port.desc': [lldpdu.portDescription],
    'lldp.tlv.system.name': [lldpdu.systemName],
    'lldp.tlv.system.desc': [lldpdu.systemDescription],
    'lldp.tlv.system_cap': [hex(lldpdu.capabilities?.supported, 4)],
    'lldp.tlv.enable_system_cap': [hex(lldpdu.capabilities?.enabled, 4)],
    'lldp.mgn.address.subtype': managementAddresses.map(({ family }) => family),
    'lldp.mgn.addr.ip4': managementAddresses
      .filter(({ family }) => family === 1)
      .map(({ bytes }) => networkAddressText(1, bytes)),
    'lldp.mgn.addr.ip6': managementAddresses
      .filter(({ family }) => family === 2)
      .map(({ bytes }) => networkAddressText(2, bytes)),
    'lldp.mgn.interface.subtype': managementAddresses.map(({ interfaceSubtype }) => interfaceSubtype),
    'lldp.mgn.interface.number': managementAddresses.map(({ interfaceNumber }) => interfaceNumber),
    ...dot3Fields(lldpdu.dot3 ?? {}),
    ...medFields(lldpdu.med ?? {}),
    ...locationFields(lldpdu.med ?? {}),
  };
}

function dot3Fields({
  linkAggregation,
  macPhy,
  mdiPower,
}: Dot3): Record<string, (string | number | undefined)[]> {
  const at = mdiPower?.at;
  return {
    'lldp.ieee.802_3.aggregation_status': [hex(linkAggregation?.status, 2)],
    'lldp.ieee.802_3.aggregated_port_id': [linkAggregation?.portId],
    'lldp.ieee.802_3.mac_phy_auto_neg_status': [hex(macPhy?.autoNegotiation, 2)],
    'lldp.ieee.802_3.pmd_auto_neg_advertised_caps': [hex(macPhy?.advertised, 4)],
    'lldp.ieee.802_3.pmd_mau_type': [hex(macPhy?.mauType, 4)],
    'lldp.ieee.802_3.mdi_power_support': [hex(mdiPower?.support, 2)],
    'lldp.ieee.802_3.mdi_pse_pair': [mdiPower?.pair],
    'lldp.ieee.802_3.mdi_power_class': [mdiPower?.powerClass],
    'lldp.ieee.802_3.mdi_power_type': [at && at.typeSourcePriority >> 6],
    'lldp.ieee.802_3.mdi_power_source': [at && (at.typeSourcePriority >> 4) & 3],
    'lldp.ieee.802_3.mdi_power_priority': [at && at.typeSourcePriority & 3],
    'lldp.ieee.802_3.mdi_pde_requested': [at?.requested],
    'lldp.ieee.802_3.mdi_pse_allocated': [at?.allocated],
  };
}

function medFields(med: Med): Record<string, (string | number | undefined)[]> {
  const policies = med.networkPolicies ?? [];
  const power = med.extendedPower;
  return {
    'lldp.media.subtype.caps': [hex(med.capabilities?.capabilities, 4)],
    'lldp.media.subtype.class': [med.capabilities?.class],
    'lldp.media.hardware': [med.hardwareRevision],
    'lldp.media.firmware': [med.firmwareRevision],
    'lldp.media.software': [med.softwareRevision],
    'lldp.media.sn': [med.serialNumber],
    'lldp.media.manufacturer': [med.manufacturer],
    'lldp.media.model': [med.model],
    'lldp.media.asset': [med.assetId],
    'lldp.media.app_type': policies.map(({ application }) => application),
    'lldp.media.policy_flag': policies.map(({ isUnknown }) => Number(isUnknown)),
    'lldp.media.tag_flag': policies.map(({ isTagged }) => Number(isTagged)),
    'lldp.media.vlan_id': policies.map(({ vlanId }) => vlanId),
    'lldp.media.l2_prio': policies.map(({ priority }) => priority),
    'lldp.media.dscp': policies.map(({ dscp }) => dscp),
    'lldp.media.power.type': [power?.type],
    'lldp.media.power.source': [power?.source],
    'lldp.media.power.prio': [power?.priority],
    'lldp.media.power.value': [power?.power],
  };
}

/** tshark prints resolution and 34-bit value of a coordinate as one number. */
function fixedPoint(degrees: number, resolution: number): string {
  return String((BigInt(resolution) << 34n) | BigInt.asUintN(34, BigInt(degrees * 2 ** 25)));
}

function locationFields({ locations = [] }: Med): Record<string, (string | number | undefined)[]> {
  const formats = { coordinate: 1, civic: 2, elin: 3 } as const;
  const coordinates = locations.filter((location) => location.format === 'coordinate');
  const civics = locations.filter((location) => location.format === 'civic');
  return {
    'lldp.media.loc.data_format': locations.map(({ format }) => formats[format]),
    'lldp.media.loc.lat_resolution': coordinates.map((at) => at.latitudeResolution),
    'lldp.media.loc.latitude': coordinates.map((at) => fixedPoint(at.latitudeDegrees, at.latitudeResolution)),
    'lldp.media.loc.long_resolution': coordinates.map((at) => at.longitudeResolution),
    'lldp.media.loc.longitude': coordinates.map((at) =>
      fixedPoint(at.longitudeDegrees, at.longitudeResolution),
    ),
    'lldp.media.loc.alt_type': coordinates.map((at) => at.altitudeType),
    'lldp.media.loc.alt_resolution': coordinates.map((at) => at.altitudeResolution),
    'lldp.media.loc.altitude': coordinates.map((at) => at.altitude * 256),
    'lldp.media.loc.datum': coordinates.map((at) => at.datum),
    'lldp.media.civic.what': civics.map(({ what }) => what),
    'lldp.media.civic.country': civics.map(({ country }) => country),
    'lldp.media.civic.type': civics.flatMap(({ elements }) => elements.map(({ type }) => type)),
    'lldp.media.civic.value': civics.flatMap(({ elements }) => elements.map(({ value }) => value)),
    'lldp.media.ecs': locations.filter((location) => location.format === 'elin').map(({ elin }) => elin),
  };
}

function cdpFields(message: CdpMessage): Record<string, (string | number | undefined)[]> {
  return {
    'cdp.version': [message.version],
    'cdp.ttl': [message.ttlSeconds],
    'cdp.deviceid': [message.deviceId],
    'cdp.portid': [message.portId],
    'cdp.software_version': [message.softwareVersion],
    'cdp.platform': [message.platform],
    'cdp.capabilities': [hex(message.capabilities, 8)],
    'cdp.nrgyz.ip_address': message.addresses ?? [],
  };
}
