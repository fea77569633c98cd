/** The messages of a call and of a failed registration, as they can be looked at afterwards. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readFailedRegistrations } from '../../../appliance/store/failed-registrations.ts';
import { ladderPcap } from '../../../appliance/store/ladder-pcap.ts';
import { readLadder, type Ladder } from '../../../appliance/store/ladders.ts';
import { run, until } from '../../support/command.ts';
import { contact, ended, inviteText, outward, registered, within } from '../../support/sip-calls.ts';
import { header, requestText, responseText, sdpText, type SipSite } from '../../support/sip-site.ts';

const wait = { timeoutMs: 5000, everyMs: 20 };
const text = ({ bytes }: { bytes: Uint8Array }) => Buffer.from(bytes).toString();
const lines = (ladder: Ladder) =>
  ladder.messages.map((message) => {
    const [from, to] = message.isSent ? ['box', message.party] : [message.party, 'box'];
    return `${from} > ${to} ${
      text(message)
        .split('\r\n')[0]
        ?.replace(/ sip:\S+/, '') ?? ''
    }`;
  });

async function ladderOf(site: SipSite, id: string, messages: number): Promise<Ladder> {
  return await until(
    `${messages} messages of ${id}`,
    () => {
      const found = readLadder(site.directory, id);
      return found !== undefined && found.messages.length >= messages ? found : undefined;
    },
    {
      ...wait,
      lastSeen: () =>
        JSON.stringify(lines(readLadder(site.directory, id) ?? { id, messages: [], leftOut: 0 })),
    },
  );
}

const crypto = 'a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:PSXpMYSTERYKEYxx|2^20|1:4';

it.each(['udp', 'tls'] as const)(
  'a call over %s is there from its challenge to its end, both legs in order, without keys and digits',
  async (transport) => {
    const { site, phone, flow } = await registered(transport);
    const body = sdpText(4000, transport === 'tls' ? [crypto] : []);
    // The ACK to a refusal has the INVITE's own branch.
    const via = 'Via: SIP/2.0/TCP 127.0.0.1:5999;rport;branch=z9hG4bKladder';
    phone.send(inviteText(outward, { body, lines: [via] }));
    const asked = ['Proxy-Authenticate: Digest realm="r", nonce="MYSTERYnonce"'];
    flow.send(
      responseText(await flow.request('INVITE'), '407 Proxy Authentication Required', { lines: asked }),
    );
    const challenge = await phone.response(407);
    phone.send(
      inviteText({ ...outward, to: header(challenge, 'To') }, { method: 'ACK', body: '', lines: [via] }),
    );
    const credentials = 'Proxy-Authorization: Digest username="1001", response="MYSTERYresponse"';
    phone.send(inviteText(outward, { cseq: 2, lines: [credentials], body }));
    const invite = await flow.request('INVITE');
    flow.send(responseText(invite, '180 Ringing', { lines: [contact] }));
    await phone.response(180);
    flow.send(responseText(invite, '200 OK', { lines: [contact], body: sdpText(6000) }));
    const answer = await phone.response(200);
    phone.send(within(outward, answer, 'ACK').text({ cseq: 2 }));
    await flow.request('ACK');
    const digit = {
      cseq: 3,
      body: 'Signal=5\r\nDuration=160\r\n',
      lines: ['Content-Type: application/dtmf-relay'],
    };
    phone.send(within(outward, answer, 'INFO').text(digit));
    flow.send(responseText(await flow.request('INFO'), '200 OK'));
    await phone.response(200);
    phone.send(within(outward, answer, 'BYE').text({ cseq: 4 }));
    flow.send(responseText(await flow.request('BYE'), '200 OK'));
    await phone.response(200);
    const { id } = await ended(site);
    const ladder = await ladderOf(site, id, 22);
    expect(lines(ladder).filter((line) => !line.includes(' 100 '))).toEqual([
      'phone > box INVITE SIP/2.0',
      'box > cloud INVITE SIP/2.0',
      'cloud > box SIP/2.0 407 Proxy Authentication Required',
      'box > cloud ACK SIP/2.0',
      'box > phone SIP/2.0 407 Proxy Authentication Required',
      'phone > box ACK SIP/2.0',
      'phone > box INVITE SIP/2.0',
      'box > cloud INVITE SIP/2.0',
      'cloud > box SIP/2.0 180 Ringing',
      'box > phone SIP/2.0 180 Ringing',
      'cloud > box SIP/2.0 200 OK',
      'box > cloud ACK SIP/2.0',
      'box > phone SIP/2.0 200 OK',
      'phone > box ACK SIP/2.0',
      'phone > box INFO SIP/2.0',
      'box > cloud INFO SIP/2.0',
      'cloud > box SIP/2.0 200 OK',
      'box > phone SIP/2.0 200 OK',
      'phone > box BYE SIP/2.0',
      'box > cloud BYE SIP/2.0',
      'cloud > box SIP/2.0 200 OK',
      'box > phone SIP/2.0 200 OK',
    ]);
    const all = ladder.messages.map(text).join('');
    expect(all).not.toMatch(/MYSTERY|Signal=5/);
    expect(all).toContain('Signal=***');
    // Toward the cloud the box has keys of its own.
    expect(all).toContain('a=crypto:1 AES_CM_128_HMAC_SHA1_80 masked:***');
    expect(all).not.toContain('inline:');
    expect(new Set(ladder.messages.map((message) => message.transport))).toEqual(new Set([transport, 'tls']));
    expect(await tsharkOf(site, ladder)).toEqual(
      ladder.messages.map((message) => {
        const [source, target] = [message.local, message.remote].map((end) => end.split(':').at(-1));
        const ports = message.isSent ? [source, target] : [target, source];
        const [start = ''] = text(message).split('\r\n');
        const callId = /^Call-ID: (.*)\r$/m.exec(text(message))?.[1];
        return [...ports, start.split(' ')[start.startsWith('SIP/') ? 1 : 0], callId, '1', '1'].join(' ');
      }),
    );
  },
);

/** What Wireshark reads of it: ports, method or status, Call-ID, and whether both checksums are good. */
async function tsharkOf({ directory }: SipSite, ladder: Ladder): Promise<string[]> {
  const file = join(directory, 'ladder.pcap');
  writeFileSync(file, ladderPcap(ladder));
  const checked = ['ip.check_checksum:TRUE', 'udp.check_checksum:TRUE'].flatMap((option) => ['-o', option]);
  const fields = [
    'udp.srcport',
    'udp.dstport',
    'sip.Method',
    'sip.Status-Code',
    'sip.Call-ID',
    'ip.checksum.status',
    'udp.checksum.status',
  ].flatMap((field) => ['-e', field]);
  const filter = 'sip && !_ws.malformed';
  const output = await run([
    'tshark',
    '-r',
    file,
    '-Y',
    filter,
    ...checked,
    '-T',
    'fields',
    '-E',
    'separator= ',
    ...fields,
  ]);
  return output
    .trim()
    .split('\n')
    .map((line) => line.replaceAll(/ +/g, ' '));
}

