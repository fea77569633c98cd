/** Ethernet headers: tags, EtherType and SNAP, and frames that are none. */
import { expect, it } from 'vitest';
import { DecodeError } from '../../../appliance/protocol/bytes.ts';
import { decodeEthernet } from '../../../appliance/protocol/ethernet.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const addresses = '0180c200000e 020000000011';
const plain = { destination: '01:80:c2:00:00:0e', source: '02:00:00:00:00:11', tags: [] };

it.each([
  ['a plain frame', `${addresses} 88cc 0102`, { ...plain, protocol: 0x88_cc, payload: hex('0102') }],
  [
    'a frame on VLAN 50 with priority 5',
    `${addresses} 8100 a032 88cc 01`,
    { ...plain, tags: [{ id: 50, priority: 5, dropEligible: false }], protocol: 0x88_cc, payload: hex('01') },
  ],
  [
    'a frame with two tags',
    `${addresses} 88a8 3064 8100 0032 88cc`,
    {
      ...plain,
      tags: [
        { id: 100, priority: 1, dropEligible: true },
        { id: 50, priority: 0, dropEligible: false },
      ],
      protocol: 0x88_cc,
      payload: hex(''),
    },
  ],
  [
    'an 802.3 frame with SNAP, its padding cut off',
    `${addresses} 000a aaaa03 00000c 2000 02b4 ffffff`,
    { ...plain, protocol: '00000c:2000', payload: hex('02b4') },
  ],
])('%s', (_title, frame, wanted) => {
  expect(decodeEthernet(hex(frame))).toEqual(wanted);
});

it.each([
  ['a frame cut within its addresses', '0180c200'],
  ['a third tag', `${addresses} 8100 0001 8100 0002 8100 0003 88cc`],
  ['an 802.3 frame shorter than it says', `${addresses} 0040 aaaa03`],
  ['an 802.3 frame of another kind', `${addresses} 0003 424203`],
])('%s is refused with DecodeError', (_title, frame) => {
  expect(() => decodeEthernet(hex(frame))).toThrow(DecodeError);
});
