/** Every message of RFC 4475 against the running engine, and after each one a request that must still be served. */
import { randomInt } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { headerLines, headerValue } from '../../appliance/protocol/sip-headers.ts';
import type { SipMessage } from '../../appliance/protocol/sip-message.ts';
import { startSipEnd, until, type SipEnd } from '../support/sip-end.ts';
import { rawRequest, rawStream, rawUdp, status, type RawSip } from '../support/sip-raw.ts';
import { tortureBytes, tortureMessages } from '../support/sip-torture.ts';

/** What the application here says to whatever reaches it; the engine itself never does. */
const applicationsAnswer = 486;

async function startEnd(): Promise<SipEnd> {
  const end = await startSipEnd(['udp', 'tcp']);
  end.srf.use((req, res) =>
    res.send(req.method === 'OPTIONS' && req.get('Subject') === 'probe' ? 200 : applicationsAnswer),
  );
  return end;
}

function probe(port: number, transport: string): string {
  const callId = `probe-${randomInt(2 ** 40)}`;
  return rawRequest({ method: 'OPTIONS', uri: 'sip:x', callId, transport, port, extra: ['Subject: probe'] });
}

const isAnswer = (message: SipMessage) => 'status' in message && message.status !== 100;
const statusOf = (message: SipMessage) => ('status' in message ? message.status : 0);

/** The ACK that ends the repetitions of a refusal, made of the refusal alone. */
function acknowledgement(refusal: SipMessage): string {
  const copied = ['Via', 'From', 'To', 'Call-ID'].map((name) => `${name}: ${headerLines(refusal, name)[0]}`);
  const cseq = (headerValue(refusal, 'CSeq') ?? '').replace(/\S+$/, 'ACK');
  return ['ACK sip:x SIP/2.0', ...copied, `CSeq: ${cseq}`, 'Content-Length: 0', '', ''].join('\r\n');
}

async function verdict(phone: RawSip): Promise<string> {
  const message = await phone.next(isAnswer);
  if (headerValue(message, 'CSeq')?.endsWith('INVITE') === true) phone.send(acknowledgement(message));
  return statusOf(message) === applicationsAnswer ? 'accept' : `refuse ${statusOf(message)}`;
}

/** Of all that came in and got no answer. */
function dropped(end: SipEnd): number {
  const { responses_ignored = 0, messages_malformed = 0 } = end.engine.counters();
  return responses_ignored + messages_malformed;
}

async function ignored(end: SipEnd, before: number): Promise<string> {
  await until(() => dropped(end) > before, 'a message to be dropped');
  return 'ignore';
}

/** What follows is served, or the connection was ended. */
async function after(phone: RawSip, said: string): Promise<string> {
  phone.send(probe(phone.port, 'TCP'));
  await until(() => phone.isClosed || phone.received.some(status(200)), 'an answer or the end');
  return phone.isClosed ? `${said}, close` : said;
}

describe('torture messages', () => {
  it('over UDP get what the table says, at the port that their Via names', async () => {
    const end = await startEnd();
    // Answers go to the sender's address, which nobody else has here, and to the port in Via: nearly always 5060.
    const address = `127.${randomInt(2, 254)}.${randomInt(254)}.${randomInt(2, 254)}`;
    const phone = await rawUdp({ port: end.port('udp') }, { address, port: 5060 });
    const at5050 = await rawUdp({ port: end.port('udp') }, { address, port: 5050 });
    const verdicts: [string, string][] = [];
    for (const { name, bytes, udp } of tortureMessages()) {
      const before = dropped(end);
      phone.send(bytes);
      const asked = name === 'quotbal' ? at5050 : phone;
      verdicts.push([name, udp === 'ignore' ? await ignored(end, before) : await verdict(asked)]);
      phone.send(probe(phone.port, 'UDP'));
      await phone.next(status(200));
      expect(phone.received.filter(isAnswer)).toEqual([]);
    }
    expect(verdicts).toEqual(tortureMessages().map(({ name, udp }) => [name, udp]));
    expect(end.engine.counters()['errors']).toBeUndefined();
  });

  it('over TCP get what the table says, and never move the border of the next message', async () => {
    const end = await startEnd();
    const messages = tortureMessages().filter(({ name }) => name !== 'clerr' && name !== 'dblreq');
    const verdicts: [string, string][] = [];
    for (const { name, bytes, tcp } of messages) {
      const before = dropped(end);
      const phone = await rawStream({ port: end.port('tcp') });
      phone.send(bytes);
      const said = tcp === 'ignore' ? await ignored(end, before) : await verdict(phone);
      verdicts.push([name, await after(phone, said)]);
      phone.close();
    }
    expect(verdicts).toEqual(messages.map(({ name, tcp }) => [name, tcp]));
    expect(end.engine.counters()['errors']).toBeUndefined();
  });

  it('over TCP a body may still come, and two requests in one segment are two', async () => {
    const end = await startEnd();
    const waiting = await rawStream({ port: end.port('tcp') });
    waiting.send(tortureBytes('clerr'));
    const both = await rawStream({ port: end.port('tcp') });
    both.send(tortureBytes('dblreq'));
    expect([await verdict(both), await verdict(both)]).toEqual(['accept', 'accept']);
    expect(waiting.received).toEqual([]);
    waiting.send('\n'.repeat(9999 - 154));
    expect(await after(waiting, await verdict(waiting))).toBe('accept');
  });

  it.each([
    ['longreq', 'accept'],
    ['mpart01', 'accept'],
    ['intmeth', 'refuse 501'],
  ])('%s is one request when it comes byte by byte', async (name, expected) => {
    const end = await startEnd();
    const phone = await rawStream({ port: end.port('tcp') });
    for (const byte of tortureBytes(name)) {
      phone.send(Uint8Array.of(byte));
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(await verdict(phone)).toBe(expected);
    expect(end.engine.counters()['requests_received']).toBe(1);
  });
});
