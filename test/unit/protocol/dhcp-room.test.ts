import { expect, test } from 'vitest';
import { decodeMessage, encodeMessage } from '../../../appliance/protocol/dhcp.ts';
import { encodeProbe } from '../../../appliance/protocol/dhcp-probe.ts';

const none = new Uint8Array(0);
const blank = decodeMessage(encodeProbe({ mac: '80:5e:c0:01:02:03', xid: 1 }));

test('option 82 has room before all others, and is the last of the options field (RFC 3046)', () => {
  const relay = Buffer.from('0106000400010102', 'hex');
  const options = new Map([
    [53, Uint8Array.of(5)],
    [43, new Uint8Array(200)],
    [66, new Uint8Array(200)],
    [160, new Uint8Array(200)],
    [82, relay],
  ]);
  const { bytes, leftOut } = encodeMessage({ ...blank, options }, 548);
  expect(leftOut).toEqual([160]);
  expect(Buffer.from(bytes).toString('hex')).toMatch(/52080106000400010102ff0*$/);
  expect(decodeMessage(bytes).options.get(82)).toEqual(relay);
  const huge = encodeMessage({
    ...blank,
    options: new Map([
      [53, Uint8Array.of(5)],
      [82, new Uint8Array(600)],
    ]),
  });
  expect(huge.leftOut).toEqual([82]);
});

test('an empty option that finds no room is named like any other', () => {
  const options = new Map([
    [43, new Uint8Array(301)],
    [66, new Uint8Array(125)],
    [160, new Uint8Array(61)],
    [80, none],
  ]);
  const { bytes, leftOut } = encodeMessage({ ...blank, options }, 549);
  const read = [...decodeMessage(bytes).options.keys()];
  expect([...read, ...leftOut].toSorted((a, b) => a - b)).toEqual([43, 66, 80, 160]);
  expect(leftOut).toContain(80);
});
