import { expect, it } from 'vitest';
import { turnSources } from '../../../appliance/protocol/rtcp-sources.ts';
import { mutations } from '../../support/hostile-bytes.ts';

const bytes = (...hex: string[]) => new Uint8Array(Buffer.from(hex.join('').replaceAll(/\s/g, ''), 'hex'));
const bits = 0xff_ff_ff_ff;

function turned(compound: Uint8Array, which: 'sender' | 'reported'): Uint8Array {
  const copy = new Uint8Array(compound);
  turnSources(copy, which, bits);
  return copy;
}

/** Each with what it becomes: `S` of the sender, `R` of what is reported, in the place of 11111111 and 22222222. */
it.each([
  [
    'a sender report with two blocks',
    `82c80012 S e5a1b2c3 d4e5f607 00000640 00000064 00003e80
     R 40fffffe 00010005 00000028 b2c3d4e5 00018000 R 00000000 00010005 00000028 b2c3d4e5 00018000`,
  ],
  ['a receiver report', '81c90007 S R 40fffffe 00010005 00000028 b2c3d4e5 00018000'],
  ['a report with nobody to report of', '80c90001 S'],
  ['descriptions of two sources', '82ca0006 S 0106 6140622e6363 0000 0000 S 01026162 00000000'],
  ['a description that ends with its word', '81ca0003 S 0105 6140622e63 00'],
  ['a BYE of two sources', '82cb0002 S S'],
  ['an application packet', '80cc0002 S 41424344'],
  ['a request for a packet again (RFC 4585)', '81cd0003 S R 00050000'],
  ['a request for a picture (PLI)', '81ce0002 S R'],
  [
    'a request for a whole picture (FIR), which names who shall send it behind',
    '84ce0004 S 00000000 R 01000000',
  ],
  [
    'extended reports',
    '80cf000a S 07000008 R 10200000 0000 0000 002a 0096 7f7f1000 5d5d2a2b 00000000 00000000',
  ],
  [
    'extended reports with times',
    '80cf000a S 04000002 e5a1b2c3 d4e5f607 05000003 R b2c3d4e5 00018000 09000000 09000000',
  ],
  ['several in one', '80c90001 S 81cb0001 S'],
])('%s: those who report and those reported of are changed apart', (_title, hex) => {
  const as = (sender: string, reported: string) =>
    bytes(hex.replaceAll('S', sender).replaceAll('R', reported));
  const plain = as('11111111', '22222222');
  expect(turned(plain, 'sender')).toEqual(as('eeeeeeee', '22222222'));
  expect(turned(plain, 'reported')).toEqual(as('11111111', 'dddddddd'));
});

it('what is broken is left with as many bytes, and the same again makes it what it was', () => {
  const whole = bytes(
    '81c8000c 11111111 e5a1b2c3 d4e5f607 00000640 00000064 00003e80 22222222 40fffffe 00010005 00000028 b2c3d4e5 00018000',
    '82ca0006 11111111 0106 6140622e6363 0000 0000 11111111 01026162 00000000 80cf0005 11111111 05000003 22222222 b2c3d4e5 00018000',
  );
  for (const broken of mutations(whole, 2000, 7))
    for (const which of ['sender', 'reported'] as const) {
      const once = turned(broken, which);
      expect(once).toHaveLength(broken.length);
    }
});
