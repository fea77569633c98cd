import { expect, test } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import {
  decodeRelayInformation,
  encodeRelayInformation,
  type RelayInformation,
} from '../../../appliance/protocol/dhcp-relay-information.ts';
import { parseIpv4 } from '../../../appliance/protocol/ipv4.ts';

const rows: [string, RelayInformation, string][] = [
  ['nothing', {}, ''],
  [
    'circuit and remote',
    { circuitId: Buffer.from('Gi1/0/3'), remoteId: Buffer.from('0011', 'hex') },
    '01074769312f302f3302020011',
  ],
  ['a link (RFC 3527)', { linkSelection: parseIpv4('10.66.0.0') }, '05040a420000'],
  ['a server override (RFC 5107)', { serverOverride: parseIpv4('10.66.0.254') }, '0b040a4200fe'],
  [
    'sub-options that nobody here knows',
    {
      circuitId: Buffer.from('a'),
      others: new Map([
        [6, Buffer.from('subscriber')],
        [9, new Uint8Array(0)],
      ]),
    },
    '010161060a737562736372696265720900',
  ],
];

const comparable = ({ circuitId, remoteId, others, ...addresses }: RelayInformation) => ({
  ...addresses,
  circuitId: circuitId && [...circuitId],
  remoteId: remoteId && [...remoteId],
  others: others && Array.from(others, ([code, value]) => [code, ...value]),
});

test.each(rows)('option 82 with %s reads and writes the same', (...[, information, hex]) => {
  expect(Buffer.from(encodeRelayInformation(information)).toString('hex')).toBe(hex);
  expect(comparable(decodeRelayInformation(Buffer.from(hex, 'hex')))).toEqual(comparable(information));
});

test('cut short, or with an address that is none, it is a DecodeError', () => {
  for (const hex of ['01', '0106', '010600', '05020a42', '05050a42000000', '0b00']) {
    expect(() => decodeRelayInformation(Buffer.from(hex, 'hex'))).toThrow(DecodeError);
  }
});

test('the first of a repeated sub-option stands: one that comes later can not take its place', () => {
  const { circuitId } = decodeRelayInformation(Buffer.from('01016101 0162'.replace(' ', ''), 'hex'));
  expect(Buffer.from(circuitId ?? []).toString()).toBe('a');
});
