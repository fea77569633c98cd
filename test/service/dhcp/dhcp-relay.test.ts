import { assert, asyncProperty, nat } from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { startRelay } from '../../../appliance/dhcp/relay.ts';
import {
  broadcastFlag,
  decodeMessage,
  encodeMessage,
  messageType,
} from '../../../appliance/protocol/dhcp.ts';
import { encodeOptions, type DhcpOptions } from '../../../appliance/protocol/dhcp-options.ts';
import {
  decodeRelayInformation,
  encodeRelayInformation,
} from '../../../appliance/protocol/dhcp-relay-information.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';
import { readRelayedLeases } from '../../../appliance/store/relayed-leases.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { openBeside } from './dhcp-beside.ts';
import { box, clientBytes, yealink, type Answer, type ClientMessage } from './dhcp-site.ts';

const server = '10.9.0.1';
const given = '10.66.0.77';

async function site(relay = '', directory = temporaryDirectory()) {
  const opened = await openBeside(startRelay, {
    directory,
    dhcp: `mode = "relay"\n[dhcp.relay]\nservers = ["${server}", "10.9.0.3"]\n${relay}`,
  });
  onTestFinished(() => opened[Symbol.asyncDispose]());
  return opened;
}

interface ServerSays {
  readonly type?: 'offer' | 'ack' | 'nak';
  readonly options?: DhcpOptions;
  readonly flags?: number;
  readonly ciaddr?: string;
  readonly giaddr?: string;
  readonly xid?: number;
  /** Option 82 as the relay sent it. */
  readonly information?: Uint8Array | undefined;
}

function serverBytes(says: ServerSays = {}): Uint8Array {
  const request = decodeMessage(clientBytes({ type: 'discover', xid: says.xid ?? 7 }));
  return encodeMessage(
    {
      ...request,
      op: 'reply',
      flags: says.flags ?? 0,
      ciaddr: parseIpv4(says.ciaddr ?? '0.0.0.0'),
      yiaddr: says.type === 'nak' ? 0 : parseIpv4(given),
      giaddr: parseIpv4(says.giaddr ?? '10.66.0.1'),
      // With both fields in use no option can be put there.
      sname: Buffer.from('boot'),
      file: Buffer.from('image'),
      options: encodeOptions({
        messageType: messageType[says.type ?? 'offer'],
        serverIdentifier: parseIpv4(server),
        leaseTime: 3600,
        ...says.options,
        ...(says.information && { relayAgentInformation: says.information }),
      }),
    },
    1400,
  ).bytes;
}

const ask = (message: Partial<ClientMessage> = {}) => clientBytes({ type: 'discover', ...message });
const information = ({ options }: Answer) =>
  decodeRelayInformation(options.relayAgentInformation ?? new Uint8Array(0));

test('a request goes to each server with our address and option 82', async () => {
  const { hear } = await site();
  const sent = await hear(ask());
  expect(sent.map(({ to }) => to)).toEqual(['10.9.0.1:67', '10.9.0.3:67']);
  expect(sent[0]).toMatchObject({ type: 'discover', giaddr: '10.66.0.1' });
  expect(sent[0]?.codes.at(-1)).toBe(82);
  const { circuitId, remoteId, linkSelection, serverOverride } = information(sent[0] as Answer);
  expect(Buffer.from(circuitId ?? []).toString()).toBe('lo');
  expect(remoteId).toHaveLength(6);
  expect(linkSelection).toBeUndefined();
  expect(serverOverride).toBe(box);
});

test('an answer comes without our option 82, names us, and tells a phone what the server does not', async () => {
  const { hear } = await site();
  const [request] = await hear(ask());
  const [offer, ...more] = await hear(
    serverBytes({ information: request?.options.relayAgentInformation }),
    server,
  );
  expect(more).toEqual([]);
  expect(offer).toMatchObject({ to: '255.255.255.255:68', type: 'offer', yiaddr: given });
  expect(offer?.options).toMatchObject({
    serverIdentifier: box,
    tftpServerName: 'http://10.66.0.1',
    ntpServers: [box],
    timeOffset: -18_000,
    leaseTime: 3600,
  });
  expect(offer?.codes).not.toContain(82);
});

test.each([
  ['', 'http://theirs/'],
  ['options = "replace"', 'http://10.66.0.1'],
])('with %s what the server tells a phone already is %s', async (relay, url) => {
  const { hear } = await site(relay);
  await hear(ask());
  const [offer] = await hear(serverBytes({ options: { tftpServerName: 'http://theirs/' } }), server);
  expect(offer?.options.tftpServerName).toBe(url);
});

