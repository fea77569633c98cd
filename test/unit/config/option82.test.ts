import { expect, it } from 'vitest';
import { problemsOf } from '../../support/settings-problems.ts';

const site = '[site]\naddress = "10.20.0.1"\n';
const server = '[dhcp]\nmode = "server"\nsubnet = "10.20.0.0/24"\npool = ["10.20.0.100", "10.20.0.199"]\n';
const relay = '[dhcp]\nmode = "relay"\n[dhcp.relay]\nservers = ["10.9.0.1"]\n';

it.each<[string, string, string[]]>([
  [
    'relays and switches behind a server',
    `${server}[[location.option_82]]\nrelay = "10.20.0.2"\n[[location.option_82]]\nremote_id = "access-1"\n[[location.option_82]]\nrelay = "10.20.0.2"\nremote_id = "access-1"\n`,
    [],
  ],
  [
    'a switch before a relay that trusts it',
    `${relay}trust_option_82 = true\n[[location.option_82]]\nremote_id = "access-1"\n`,
    [],
  ],
  [
    'everybody',
    `${server}[[location.option_82]]\nname = "a"\n`,
    ['line 7: location.option_82[0]: would believe every device; name the relay, the remote-id, or both'],
  ],
  [
    'a switch twice, however it is spelled',
    `${server}[[location.option_82]]\nremote_id = "001b54aa0001"\n[[location.option_82]]\nremote_id = "00:1b:54:aa:00:01"\n`,
    ['line 9: location.option_82[1]: is the same as location.option_82[0]; name each once'],
  ],
  [
    'a relay where the box sees no option 82',
    '[dhcp]\nmode = "inform"\n[[location.option_82]]\nrelay = "10.20.0.2"\n',
    [
      'line 4: dhcp.mode = "inform": shows the box no option 82; location.option_82 needs "server" or "relay"',
    ],
  ],
  [
    'a switch whose requests the relay drops',
    `${relay}[[location.option_82]]\nremote_id = "access-1"\n`,
    [
      'line 5: dhcp.relay.trust_option_82 = false: drops all requests with option 82; location.option_82 needs true',
    ],
  ],
  [
    'another relay, whose answers do not pass ours',
    `${relay}trust_option_82 = true\n[[location.option_82]]\nrelay = "10.20.0.2"\n`,
    [
      'line 9: location.option_82[0].relay = "10.20.0.2": with dhcp.mode = "relay" answers to other relays don\'t pass the box; name the remote-id alone',
    ],
  ],
  [
    'a circuit-id without its switch',
    '[[location.wiremap]]\nplace = "room 1"\ncircuit_id = "0004"\n',
    [
      'line 5: location.wiremap[0].circuit_id = "0004": needs the chassis too: ports of two switches have the same names',
    ],
  ],
  [
    'one circuit in two places; it is not the whole switch',
    '[[location.wiremap]]\nplace = "a"\nchassis = "s"\ncircuit_id = "0004"\n[[location.wiremap]]\nplace = "b"\nchassis = "s"\n[[location.wiremap]]\nplace = "c"\nchassis = "s"\nport = "1"\ncircuit_id = "0004"\n',
    [
      'line 11: location.wiremap[2].place = "c": is the same port or subnet as location.wiremap[0]; one place for each',
    ],
  ],
])('%s', (_title, toml, problems) => {
  expect(problemsOf(site + toml)).toEqual(problems);
});
