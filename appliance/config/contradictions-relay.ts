/** What the settings of the DHCP relay may be alone but not beside the others. Pure. */
import { contradiction, type Problem, type Rule } from './problems.ts';
import type { Config } from './schema.ts';

export const relayRules: readonly Rule[] = [
  { keys: ['dhcp.mode', 'dhcp.relay.servers'], find: noServers },
  { keys: ['dhcp.mode', 'dhcp.relay.servers', 'site.address'], find: relayToItself },
  { keys: ['dhcp.mode', 'dhcp.interface', 'dhcp.relay'], find: uplinkAddress },
];

function noServers({ dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'relay' || dhcp.relay.servers.length > 0) return [];
  return [contradiction('dhcp.mode', dhcp.mode, 'needs dhcp.relay.servers too, such as ["10.9.0.1"]')];
}

function relayToItself({ site, dhcp }: Config): Problem[] {
  if (dhcp.mode !== 'relay') return [];
  return dhcp.relay.servers.flatMap((address, at) =>
    address === site.address || address === dhcp.relay.uplink_address
      ? [contradiction(`dhcp.relay.servers[${at}]`, address, "is the box's own address; name the server's")]
      : [],
  );
}

function uplinkAddress({ dhcp }: Config): Problem[] {
  const { uplink, uplink_address: address } = dhcp.relay;
  if (dhcp.mode !== 'relay' || address === undefined) return [];
  if (uplink !== undefined && uplink !== dhcp.interface) return [];
  return [
    contradiction('dhcp.relay.uplink_address', address, 'needs dhcp.relay.uplink too, the card that has it'),
  ];
}
