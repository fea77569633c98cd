import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import type { SipHeader } from '../../../appliance/protocol/sip-message.ts';
import { readBody } from '../../../appliance/sip/body.ts';
import {
  admitFromCloud,
  admitFromPhone,
  callLimits,
  ownIdentities,
} from '../../../appliance/sip/call-admission.ts';
import { helpKind } from '../../../appliance/sip/emergency.ts';
import { newBudget } from '../../../appliance/sip/application.ts';
import { newFlows } from '../../../appliance/sip/flows.ts';
import { nextMaxForwards, passedHeaders } from '../../../appliance/sip/headers.ts';
import type { BindingRow } from '../../../appliance/store/bindings.ts';

const binding = { token: 'abc', aor: '1001@office.example', source: '10.66.0.101:40000' } as BindingRow;
const idle = { total: 0, ofPhone: () => 0, isFree: () => false };
const headers = (...lines: string[]): SipHeader[] =>
  lines.map((line) => ({ name: line.slice(0, line.indexOf(':')), value: line.slice(line.indexOf(':') + 2) }));
const invite = (uri: string, from = '<sip:1001@office.example>;tag=x') => ({
  uri,
  help: helpKind(uri),
  headers: headers(`From: ${from}`),
});

it('a phone that is registered on its connection may call as itself', () => {
  expect(admitFromPhone(invite('sip:5@x'), { own: [binding], near: [binding] }, idle)).toMatchObject({
    kind: 'relay',
    isEmergency: false,
  });
});

it.each([
  ['as somebody else', invite('sip:5@x', '<sip:1002@office.example>;tag=x'), [binding]],
  ['from a connection that is not registered', invite('sip:5@x'), []],
])('a phone may not call %s', (_title, request, own) => {
  expect(admitFromPhone(request, { own, near: [binding] }, idle)).toMatchObject({
    kind: 'refuse',
    status: 403,
    claimed: /@/,
  });
});

it('a call for help needs no more than a registered phone at that address', () => {
  const somebody = invite('sip:112@x', '<sip:anonymous@anonymous.invalid>;tag=x');
  expect(admitFromPhone(somebody, { own: [], near: [binding] }, idle)).toEqual({
    kind: 'relay',
    binding,
    isEmergency: true,
    help: 'help',
  });
  expect(admitFromPhone(somebody, { own: [], near: [] }, idle)).toMatchObject({ kind: 'refuse' });
});

it.each([
  ['of the box', { ...idle, total: callLimits.total }],
  ['of the phone', { ...idle, ofPhone: () => callLimits.ofPhone }],
])('the limit %s holds for all calls but those for help', (_title, load) => {
  const sides = { own: [binding], near: [] };
  expect(admitFromPhone(invite('sip:5@x'), sides, load)).toMatchObject({ kind: 'refuse', status: 486 });
  expect(admitFromPhone(invite('sip:112@x'), sides, load)).toMatchObject({ kind: 'relay' });
  expect(admitFromCloud(invite('sip:abc@x'), [binding], load)).toMatchObject({ kind: 'refuse', status: 486 });
});

it('a registrar reaches a phone by its token on its own connection only', () => {
  expect(admitFromCloud(invite('sip:abc@192.0.2.2'), [binding], idle)).toMatchObject({
    kind: 'relay',
    binding,
  });
  expect(admitFromCloud(invite('sip:1001@192.0.2.2'), [binding], idle)).toMatchObject({
    kind: 'refuse',
    status: 404,
  });
  expect(admitFromCloud(invite('sip:abc@192.0.2.2'), [], idle)).toMatchObject({
    kind: 'refuse',
    status: 404,
  });
});

it.each([
  ['sip:112@x', true],
  ['sip:+112;phone-context=x@y', true],
  ['sip:9-1-1@x;user=phone', true],
  ['tel:911', true],
  ['urn:service:sos', true],
  ['urn:service:sos.fire', true],
  ['urn:service:sosx', false],
  ['sip:1123@x', false],
  ['sip:4930112@x', false],
  ['sip:x', false],
])('%s is a call for help: %s', (uri, isOne) => {
  expect(helpKind(uri) === 'help').toBe(isOne);
});

it("identities that are the phone's own stay, others are taken out", () => {
  const own = headers(
    'P-Preferred-Identity: <sip:1001@office.example>',
    'P-Asserted-Identity: "x" <tel:1001>',
    'Subject: boss@office.example',
  );
  const foreign = headers(
    'Remote-Party-Id: <sip:boss@office.example>',
    'P-Asserted-Identity: <sip:1001@office.example>, <sip:boss@office.example>',
    'P-Preferred-Identity: <urn:uuid:1>',
    'P-Preferred-Identity: nobody can read this',
  );
  const { kept, foreign: found } = ownIdentities([...own, ...foreign], '1001@office.example');
  expect(kept).toEqual(own);
  expect(found).toHaveLength(4);
});

