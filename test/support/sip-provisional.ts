/** Provisional responses that must arrive (RFC 3262), and what belongs to them, message by message. */
import { expect } from 'vitest';
import { isRequest, type SipMessage } from '../../appliance/protocol/sip-message.ts';
import { contact, ended, outward, within, type Dialog, type Setting } from './sip-calls.ts';
import { header, responseText, sdpText, type Peer } from './sip-site.ts';

/** What a caller says. */
export const supported = { lines: ['Supported: 100rel', 'Allow: INVITE, PRACK, UPDATE'] };
export const required = { lines: ['Require: 100rel'] };

/** What goes into such a response. */
export const reliably = (rseq: number, body = '', far = contact) => ({
  lines: ['Require: 100rel', `RSeq: ${rseq}`, far],
  body,
});

export const ok = { lines: [contact], body: sdpText(6000) };

/** What came and was not taken, but for what only says that somebody is there, and `repeated`: that comes again on a slow machine. */
export const left = ({ waiting }: Peer, repeated = 0) =>
  waiting
    .map((message) => (isRequest(message) ? message.method : message.status))
    .filter((one) => one !== 100 && one !== 'ACK' && one !== repeated);

/** The caller's word that it has the response. */
export function prack(
  early: SipMessage,
  more: { body?: string; cseq?: number; rack?: string; call?: Dialog } = {},
): string {
  const { call = outward, cseq = 2, rack = `${header(early, 'RSeq')} 1 INVITE`, ...rest } = more;
  return within(call, early, 'PRACK').text({ cseq, lines: [`RAck: ${rack}`], ...rest });
}

/** By the phone that called. */
export async function hungUp({ site, phone, flow }: Setting, answer: SipMessage): Promise<void> {
  phone.send(within(outward, answer, 'ACK').text());
  await flow.request('ACK');
  phone.send(within(outward, answer, 'BYE').text({ cseq: 8 }));
  flow.send(responseText(await flow.request('BYE'), '200 OK'));
  await phone.response(200);
  await ended(site);
  expect(site.sip.counters()).toMatchObject({ calls: 0, errors: 0 });
}
