import { describe, expect, it } from 'vitest';
import { canonicalHeaderName } from '../../../appliance/protocol/sip-header-names.ts';
import { headerLines, headerValue } from '../../../appliance/protocol/sip-headers.ts';
import type { SipHeader, SipRequest } from '../../../appliance/protocol/sip-message.ts';
import {
  composeRequest,
  composeResponse,
  plainResponse,
  stampedRequest,
} from '../../../appliance/sip/engine/compose.ts';
import { addressingIn, flowIn, uacDialog, uasDialog } from '../../../appliance/sip/engine/dialog.ts';
import { isSameParty, type Flow } from '../../../appliance/sip/engine/flow.ts';
import { parseRoute, RouteError } from '../../../appliance/sip/engine/route.ts';

function flowTo(address: string, port: number, transport: 'udp' | 'tls' = 'tls'): Flow {
  return {
    id: 'x',
    transport,
    remote: { address, port },
    local: { address: '192.0.2.2', port: 41_234 },
    isOutbound: true,
    isOpen: true,
    send: () => undefined,
    ...(transport === 'udp' ? { toPort: (other: number) => flowTo(address, other, transport) } : {}),
  };
}

const cloud = flowTo('203.0.113.20', 5061);

function request(method: string, fields: Record<string, string> = {}): SipRequest {
  const headers = Object.entries(fields).map(([name, value]): SipHeader => ({ name, value }));
  return { method, uri: 'sip:callee@example.com', headers, body: new Uint8Array() };
}

const addressing = {
  uri: 'sip:callee@example.com',
  routes: [],
  from: '<sip:a@b>;tag=1',
  to: '<sip:c@d>',
  callId: 'c1',
  cseq: 7,
  contact: undefined,
};

const answer = (fields: Record<string, string>) => ({
  ...plainResponse(200, 'OK'),
  headers: Object.entries({ To: '<sip:c@d>;tag=2', ...fields }).map(([name, value]) => ({ name, value })),
});

describe('a request on its way out', () => {
  it('has a Via of its flow, and nothing of what the application said about Via, Route or this box', () => {
    const given = request('INVITE', {
      Via: 'SIP/2.0/UDP evil',
      Route: '<sip:evil;lr>',
      'Record-Route': '<sip:evil>',
      'X-Gatehouse-Flow': 'secret',
      'X-Custom': 'kept',
      'Max-Forwards': '12',
    });
    const sent = composeRequest(given, addressing, cloud);
    expect(sent.headers.map(({ name }) => name)).toEqual([
      'Via',
      'Max-Forwards',
      'From',
      'To',
      'Call-ID',
      'CSeq',
      'Contact',
      'X-Custom',
    ]);
    expect(headerValue(sent, 'Via')).toMatch(
      /^SIP\/2\.0\/TLS 192\.0\.2\.2:41234;branch=z9hG4bK[0-9a-f]{32};rport$/,
    );
    expect(headerValue(sent, 'Max-Forwards')).toBe('12');
    expect(headerValue(sent, 'Contact')).toBe('<sip:192.0.2.2:41234;transport=tls>');
  });

  it.each([
    ['<sip:token@localhost>;expires=60', '<sip:token@192.0.2.2:41234;transport=tls>;expires=60'],
    ['<sip:token@10.0.0.1:5060>', '<sip:token@10.0.0.1:5060>'],
    ['*', '*'],
  ])('the Contact %s becomes %s', (given, sent) => {
    expect(
      headerValue(composeRequest(request('REGISTER', { Contact: given }), addressing, cloud), 'Contact'),
    ).toBe(sent);
  });

  it('two Contacts and two challenges are lines of their own', () => {
    const given = { ...plainResponse(401, 'Unauthorized'), headers: [] as SipHeader[] };
    given.headers.push({
      name: 'WWW-Authenticate',
      value: 'Digest realm="a",nonce="b",Digest realm="c",nonce="d"',
    });
    given.headers.push({ name: 'Contact', value: '<sip:a@b,c>;q=1,<sip:d@e>' });
    const sent = composeResponse(given, request('REGISTER', { To: '<sip:c@d>' }), {
      flow: cloud,
      toTag: 't',
    });
    expect(headerLines(sent, 'WWW-Authenticate')).toEqual([
      'Digest realm="a", nonce="b"',
      'Digest realm="c", nonce="d"',
    ]);
    expect(headerLines(sent, 'Contact')).toEqual(['<sip:a@b,c>;q=1', '<sip:d@e>']);
  });
});

describe('a response on its way out', () => {
  const asked = request('INVITE', { Via: 'SIP/2.0/TLS x', To: '<sip:c@d>', Timestamp: '54' });
  const use = { flow: cloud, toTag: '2' };

  it.each([
    [100, ['54']],
    [180, []],
  ])('with %i has the time of the request: %j (RFC 3261 section 8.2.6.1)', (status, times) => {
    const sent = composeResponse(plainResponse(status, 'x'), asked, use);
    expect(headerLines(sent, 'Timestamp')).toEqual(times);
  });

  it('names each address of the user on a line of its own', () => {
    const name = canonicalHeaderName('p-associated-uri');
    const given = plainResponse(200, 'OK', [{ name, value: '<sip:a@b>,<tel:+1>' }]);
    expect(headerLines(composeResponse(given, asked, use), 'P-Associated-URI')).toEqual([
      '<sip:a@b>',
      '<tel:+1>',
    ]);
  });
});

