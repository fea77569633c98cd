/** What the settings of location may be alone but not beside the others. Pure. */
import { contradiction, type Problem, type Rule } from './problems.ts';
import type { Config } from './schema.ts';
import { parseCidr } from '../protocol/ipv4.ts';
import { parseMac } from '../protocol/mac.ts';

export const locationRules: readonly Rule[] = [
  { keys: ['location.switch'], find: switches },
  { keys: ['location.wiremap'], find: places },
  { keys: ['location.option_82'], find: (config) => config.location.option_82.flatMap(namesNobody) },
  { keys: ['location.option_82'], find: sameTwice },
  { keys: ['location.option_82', 'dhcp.mode', 'dhcp.relay.trust_option_82'], find: unseen },
];

function switches({ location }: Config): Problem[] {
  const agents = location.switch.map(({ address, port }) => `${address}:${port}`);
  const names = location.switch.map(({ name }) => name);
  return location.switch.flatMap((entry, at) => {
    const key = `location.switch[${at}]`;
    const problems: Problem[] = [];
    if (entry.version === '3' && entry.user === undefined) {
      problems.push({
        key: `${key}.user`,
        message: `${key}.user: is missing; SNMP version 3 needs a user name`,
      });
    }
    if (agents.indexOf(`${entry.address}:${entry.port}`) !== at) {
      problems.push(
        contradiction(
          `${key}.address`,
          entry.address,
          'stands in another [[location.switch]] too; name each switch once',
        ),
      );
    }
    if (names.indexOf(entry.name) !== at) {
      problems.push(
        contradiction(
          `${key}.name`,
          entry.name,
          'stands in another [[location.switch]] too; give each its own name',
        ),
      );
    }
    return problems;
  });
}

function places({ location }: Config): Problem[] {
  const first = new Map<string, number>();
  return location.wiremap.flatMap((entry, at) => {
    const key = `location.wiremap[${at}]`;
    for (const name of ['port', 'circuit_id'] as const) {
      if (entry.chassis !== undefined || entry[name] === undefined) continue;
      const advice = 'needs the chassis too: ports of two switches have the same names';
      return [contradiction(`${key}.${name}`, entry[name], advice)];
    }
    if (entry.chassis === undefined && entry.subnet === undefined) {
      return [
        contradiction(
          `${key}.place`,
          entry.place,
          'says where but not what; add chassis and port, or subnet',
        ),
      ];
    }
    const same = [switchPort(entry), circuitOf(entry), subnetOf(entry)].flatMap((what) => {
      const other = what === undefined ? undefined : first.get(what);
      if (what !== undefined && other === undefined) first.set(what, at);
      return other === undefined ? [] : [other];
    });
    if (same.length === 0) return [];
    return [
      contradiction(
        `${key}.place`,
        entry.place,
        `is the same port or subnet as location.wiremap[${same[0]}]; one place for each`,
      ),
    ];
  });
}

type Place = Config['location']['wiremap'][number];

/** An entry with a circuit-id and no port is not the whole switch's. */
function switchPort({ chassis, port = '', circuit_id: id }: Place): string | undefined {
  if (chassis === undefined || (port === '' && id !== undefined)) return undefined;
  return `${parseMac(chassis) ?? chassis} ${parseMac(port) ?? port}`;
}

function circuitOf({ chassis, circuit_id: id }: Place): string | undefined {
  return chassis === undefined || id === undefined
    ? undefined
    : `${parseMac(chassis) ?? chassis} circuit ${id}`;
}

function subnetOf({ subnet }: Place): string | undefined {
  if (subnet === undefined) return undefined;
  const { network, prefix } = parseCidr(subnet);
  return `${network}/${prefix}`;
}

type TrustedRelay = Config['location']['option_82'][number];

function namesNobody({ relay, remote_id: id }: TrustedRelay, at: number): Problem[] {
  if (relay !== undefined || id !== undefined) return [];
  const key = `location.option_82[${at}]`;
  return [{ key, message: `${key}: would believe every device; name the relay, the remote-id, or both` }];
}

function sameTwice({ location }: Config): Problem[] {
  const whose = location.option_82.map(
    ({ relay = '', remote_id: id = '' }) => `${relay} ${parseMac(id) ?? id}`,
  );
  return whose.flatMap((who, at) => {
    if (whose.indexOf(who) === at) return [];
    const key = `location.option_82[${at}]`;
    const message = `${key}: is the same as location.option_82[${whose.indexOf(who)}]; name each once`;
    return [{ key, message }];
  });
}

/** Where DHCP doesn't pass the box, or not with this option, it has nothing to tell. */
function unseen({ dhcp, location }: Config): Problem[] {
  const [first] = location.option_82;
  if (first === undefined || dhcp.mode === 'server') return [];
  if (dhcp.mode !== 'relay') {
    const advice = 'shows the box no option 82; location.option_82 needs "server" or "relay"';
    return [contradiction('dhcp.mode', dhcp.mode, advice)];
  }
  if (!dhcp.relay.trust_option_82) {
    const advice = 'drops all requests with option 82; location.option_82 needs true';
    return [contradiction('dhcp.relay.trust_option_82', false, advice)];
  }
  return location.option_82.flatMap(({ relay }, at) => {
    const advice =
      'with dhcp.mode = "relay" answers to other relays don\'t pass the box; name the remote-id alone';
    return relay === undefined ? [] : [contradiction(`location.option_82[${at}].relay`, relay, advice)];
  });
}