it('what belongs to one leg stays there, all else crosses in order', () => {
  const leg = headers(
    'Via: x',
    'Route: x',
    'Record-Route: x',
    'Contact: x',
    'From: x',
    'To: x',
    'Call-ID: x',
    'CSeq: x',
    'Content-Length: 3',
    'X-Gatehouse-Flow: y',
    'Max-Forwards: 70',
    'RSeq: 1',
    'RAck: 1',
  );
  const crossing = headers(
    'P-Access-Network-Info: unknown',
    'X-SWITCH-INFO: sw;p',
    'Unheard-Of: yes',
    'Unheard-Of: twice',
  );
  expect(passedHeaders([...leg, ...crossing], 'cloud')).toEqual(crossing);
});

it("a phone's credentials go up and nobody's come down", () => {
  const credentials = headers('Authorization: Digest a', 'Proxy-Authorization: Digest b');
  expect(passedHeaders(credentials, 'cloud')).toEqual(credentials);
  expect(passedHeaders(credentials, 'phone')).toEqual([]);
});

it('extensions that live in one leg are not offered to the other', () => {
  expect(passedHeaders(headers('Supported: 100rel, timer, replaces, Outbound, gruu, path'), 'cloud')).toEqual(
    headers('Supported: replaces'),
  );
  const ofTimers = headers('Require: timer', 'Session-Expires: 600', 'Min-SE: 90', 'Require: precondition');
  expect(passedHeaders(ofTimers, 'phone')).toEqual(headers('Require: precondition'));
  expect(passedHeaders(headers('Supported: 100rel'), 'cloud')).toEqual([]);
  expect(passedHeaders(headers('Require: 100rel, precondition'), 'cloud')).toEqual(
    headers('Require: precondition'),
  );
});

it.each([
  [['Max-Forwards: 2'], '1'],
  [['Max-Forwards: 1'], '0'],
  [['Max-Forwards: 0'], undefined],
  [[], '69'],
])('of %s hops one is taken: %s', (lines, left) => {
  expect(nextMaxForwards(headers(...lines))?.value).toBe(left);
});

const sdp = 'v=0\r\no=- 1 1 IN IP4 1.2.3.4\r\n';

it('a description is found alone and beside a location, and only it is replaced', () => {
  expect(readBody({ headers: headers('Content-Type: application/sdp'), body: sdp }).sdp).toBe(sdp);
  const before =
    '--b\r\nContent-Type: application/pidf+xml\r\nContent-ID: <a@b>\r\n\r\n<x/>\r\n--b\r\nContent-Type: application/sdp;charset=utf-8\r\n\r\n';
  const body = readBody({
    headers: headers('Content-Type: multipart/mixed; boundary="b"'),
    body: `${before}${sdp}\r\n--b--\r\n`,
  });
  expect(body.sdp).toBe(sdp);
  expect(body.withSdp('NEW')).toEqual({
    type: 'multipart/mixed; boundary="b"',
    text: `${before}NEW\r\n--b--\r\n`,
  });
});

it('no body is no description, and another one is refused', () => {
  expect(readBody({ headers: [], body: '' }).sdp).toBeUndefined();
  expect(
    readBody({
      headers: headers('Content-Type: multipart/mixed;boundary=b'),
      body: '--b\r\nContent-Type: text/plain\r\n\r\nx\r\n--b--',
    }).sdp,
  ).toBeUndefined();
  expect(() => readBody({ headers: headers('Content-Type: text/html'), body: 'x' })).toThrow(DecodeError);
  expect(() => readBody({ headers: headers('Content-Type: multipart/mixed'), body: 'x' })).toThrow(
    DecodeError,
  );
});

it('each phone has its own way to each registrar, and unused ones are closed', () => {
  const flows = newFlows();
  const first = flows.name('a', 'r1', 0);
  expect(flows.name('a', 'r1', 1000)).toBe(first);
  expect(new Set([first, flows.name('a', 'r2', 0), flows.name('b', 'r1', 0)]).size).toBe(3);
  expect(first).toMatch(/^[\w.-]{10,64}$/);
  expect(flows.sweep(new Set([first ?? '']), 60_001)).toHaveLength(2);
  expect(flows.size).toBe(1);
  expect(flows.has(first ?? '')).toBe(true);
});

it('refusals are told so many a minute', () => {
  let now = 0;
  const mayTell = newBudget(2, () => now);
  expect([mayTell(), mayTell(), mayTell()]).toEqual([true, true, false]);
  now = 60_000;
  expect(mayTell()).toBe(true);
});