describe('a request on its way in', () => {
  it('says where it really came from, and nothing that only this box may say', () => {
    const given = request('INVITE', {
      Via: 'SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK1;rport, SIP/2.0/TCP other',
    });
    const headers = [...given.headers, { name: 'x-gatehouse-flow', value: 'forged' }];
    const stamped = stampedRequest({ ...given, headers }, flowTo('10.0.0.7', 1234, 'udp'));
    expect(stamped.headers).toEqual([
      { name: 'Via', value: 'SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK1;rport=1234;received=10.0.0.7' },
      { name: 'Via', value: 'SIP/2.0/TCP other' },
    ]);
  });
});

describe('a request in a dialog', () => {
  const invite = request('INVITE', {
    From: '<sip:a@b>;tag=1',
    To: '<sip:c@d>',
    'Call-ID': 'c1',
    CSeq: '1 INVITE',
  });
  it('follows the route set, turned round for the caller', () => {
    const routes = { 'Record-Route': '<sip:p2;lr>, <sip:p1;lr>', Contact: '<sip:c@10.0.0.9>' };
    const dialog = uacDialog(invite, answer(routes), cloud);
    expect(addressingIn(dialog, 2)).toMatchObject({
      uri: 'sip:c@10.0.0.9',
      routes: ['<sip:p1;lr>', '<sip:p2;lr>'],
    });
  });

  it('follows a strict router by the rules of RFC 2543', () => {
    const routes = { 'Record-Route': '<sip:p1>, <sip:p2;lr>', Contact: '<sip:a@10.0.0.9>' };
    const asked = { ...invite, headers: [...invite.headers, ...answer(routes).headers.slice(1)] };
    const dialog = uasDialog(asked, answer({}), { flow: cloud, localTag: '2' });
    expect(addressingIn(dialog, 2)).toMatchObject({
      uri: 'sip:p1',
      routes: ['<sip:p2;lr>', '<sip:a@10.0.0.9>'],
    });
  });

  it.each([
    ['<sip:c@10.0.0.7:6000>', 6000],
    ['<sip:c@10.0.0.7>', 5060],
    ['<sip:c@10.0.0.99:6000>', 1234],
    ['<tel:+49>', 1234],
  ])('goes over UDP to the Contact %s only when it is the same host', (Contact, port) => {
    const dialog = uacDialog(invite, answer({ Contact }), flowTo('10.0.0.7', 1234, 'udp'));
    expect(flowIn(dialog).remote).toEqual({ address: '10.0.0.7', port });
  });

  it('goes to the Request-URI when the Contact can’t be read', () => {
    expect(uacDialog(invite, answer({ Contact: 'garbage <' }), cloud).remoteTarget).toBe(
      'sip:callee@example.com',
    );
  });
});

describe('routes', () => {
  it.each([
    ['sip:10.0.0.1', { host: '10.0.0.1' }],
    ['sip:x;transport=TLS', { transport: 'tls', host: 'x' }],
    ['sips:x;transport=tcp', { scheme: 'sips', transport: 'tls', host: 'x' }],
    ['sip:[::1]:5070;transport=tcp;ob', { transport: 'tcp', host: '::1', port: 5070, mustBeOpen: true }],
    ['sip:x:5061;transport=tls;flow=a-1', { transport: 'tls', host: 'x', port: 5061, flow: 'a-1' }],
  ])('%s is read', (uri, route) => {
    expect(parseRoute(uri)).toEqual({ scheme: 'sip', mustBeOpen: false, ...route });
  });

  it.each(['sip:x;transport=sctp', 'sips:x;transport=udp', 'sip:x;transport=tls;flow=in:tls:10.0.0.1:1'])(
    '%s leads nowhere',
    (uri) => {
      expect(() => parseRoute(uri)).toThrow(RouteError);
    },
  );
});

describe('who may speak in a dialog', () => {
  const phone = { ...flowTo('10.0.0.7', 40_000), id: 'in:tls:10.0.0.7:40000', isOutbound: false };

  it.each([
    ['the same phone over its next connection', { ...phone, id: 'in:tls:10.0.0.7:40001' }, phone, true],
    [
      'another phone',
      { ...flowTo('10.0.0.8', 40_000), id: 'in:tls:10.0.0.8:40000', isOutbound: false },
      phone,
      false,
    ],
    ['a phone in a dialog with the cloud', phone, cloud, false],
    ['the cloud in a dialog with a phone', cloud, phone, false],
    ['the cloud over the flow of another phone', { ...cloud, id: 'y' }, cloud, false],
  ] as [string, Flow, Flow, boolean][])('%s', (...[, flow, dialogFlow, may]) => {
    expect(isSameParty(flow, dialogFlow)).toBe(may);
  });
});