test('a computer is told what the server says and nothing else', async () => {
  const { hear } = await site();
  const mac = '02:11:22:33:44:55';
  await hear(ask({ mac }));
  const bytes = Buffer.from(serverBytes());
  bytes.set(Buffer.from(mac.replaceAll(':', ''), 'hex'), 28);
  const [offer] = await hear(bytes, server);
  expect(offer?.codes).toEqual([53, 54, 51]);
});

test('what finds no room in the client is left out, never what the server sent', async () => {
  const { hear, part } = await site();
  await hear(ask());
  const options = { domainName: 'x'.repeat(250), message: 'y'.repeat(250), hostName: 'z'.repeat(160) };
  const [offer] = await hear(serverBytes({ options }), server);
  expect(offer?.options).toMatchObject(options);
  expect(part.counters()['options_left_out']).toBeGreaterThan(0);
});

test('the server that made an offer is told itself when the client takes it, and no other is asked', async () => {
  const { hear } = await site();
  await hear(ask());
  await hear(serverBytes(), server);
  const options = { requestedAddress: parseIpv4(given), serverIdentifier: box };
  const sent = await hear(ask({ type: 'request', options }));
  expect(sent).toMatchObject([{ to: '10.9.0.1:67', options: { serverIdentifier: parseIpv4(server) } }]);
});

test('after a restart a release still goes to the server that gave the lease, by its own name', async () => {
  const directory = temporaryDirectory();
  const first = await site('', directory);
  await first.hear(ask());
  await first.hear(serverBytes({ type: 'ack' }), server);
  expect(first.kinds()).toContain('relayed');
  await first[Symbol.asyncDispose]();

  const { hear } = await site('', directory);
  const sent = await hear(ask({ type: 'release', ciaddr: given, options: { serverIdentifier: box } }));
  expect(sent).toMatchObject([{ to: '10.9.0.1:67', options: { serverIdentifier: parseIpv4(server) } }]);
});

test('a renewal goes to all servers, and its ACK to the client at its address unless it wants a broadcast', async () => {
  const { hear } = await site();
  const renewal = ask({ type: 'request', ciaddr: given });
  expect(await hear(renewal)).toHaveLength(2);
  const [ack] = await hear(serverBytes({ type: 'ack', ciaddr: given }), server);
  expect(ack).toMatchObject({ to: `${given}:68`, type: 'ack', options: { serverIdentifier: box } });
  const [loud] = await hear(serverBytes({ type: 'ack', ciaddr: given, flags: broadcastFlag }), server);
  expect(loud?.to).toBe('255.255.255.255:68');
});

test('a NAK passes, by broadcast and with nothing added', async () => {
  const { hear } = await site();
  await hear(ask({ type: 'request', ciaddr: given }));
  const [nak] = await hear(serverBytes({ type: 'nak', ciaddr: given }), server);
  expect(nak).toMatchObject({ to: '255.255.255.255:68', type: 'nak', codes: [53, 54, 51] });
});

test('an INFORM passes without option 82, since its answer goes straight to the client', async () => {
  const { hear } = await site();
  const [sent] = await hear(ask({ type: 'inform', ciaddr: given }));
  expect(sent).toMatchObject({ to: '10.9.0.1:67', giaddr: '10.66.0.1', ciaddr: given });
  expect(sent?.codes).not.toContain(82);
});

test('with an address on the uplink servers answer to that and choose the subnet by link selection', async () => {
  const { hear } = await site('uplink = "up"\nuplink_address = "10.9.0.2"');
  const [sent] = await hear(ask());
  expect(sent?.giaddr).toBe('10.9.0.2');
  expect(information(sent as Answer).linkSelection).toBe(box);
});

const foreign = encodeRelayInformation({ circuitId: Buffer.from('port 7') });

test('another relay keeps its address and its option 82, and the answer is its own', async () => {
  const { hear } = await site();
  const [sent] = await hear(ask({ giaddr: '10.70.0.1', options: { relayAgentInformation: foreign } }));
  expect(sent?.giaddr).toBe('10.70.0.1');
  expect(sent?.options.relayAgentInformation).toEqual(Buffer.from(foreign));
  expect(await hear(serverBytes({ giaddr: '10.70.0.1' }), server)).toEqual([]);
});

