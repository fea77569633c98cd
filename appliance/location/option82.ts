/**
 * Option 82 as a witness: whose word counts, and which port it means. Any device can write the option, with any relay's address
 * and any switch's name, so only what the settings name counts. Pure.
 */
import type { LocationConfig } from '../config.ts';
import { circuitPort, remoteSwitch } from '../protocol/dhcp-relay-ids.ts';
import { dashedMac, parseMac } from '../protocol/mac.ts';
import type { HeldAddress } from '../store/address-holders.ts';
import type { Evidence, KnownPhones } from './evidence.ts';
import { isRelayId, isSameId } from './wiremap.ts';

export type TrustedRelay = LocationConfig['option_82'][number];

/** Of each phone's last lease, as long as it holds; `now` for what is seen for the first time. */
export function leaseEvidence(
  { leaseByMac }: Pick<KnownPhones, 'leaseByMac'>,
  trusted: readonly TrustedRelay[],
  now: number,
): Evidence[] {
  if (trusted.length === 0) return [];
  return [...leaseByMac.values()].flatMap((lease) => {
    const entry = trusted.find((relay) => vouchesFor(relay, lease));
    const evidence = entry && evidenceOf(lease, entry, now);
    return evidence === undefined ? [] : [evidence];
  });
}

/** An entry without relay counts on the box's own network alone: a relay elsewhere may pass on what a device there wrote. */
function vouchesFor({ relay, remote_id: named }: TrustedRelay, { giaddr, remoteId }: HeldAddress): boolean {
  if (relay !== giaddr) return false;
  if (named === undefined) return relay !== undefined;
  if (remoteId === undefined) return false;
  const chassis = remoteSwitch(Buffer.from(remoteId.hex, 'hex'));
  return isRelayId(named, remoteId.hex) || (chassis !== undefined && isSameId(named, chassis));
}

function evidenceOf(
  { mac, circuitId, remoteId, giaddr }: HeldAddress,
  { name, chassis: named }: TrustedRelay,
  now: number,
): Evidence | undefined {
  const port = circuitId && circuitPort(Buffer.from(circuitId.hex, 'hex'));
  const ofRemote = remoteId && remoteSwitch(Buffer.from(remoteId.hex, 'hex'));
  const chassis = named ?? ofRemote ?? giaddr;
  if (circuitId === undefined || port === undefined || chassis === undefined) return undefined;
  const chassisMac = parseMac(chassis);
  return {
    mac,
    source: 'option82',
    chassis: chassisMac ?? chassis,
    chassisId: chassisMac === undefined ? chassis : dashedMac(chassisMac),
    port: port.port,
    portId: port.port,
    portAliases: port.aliases,
    circuitId: circuitId.hex,
    ...(name === undefined ? {} : { switchName: name }),
    isUplink: false,
    timeMark: 0,
    since: now,
  };
}
