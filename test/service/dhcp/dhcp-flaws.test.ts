import { describe, expect, onTestFinished, test } from 'vitest';
import { startInform } from '../../../appliance/dhcp/inform.ts';
import { startRelay } from '../../../appliance/dhcp/relay.ts';
import { decodeMessage, encodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { optionCode } from '../../../appliance/protocol/dhcp-options.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openBeside } from './dhcp-beside.ts';
import { boot, box, clientBytes, openDhcpSite, yealink, type ClientMessage } from './dhcp-site.ts';

/** Of no option's length, and no sub-options either: each names more bytes than there are. */
const flaws = ['', 'ffffffffff'];
/** What the message is (53), and which network's address is wanted (118): nobody is served by a guess. */
const needed = [optionCode.messageType, optionCode.subnetSelection];
const named = [optionCode.requestedAddress, optionCode.serverIdentifier];
const codes = [12, 43, 50, 53, 54, 55, 57, 60, 77, 81, 82, 93, 97, 118, 119, 121, 124, 125, 160, 254];

/** What a client says, with one option more that nobody can read. */
function flawed(message: ClientMessage, code: number, hex: string): Uint8Array {
  const { options, ...rest } = decodeMessage(clientBytes(message));
  const all = new Map([...options, [code, Buffer.from(hex, 'hex')] as const]);
  return encodeMessage({ ...rest, options: all }).bytes;
}

async function server(settings = '') {
  const site = await openDhcpSite(temporaryDirectory(), settings);
  onTestFinished(() => site[Symbol.asyncDispose]());
  /** Codes whose flaw leaves the client without an answer. */
  const unanswered = async (message: ClientMessage, but: readonly number[] = []) => {
    const silent = new Set<number>();
    for (const code of codes.filter((one) => !but.includes(one))) {
      for (const hex of flaws) {
        const answers = await site.raw(flawed(message, code, hex));
        if (answers.length !== 1 || answers[0]?.type === 'nak') silent.add(code);
        await site.clock.advance(10_000);
      }
    }
    return [...silent];
  };
  return { ...site, unanswered };
}

test('a client whose option nobody can read gets its answer where that does without', async () => {
  const site = await server();
  const ip = await boot(site);
  const asked = { requestedAddress: parseIpv4(ip), serverIdentifier: box };
  expect(await site.unanswered({ type: 'discover' })).toEqual(needed);
  expect(await site.unanswered({ type: 'request', options: asked }, named)).toEqual(needed);
  expect(await site.unanswered({ type: 'request', ciaddr: ip })).toEqual(needed);
  expect(await site.unanswered({ type: 'inform', ciaddr: ip })).toEqual(needed);
});

test('nobody takes, gives back or declines an address with a server or an address that nobody can read', async () => {
  const site = await server('authoritative = true');
  const ip = await boot(site);
  const asked = { requestedAddress: parseIpv4(ip), serverIdentifier: box };
  for (const code of named) {
    expect(await site.raw(flawed({ type: 'request', options: asked }, code, 'ff'))).toEqual([]);
    await site.raw(flawed({ type: 'decline', options: asked }, code, 'ff'));
    await site.raw(flawed({ type: 'release', ciaddr: ip }, code, 'ff'));
  }
  expect(site.leases()).toMatchObject([{ ip, state: 'bound' }]);
  expect(site.part.counters()).toMatchObject({ malformed: 6 });
});

describe('an option 82 whose sub-options break off', () => {
  const broken = '0106000400010102028000';

  test('goes back as it came, without a place in the lease, counted and told', async () => {
    const site = await server();
    const [offer] = await site.raw(flawed({ type: 'discover', giaddr: '10.66.0.200' }, 82, broken));
    expect(offer).toMatchObject({ type: 'offer', to: '10.66.0.200:67' });
    const options = { requestedAddress: parseIpv4(offer?.yiaddr ?? ''), serverIdentifier: box };
    const [ack] = await site.raw(flawed({ type: 'request', giaddr: '10.66.0.200', options }, 82, broken));
    for (const answer of [offer, ack]) {
      expect(answer?.options.relayAgentInformation).toEqual(Buffer.from(broken, 'hex'));
      expect(answer?.codes.at(-1)).toBe(82);
    }
    expect(site.leases()).toMatchObject([{ mac: yealink, giaddr: '10.66.0.200' }]);
    expect(site.leases()[0]).not.toHaveProperty('circuitId');
    expect(site.part.counters()).toMatchObject({ options_unreadable: 2 });
    expect(site.part.counters()['malformed']).toBeUndefined();
    expect(site.journal().filter(({ kind }) => kind === 'unreadable')).toMatchObject([
      { mac: yealink, body: { option: 82 } },
    ]);
  });

  test('of a relay that names another network in it gets no address: it would be of another network', async () => {
    const site = await server();
    const message = { type: 'discover', giaddr: '10.66.0.200' } as const;
    expect(await site.raw(flawed(message, 82, '05030a4200'))).toEqual([]);
    expect(await site.raw(flawed(message, 82, '01020a0b05ff0a4200'))).toEqual([]);
    expect(site.part.counters()).toMatchObject({ ignored_other_subnet: 2, options_unreadable: 2 });
    // A switch's own word about networks counts for nothing.
    expect(await site.raw(flawed({ type: 'discover' }, 82, '05030a4200'))).toMatchObject([{ type: 'offer' }]);
  });

  test('costs a phone neither the answer to its INFORM nor its way through our relay', async () => {
    const beside = { directory: temporaryDirectory(), dhcp: 'mode = "inform"' };
    await using inform = await openBeside(startInform, beside);
    const asked = flawed({ type: 'inform', ciaddr: '10.66.0.50' }, 82, broken);
    expect(await inform.hear(asked)).toMatchObject([{ type: 'ack' }]);
    expect(inform.part.counters()).toMatchObject({ options_unreadable: 1 });
    expect(inform.kinds()).toContain('unreadable');

    const through = {
      directory: temporaryDirectory(),
      dhcp: 'mode = "relay"\n[dhcp.relay]\nservers = ["10.9.0.1"]\ntrust_option_82 = true',
    };
    await using relay = await openBeside(startRelay, through);
    for (const giaddr of ['0.0.0.0', '10.70.0.1']) {
      const [sent] = await relay.hear(flawed({ type: 'discover', giaddr }, 82, broken));
      expect(sent?.options.relayAgentInformation).toEqual(Buffer.from(broken, 'hex'));
    }
    expect(relay.part.counters()).toMatchObject({ options_unreadable: 2 });
  });
});