test('option 82 of a device is dropped, and kept both ways where the settings trust the switch', async () => {
  const strict = await site();
  const bytes = ask({ options: { relayAgentInformation: foreign } });
  expect(await strict.hear(bytes)).toEqual([]);
  expect(strict.part.counters()).toMatchObject({ ignored_untrusted_option_82: 1 });

  const { hear } = await site('trust_option_82 = true');
  const [sent] = await hear(bytes);
  expect(sent).toMatchObject({ giaddr: '10.66.0.1' });
  expect(sent?.codes.filter((code) => code === 82)).toHaveLength(1);
  const [offer] = await hear(serverBytes({ information: foreign }), server);
  expect(offer?.options.relayAgentInformation).toEqual(Buffer.from(foreign));
  expect(offer?.options.serverIdentifier).toBe(parseIpv4(server));
});

test('where a switch says that a client is stays known through renewals, which come past it, and not through a start elsewhere', async () => {
  const { hear, read } = await site('trust_option_82 = true');
  const port = () => read(({ db }) => readRelayedLeases(db).map(({ circuitId }) => circuitId));
  const requestedAddress = parseIpv4(given);
  await hear(ask({ type: 'request', options: { requestedAddress, relayAgentInformation: foreign } }));
  await hear(serverBytes({ type: 'ack', information: foreign }), server);
  const told = port();
  expect(told).toEqual([Buffer.from('port 7').toString('hex')]);
  await hear(ask({ type: 'request', ciaddr: given }));
  await hear(serverBytes({ type: 'ack', ciaddr: given }), server);
  expect(port()).toEqual(told);
  await hear(ask({ type: 'request', options: { requestedAddress } }));
  await hear(serverBytes({ type: 'ack' }), server);
  expect(port()).toEqual([null]);
});

test('what went through us already is not passed on again', async () => {
  const { hear, part } = await site('hop_limit = 2');
  expect(await hear(ask({ giaddr: '10.66.0.1' }))).toEqual([]);
  const [sent] = await hear(ask());
  const own = sent?.options.relayAgentInformation as Uint8Array;
  expect(await hear(ask({ giaddr: '10.70.0.1', options: { relayAgentInformation: own } }))).toEqual([]);
  const tired = Buffer.from(ask());
  tired[3] = 2;
  expect(await hear(tired)).toEqual([]);
  expect(part.counters()).toMatchObject({ ignored_looped: 2, ignored_too_many_hops: 1 });
});

test.each([
  ['from a server that the settings do not name', serverBytes(), '10.9.0.66'],
  ['to nothing that was asked', serverBytes({ xid: 99 }), server],
  ['for another relay', serverBytes({ giaddr: '10.70.0.1' }), server],
])('an answer %s is dropped', async (_title, bytes, from) => {
  const { hear } = await site();
  await hear(ask());
  expect(await hear(bytes, from)).toEqual([]);
});

test('an answer that comes after a minute is dropped', async () => {
  const { hear, clock } = await site();
  await hear(ask());
  await clock.advance(61_000);
  expect(await hear(serverBytes(), server)).toEqual([]);
});

test('servers that answer nobody are told, until one answers', async () => {
  const { hear, part, clock } = await site();
  await hear(ask());
  expect(part.health()).toEqual({ state: 'ok' });
  await clock.advance(31_000);
  expect(part.health()).toMatchObject({ state: 'degraded', reason: expect.stringMatching(/no server of/) });
  await hear(serverBytes(), server);
  expect(part.health()).toEqual({ state: 'ok' });
});

test("a server on the phones' own network is told: its answers pass us by", async () => {
  const { otherServerSays, part } = await site();
  await otherServerSays('10.66.0.9');
  expect(part.health().reason).toMatch(/10\.66\.0\.9\) answers on lo beside this relay/);
});

test('a device that asks without end takes no more than its share', async () => {
  const { hear } = await site();
  let passed = 0;
  for (let asked = 0; asked < 100; asked += 1) passed += (await hear(ask())).length;
  expect(passed).toBe(2 * 20);
});

test('no byte of a request or an answer ends the relay', async () => {
  const { hear, tell, clock } = await site();
  const messages = [
    ask({ options: { relayAgentInformation: foreign } }),
    serverBytes({ information: foreign }),
  ];
  await assert(
    asyncProperty(nat(1), nat(299), nat(255), async (which, at, byte) => {
      const changed = Buffer.from(messages[which] ?? []);
      changed[at] = byte;
      await clock.advance(1000);
      await tell(changed, server);
      await tell(changed.subarray(0, at), server);
    }),
    { numRuns: 400 },
  );
  await clock.advance(60_000);
  expect(await hear(ask({ mac: yealink }))).toHaveLength(2);
});
