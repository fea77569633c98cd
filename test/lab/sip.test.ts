/** Registrations and calls of real phones (baresip) through the box to a real registrar (Kamailio), seen from outside. */
import { writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Baresip } from '../support/baresip.ts';
import { ladderPcap } from '../../appliance/store/ladder-pcap.ts';
import { readLadder } from '../../appliance/store/ladders.ts';
import { verdictOn } from '../../appliance/store/quality-words.ts';
import { startCapture } from '../support/capture.ts';
import { run, until } from '../support/command.ts';
import { missing } from '../support/refusal.ts';
import { countRtp } from '../support/rtp-counter.ts';
import { accounts, openSipLab, registrar, type SipLab } from '../support/sip-lab.ts';
import { toneShare } from '../support/tone.ts';
import { rtpStreams } from '../support/tshark-streams.ts';

let site: SipLab;
let phones: Baresip[];
let remote: Baresip;

const settings =
  '[provisioning]\nallow_cleartext = ["other", "yealink", "poly", "cisco", "snom"]\n[sip]\nlocal_expires_tcp_seconds = 6\n[rtp]\nkernel_path = "off"\n';

beforeAll(async () => {
  site = await openSipLab({ phones: 2 });
  await site.startBox(['rtp', 'sip'], settings);
  phones = [await site.startPhone(0), await site.startPhone(1)];
  remote = await site.startRemote();
  for (const phone of [...phones, remote]) await phone.registered();
});

afterAll(() => site[Symbol.asyncDispose]());

function phone(at: number): Baresip {
  const found = phones[at];
  if (found === undefined) throw new Error(`no phone ${at}`);
  return found;
}

const talkMs = 1500;
const talkPackets = 75;
/** A packet every 20 ms; the first and the last few may fall beside the call. */
const leastPackets = 60;

async function dial(from: Baresip, to: Baresip, user: string): Promise<void> {
  const [here, there] = [from.events.length, to.events.length];
  await from.command('dial', `sip:${user}@${registrar}`);
  await Promise.all([
    from.waitFor('CALL_ESTABLISHED', { since: here }),
    to.waitFor('CALL_ESTABLISHED', { since: there }),
  ]);
}

async function hangUp(by: Baresip, other: Baresip): Promise<void> {
  const since = other.events.length;
  const before = [by.finished.length, other.finished.length];
  await by.command('hangup');
  await other.waitFor('CALL_CLOSED', { since });
  const isCounted = () =>
    (by.finished.length > (before[0] ?? 0) && other.finished.length > (before[1] ?? 0)) || undefined;
  await until('both phones to have counted', isCounted, { timeoutMs: 5000, everyMs: 20 });
}

async function lastCall() {
  return await until(
    'the call to be written down as ended',
    () => site.calls().find(({ state }, at) => at === 0 && state === 'ended'),
    {
      timeoutMs: 5000,
      everyMs: 50,
    },
  );
}

const connections = (user: string) =>
  new Set(
    site.kamailio.seen
      .filter(({ fromUser, method }) => fromUser === user && method === 'REGISTER')
      .map(({ connection }) => connection),
  );

const registrations = () =>
  site.kamailio.seen.filter(({ what, fromUser }) => what === 'registered' && fromUser === '1001').length;

it('the registrar sees each phone register with its own digest over a TLS connection of its own', async () => {
  for (const { user } of accounts.slice(0, 2)) {
    const seen = await site.kamailio.waitFor(
      `${user} to be registered`,
      ({ what, fromUser }) => what === 'registered' && fromUser === user,
    );
    expect(seen).toMatchObject({
      protocol: 'tls',
      credentials: 'Digest',
      userAgent: expect.stringContaining('baresip') as string,
    });
    expect(seen.requestUri).toContain(registrar);
    expect(seen.from).toMatch(/^192\.0\.2\.2:/);
    expect(seen.contact, 'ours, and not to be guessed').toMatch(
      /^<sip:[0-9a-f]{32}@192\.0\.2\.2:\d+;transport=tls>/,
    );
  }
  expect(connections('1001').size).toBe(1);
  expect(connections('1002').size).toBe(1);
  expect(connections('1001')).not.toEqual(connections('1002'));
});

it('refreshes are answered by the box while the registrar still knows the phone', async () => {
  const before = { upstream: registrations(), local: phone(0).events.length };
  await phone(0).waitFor('REGISTER_OK', { since: before.local });
  await phone(0).waitFor('REGISTER_OK', { since: phone(0).events.length });
  expect(registrations()).toBe(before.upstream);
});

