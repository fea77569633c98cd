import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  formatControl,
  parseMediaAnswer,
  parseMediaRequest,
  type MediaReply,
  type MediaReport,
  type MediaRequest,
} from '../../../appliance/protocol/media-control.ts';
import { isReadOrRefused } from '../../support/refusal.ts';

const requests: [string, MediaRequest][] = [
  ['allocate', { id: 1, verb: 'allocate', session: 'abc.0', phone: '10.66.0.1', cloud: '192.0.2.2' }],
  [
    'update',
    {
      id: 2,
      verb: 'update',
      session: 'abc.0',
      leg: 'phone',
      remote: { address: '10.66.0.101', port: 4000, rtcpPort: 4001, allow: ['10.66.0.101', '*'] },
    },
  ],
  ['expect', { id: 3, verb: 'expect', session: 'abc.0', media: true }],
  ['release', { id: 4, verb: 'release', session: 'abc.0' }],
  ['stats', { id: 5, verb: 'stats' }],
];

it.each(requests)('%s crosses as it is', (_verb, request) => {
  expect(parseMediaRequest(formatControl(request))).toEqual(request);
});

const count = { packets: 1, bytes: 172, rtcp: 0, dropped: 2 };
const answers: [string, MediaReply | MediaReport][] = [
  ['ports', { id: 1, ok: true, phone: { rtp: 20_000, rtcp: 20_001 }, cloud: { rtp: 20_002, rtcp: 20_003 } }],
  ['counts', { id: 4, ok: true, sessions: [{ session: 'abc.0', phone: count, cloud: count, silentMs: 12 }] }],
  ['a refusal', { id: 1, ok: false, error: 'all ports are in use' }],
  ['silence', { event: 'idle', session: 'abc.0' }],
];

it.each(answers)('%s cross as they are', (_what, answer) => {
  expect(parseMediaAnswer(formatControl(answer))).toEqual(answer);
});

it.each([
  ['no JSON', 'allocate'],
  ['a list', '[]'],
  ['another verb', '{"id":1,"verb":"exec"}'],
  ['a path for a session', '{"id":1,"verb":"release","session":"../x"}'],
  ['a name for an address', '{"id":1,"verb":"allocate","session":"a","phone":"localhost","cloud":"1.2.3.4"}'],
  [
    'a port out of range',
    '{"id":1,"verb":"update","session":"a","leg":"phone","remote":{"address":"1.2.3.4","port":70000,"rtcpPort":1,"allow":[]}}',
  ],
  ['no leg', '{"id":1,"verb":"update","session":"a","leg":"x","remote":{}}'],
])('%s is refused', (_title, line) => {
  expect(() => parseMediaRequest(line)).toThrow(DecodeError);
});

it('no line ends anything but itself', () => {
  fc.assert(
    fc.property(fc.json(), (line) => {
      for (const parse of [parseMediaRequest, parseMediaAnswer])
        expect(isReadOrRefused(() => parse(line))).toBe(true);
    }),
  );
});
