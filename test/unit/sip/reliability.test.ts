import { expect, it } from 'vitest';
import type { SipHeader } from '../../../appliance/protocol/sip-message.ts';
import { gatewayToken } from '../../../appliance/sip/gateway/gateway.ts';
import type { Attempt } from '../../../appliance/sip/outgoing-invite.ts';
import { prackHeaders, wayToCaller, withReliability } from '../../../appliance/sip/reliability.ts';

const headers = (...lines: string[]): SipHeader[] =>
  lines.map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 2) }));

const knows = { caller: 'supported', hasDescription: true, isAwaitingOffer: false, isCallees: true } as const;

it.each([
  ['knows no PRACK', { ...knows, caller: 'none' }, 'plain'],
  ['knows PRACK, of a callee that wants one', knows, 'reliable'],
  ['knows PRACK, of a callee that wants none', { ...knows, isCallees: false }, 'plain'],
  ['insists, of a callee that wants none', { ...knows, caller: 'required', isCallees: false }, 'reliable'],
  ['waits for an offer, with that offer', { ...knows, isAwaitingOffer: true }, 'reliable'],
  ['waits for an offer, without one', { ...knows, isAwaitingOffer: true, hasDescription: false }, 'plain'],
  [
    'waits for an offer and insists, with one that need not arrive',
    { ...knows, caller: 'required', isAwaitingOffer: true, isCallees: false },
    'none',
  ],
] as const)('a provisional response to a caller that %s', (_title, given, way) => {
  expect(wayToCaller(given)).toBe(way);
});

const attempt = (lines: string[] = [], more: object = {}, caller = 'phone') =>
  ({
    request: { headers: headers(...lines) },
    call: { isEmergency: false, callee: undefined, ...more },
    caller,
  }) as unknown as Attempt;

const added = (given: Attempt, body: string | undefined) =>
  withReliability(given, {
    method: 'INVITE',
    headers: headers('Allow: INVITE'),
    ...(body === undefined ? {} : { body }),
  }).headers.slice(1);

it.each([
  { title: 'with an offer', given: attempt(), body: 'v=0' },
  { title: 'without one, of a caller that could answer it in PRACK', given: attempt(['Supported: 100rel']) },
  { title: 'through the gateway', given: attempt([], { callee: { token: gatewayToken } }), body: 'v=0' },
])('an INVITE $title says that the box knows PRACK', ({ given, body }) => {
  expect(added(given, body)).toEqual(headers('Supported: 100rel', 'Allow: PRACK'));
});

it.each([
  { title: 'without an offer, of a caller that could not answer one in PRACK', given: attempt() },
  { title: 'for help', given: attempt(['Require: 100rel'], { isEmergency: true }), body: 'v=0' },
  {
    title: 'of the gateway, which may ring several',
    given: attempt([], { callee: { token: gatewayToken } }, 'cloud'),
    body: 'v=0',
  },
])('an INVITE $title does not say so', ({ given, body }) => {
  expect(added(given, body)).toEqual([]);
});

it('a PRACK says which response it is for, and from whom that came', () => {
  const response = headers('To: <sip:a@b>;tag=x', 'CSeq: 7  INVITE', 'RSeq: 12');
  expect(prackHeaders({ headers: response })).toEqual(headers('RAck: 12 7 INVITE', 'To: <sip:a@b>;tag=x'));
});