it('a phone calls out, both hear RTP, the phone hangs up', async () => {
  const [phoneSide, farSide] = [await countRtp(site.phones[0] ?? site.box), await countRtp(site.remote)];
  await dial(phone(0), remote, '4930555');
  const isHeardByBoth = async () =>
    [await phoneSide(), await farSide()].every(({ heard }) => heard > talkPackets) || undefined;
  await until('both to have heard enough', isHeardByBoth, { timeoutMs: 20_000, everyMs: 100 });
  await hangUp(phone(0), remote);
  for (const count of [await phoneSide(), await farSide()]) {
    expect(count.sent).toBeGreaterThan(leastPackets);
    expect(count.heard).toBeGreaterThan(leastPackets);
  }
  expect(phone(0).finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  expect(remote.finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  const call = await lastCall();
  expect(call).toMatchObject({ direction: 'outbound', reason: 'phone hung up' });
  expect(call.packetsFromPhone).toBeGreaterThan(leastPackets);
  expect(call.packetsToPhone).toBeGreaterThan(leastPackets);
});

it('the ladder of a call is what the registrar saw of it, read by tshark, and holds no key and no digest', async () => {
  await dial(phone(0), remote, '4930555');
  await hangUp(phone(0), remote);
  const { id } = await lastCall();
  const messages = await until(
    'the end of the call in its ladder',
    () => {
      const found = readLadder(site.state, id)?.messages ?? [];
      const texts = found.map(({ bytes }) => Buffer.from(bytes).toString());
      return texts.filter((text) => /^SIP\/2\.0 200 .*^CSeq: \d+ BYE/ms.test(text)).length === 2
        ? found
        : undefined;
    },
    { timeoutMs: 5000, everyMs: 50 },
  );
  const file = `${site.lab.directory}/ladder.pcap`;
  writeFileSync(file, ladderPcap({ messages }));
  const filter = 'sip.Method && ip.dst == 203.0.113.20 && !_ws.malformed && sip.Method != "ACK"';
  const shown = ['-T', 'fields', '-E', 'separator= ', '-e', 'sip.Method', '-e', 'sip.Call-ID'];
  const rows = (await run(['tshark', '-r', file, '-Y', filter, ...shown])).trim().split('\n');
  const callId = rows[0]?.split(' ')[1];
  const seen = site.kamailio.seen.filter(
    ({ what, method, callId: of }) => what === 'request' && method !== 'ACK' && of === callId,
  );
  expect(rows).toEqual(seen.map(({ method }) => `${method} ${callId}`));
  expect(rows.map((row) => row.split(' ')[0])).toEqual(['INVITE', 'INVITE', 'BYE']);
  const text = messages.map(({ bytes }) => Buffer.from(bytes).toString()).join('');
  expect(text).toContain('Proxy-Authorization: Digest username="1001"');
  expect(text).toMatch(/^a=crypto:\d+ \S+ masked:\*\*\*\r$/m);
  expect(text).not.toMatch(/inline:|(?:nonce|response)="(?!\*\*\*")/);
});

it('a phone is called over the connection that it opened, and the far end hangs up', async () => {
  await dial(remote, phone(0), '1001');
  await sleep(talkMs);
  await hangUp(remote, phone(0));
  expect(phone(0).finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  expect(remote.finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  expect(await lastCall()).toMatchObject({ direction: 'inbound', reason: 'cloud hung up' });
  const invite = site.kamailio.seen.findLast(
    ({ what, method, toUser }) => what === 'request' && method === 'INVITE' && toUser === '1001',
  );
  expect(invite?.fromUser).toBe('4930555');
});

it('two phones of the site talk through the registrar, hold and resume, and either may hang up', async () => {
  await dial(phone(0), phone(1), '1002');
  const since = phone(1).events.length;
  await phone(0).command('hold');
  await phone(1).waitFor('CALL_REMOTE_SDP', { since });
  const resumed = phone(1).events.length;
  await phone(0).command('resume');
  await phone(1).waitFor('CALL_REMOTE_SDP', { since: resumed });
  await sleep(talkMs);
  await hangUp(phone(1), phone(0));
  expect(phone(0).finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  expect(phone(1).finished.at(-1)?.received).toBeGreaterThan(leastPackets);
});

it('nothing of SIP or of its keys crosses the LAN in clear, and media are SRTP', async () => {
  const capture = await startCapture(site.box, { card: 'lan', file: `${site.lab.directory}/lan.pcap` });
  await dial(phone(0), remote, '4930555');
  await sleep(500);
  await hangUp(remote, phone(0));
  const text = (await capture[Symbol.asyncDispose](), capture.bytes().toString('latin1'));
  expect(text.length).toBeGreaterThan(10_000);
  expect(text).not.toMatch(/INVITE sip:|REGISTER sip:|inline:|Digest /);
  expect(phone(0).events.some(({ type }) => type === 'CALL_MENC')).toBe(true);
});

it('loss and jitter are those that tshark finds, and loss behind the box is what the phone reports in SRTCP', async () => {
  const [lossy = site.box] = site.phones;
  // Of RTP alone, in the phone's own kernel: every tenth packet to the box, every twentieth from it.
  await lossy.exec(['nft', '-f', '-'], {
    input: `table ip lossy {
  chain out { type filter hook output priority 0; udp length 190 numgen inc mod 10 == 3 drop; }
  chain in { type filter hook input priority 0; udp length 190 numgen inc mod 20 == 3 drop; }
}
`,
  });
  const capture = await startCapture(site.box, { card: 'lan', file: `${site.lab.directory}/lossy.pcap` });
  await dial(phone(0), remote, '4930555');
  const { id } = site.calls()[0] ?? missing('the call');
  const isReported = () => {
    const { phone: here, cloud } = site.quality(id)?.total ?? {};
    return (
      (here?.lossFromBox !== undefined && here.roundTripMs !== undefined && cloud?.roundTripMs) || undefined
    );
  };
  await until('both ends to have reported', isReported, { timeoutMs: 30_000, everyMs: 200 });
  await hangUp(phone(0), remote);
  await lastCall();
  await capture[Symbol.asyncDispose]();
  await lossy.exec(['nft', 'delete', 'table', 'ip', 'lossy']);
  const { total, isEnded } = site.quality(id) ?? missing('the quality');
  expect(isEnded).toBe(true);
  const heard = (await rtpStreams(capture.file)).find(({ source }) => source === '10.66.0.101');
  const { packets, lost, meanJitterMs } = heard ?? missing('the stream');
  const { lossToBox, lossFromBox, jitterToBoxMs, roundTripMs, codec } = total.phone;
  expect(codec).toBe('PCMU');
  expect(Math.abs(total.phone.packets - packets)).toBeLessThan(5);
  expect(lossToBox).toBeCloseTo(lost / (packets + lost), 2);
  expect(lossToBox).toBeCloseTo(0.1, 1);
  expect(lossFromBox).toBeGreaterThan(0.02);
  expect(lossFromBox).toBeLessThan(0.08);
  expect(Math.abs(jitterToBoxMs - meanJitterMs)).toBeLessThan(10);
  expect(roundTripMs).toBeLessThan(500);
  expect(total.cloud.lossToBox).toBeLessThan(0.02);
  expect(verdictOn(total)).toMatchObject({
    blamed: 'phone',
    word: expect.stringMatching(/fair|poor/) as string,
  });
});

it('what a caller takes back stops ringing, and what a callee refuses is told to the caller', async () => {
  await remote[Symbol.asyncDispose]();
  remote = await site.startRemote({ answer: 'manual' });
  await remote.registered();
  let since = remote.events.length;
  await phone(0).command('dial', `sip:4930555@${registrar}`);
  await remote.waitFor('CALL_INCOMING', { since });
  await phone(0).command('hangup');
  await remote.waitFor('CALL_CLOSED', { since });
  expect(await lastCall()).toMatchObject({ reason: 'cancelled' });
  since = phone(0).events.length;
  await phone(0).command('dial', `sip:4930555@${registrar}`);
  await phone(0).waitFor('CALL_RINGING', { since });
  await remote.command('hangup');
  expect((await phone(0).waitFor('CALL_CLOSED', { since })).param).toMatch(/^486/);
  expect(await lastCall()).toMatchObject({ reason: expect.stringMatching(/^486/) as string });
});

it('a phone without SRTP talks with one that takes nothing else: sound crosses the box in both directions', async () => {
  await remote[Symbol.asyncDispose]();
  await phone(1)[Symbol.asyncDispose]();
  remote = await site.startRemote({ echo: true });
  await remote.registered();
  const udp = await site.startPhone(1, { transport: 'udp', outbound: 'sip:10.66.0.1:5060', srtp: false });
  await udp.registered();
  expect(site.bindings().find(({ aor }) => aor.startsWith('1002@'))).toMatchObject({ transport: 'udp' });
  const capture = await startCapture(site.box, { card: 'lan', file: `${site.lab.directory}/bridge.pcap` });
  const farSide = await countRtp(site.remote);
  await dial(udp, remote, '4930555');
  await sleep(talkMs);
  await hangUp(udp, remote);
  // The far end counts only what it could decrypt, and sends back what it heard: the tone is the phone's own.
  for (const { finished } of [udp, remote]) expect(finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  const heard = await rtpPayload(capture.file, 'ip.dst == 10.66.0.102');
  expect(heard.length).toBeGreaterThan(leastPackets * 160);
  expect(toneShare(heard, 440)).toBeGreaterThan(0.9);
  expect(remote.events.some(({ type }) => type === 'CALL_MENC')).toBe(true);
  await remote[Symbol.asyncDispose]();
  remote = await site.startRemote();
  await remote.registered();
  await dial(remote, udp, '1002');
  await sleep(talkMs);
  await hangUp(remote, udp);
  for (const { finished } of [udp, remote]) expect(finished.at(-1)?.received).toBeGreaterThan(leastPackets);
  const count = await farSide();
  expect(Math.min(count.sent, count.heard)).toBeGreaterThan(2 * leastPackets);
  await capture[Symbol.asyncDispose]();
  expect(capture.bytes().toString('latin1')).not.toMatch(/a=crypto|inline:/);
});

/** Of G.711 in packets of 20 ms, as tshark reads them. */
async function rtpPayload(file: string, filter: string): Promise<Buffer> {
  const fields = ['-Y', `udp.length == 180 && ${filter}`, '-T', 'fields', '-e', 'udp.payload'];
  const text = await run(['tshark', '-r', file, ...fields]);
  return Buffer.concat(text.split('\n').map((line) => Buffer.from(line, 'hex').subarray(12)));
}
