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

const key = (letter: string) => ({ suite: 'AES_CM_128_HMAC_SHA1_80' as const, inline: letter.repeat(40) });

const requests: [string, MediaRequest][] = [
  [
    'allocate with early sources',
    {
      id: 1,
      verb: 'allocate',
      session: 'abc.0',
      phone: '10.66.0.1',
      cloud: '192.0.2.2',
      early: { phone: ['10.66.0.101'], cloud: ['52.112.0.0/14'] },
    },
  ],
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
  [
    'update with a description',
    {
      id: 7,
      verb: 'update',
      session: 'abc.0',
      leg: 'cloud',
      remote: { address: '203.0.113.9', port: 6000, rtcpPort: 6000, allow: ['203.0.113.9'] },
      description: { codecs: [{ payloadType: 0, name: 'PCMU', clockRate: 8000 }] },
    },
  ],
  [
    'describe',
    {
      id: 6,
      verb: 'describe',
      session: 'abc.0',
      leg: 'phone',
      description: {
        codecs: [{ payloadType: 111, name: 'OPUS', clockRate: 48_000 }],
        keys: { receive: key('A'), send: key('B') },
      },
    },
  ],
  ['move', { id: 8, verb: 'move', session: 'abc.0', leg: 'cloud', address: '192.0.2.3' }],
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

const wrongDescriptions: [string, unknown][] = [
  ['no codecs', { keys: { receive: key('S') } }],
  ['a codec that is none', { codecs: [{ payloadType: 0, name: 'PCMU' }] }],
  ['a payload type of eight bits', { codecs: [{ payloadType: 128, name: 'PCMU', clockRate: 8000 }] }],
  ['too many codecs', { codecs: Array.from({ length: 65 }, () => ({})) }],
  ['a key that is cut', { codecs: [], keys: { receive: { ...key('S'), inline: 'S'.repeat(39) } } }],
  ['another suite', { codecs: [], keys: { receive: { ...key('S'), suite: 'toString' } } }],
  ['a key to send with alone', { codecs: [], keys: { send: key('S') } }],
];

it.each(wrongDescriptions)(
  'a description with %s is refused, and no key is quoted',
  (_title, description) => {
    const line = JSON.stringify({ id: 1, verb: 'describe', session: 'abc.0', leg: 'phone', description });
    expect(() => parseMediaRequest(line)).toThrow(DecodeError);
    expect(() => parseMediaRequest(line)).not.toThrow(/S{9}/);
  },
);