function nonEmpty<T>(found: readonly T[]): readonly T[] | undefined {
  return found.length > 0 ? found : undefined;
}

function attempt(cseq: number, more: readonly string[] = []): string {
  return requestText({
    method: 'REGISTER',
    uri: 'sip:127.0.0.1',
    lines: [
      'From: <sip:1002@office.example>;tag=r',
      'To: <sip:1002@office.example>',
      'Call-ID: wrong',
      `CSeq: ${cseq} REGISTER`,
      'Contact: <sip:1002@127.0.0.1:5998>',
      ...more,
    ],
  });
}

it('a phone whose password is wrong has its last attempt kept, and one that registers has none', async () => {
  const { site } = await registered('tls');
  const phone = await site.phone('tls');
  const flow = await site.flow(0);
  const answered = async (line: string, lines: readonly string[] = []) =>
    flow.send(responseText(await flow.request('REGISTER'), line, { lines }));
  for (const cseq of [1, 3]) {
    phone.send(attempt(cseq));
    await answered('401 Unauthorized', ['WWW-Authenticate: Digest realm="r", nonce="MYSTERY"']);
    await phone.response(401);
    phone.send(attempt(cseq + 1, ['Authorization: Digest username="1002", response="MYSTERY"']));
    await answered('403 Wrong password');
    await phone.response(403);
    const [failed] = await until(
      'it to be kept',
      () => nonEmpty(readFailedRegistrations(site.directory, 10)),
      wait,
    );
    expect(failed).toMatchObject({
      id: 'registration-127.0.0.1',
      aor: '1002@office.example',
      status: 403,
      reason: 'Wrong password',
    });
  }
  const ladder = await until(
    'the second attempt',
    () => {
      const found = readLadder(site.directory, 'registration-127.0.0.1');
      return found !== undefined &&
        text(found.messages[0] ?? { bytes: new Uint8Array() }).includes('CSeq: 3 ')
        ? found
        : undefined;
    },
    wait,
  );
  expect(lines(ladder)).toEqual([
    'phone > box REGISTER SIP/2.0',
    'box > cloud REGISTER SIP/2.0',
    'cloud > box SIP/2.0 401 Unauthorized',
    'box > phone SIP/2.0 401 Unauthorized',
    'phone > box REGISTER SIP/2.0',
    'box > cloud REGISTER SIP/2.0',
    'cloud > box SIP/2.0 403 Wrong password',
    'box > phone SIP/2.0 403 Wrong password',
  ]);
  expect(ladder.messages.map(text).join('')).not.toContain('MYSTERY');
  expect(readFailedRegistrations(site.directory, 10)).toHaveLength(1);
});

it('an enrolment code reaches the registrar, and is written down nowhere', async () => {
  const { site, phone, flow } = await registered('tls');
  const uri = 'sip:*55*471147@127.0.0.1';
  phone.send(inviteText({ ...outward, to: `<${uri}>` }, { uri }));
  const invite = await flow.request('INVITE');
  expect(invite.uri).toBe(uri);
  flow.send(responseText(invite, '404 Not Found', { lines: ['Reason: Q.850;cause=1'] }));
  await phone.response(404);
  const { id, to, reason } = await ended(site);
  expect([to, reason]).toEqual(['sip:*55***@127.0.0.1', '404 Not Found (Q.850 1)']);
  const ladder = await ladderOf(site, id, 4);
  expect(ladder.messages.map(text).join('')).toContain('INVITE sip:*55***@127.0.0.1 SIP/2.0');
  for (const file of readdirSync(join(site.directory, 'sip')).filter((name) => name.includes('.db')))
    expect([file, readFileSync(join(site.directory, 'sip', file)).includes('471147')]).toEqual([file, false]);
});
