import { generateKeyPairSync, sign } from 'node:crypto';
import { expect, it } from 'vitest';
import { judgeOffered, signedBytes } from '../../../appliance/box/offered.ts';
import { parseConfig } from '../../../appliance/config.ts';

function newKey() {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { x = '' } = publicKey.export({ format: 'jwk' });
  const signed = (text: string, use: 'settings' | 'reset' = 'settings') =>
    sign(null, signedBytes(use, text), privateKey).toString('base64');
  return { publicText: Buffer.from(x, 'base64url').toString('base64'), signed };
}

const site = newKey();
const other = newKey();
const settings = (serial: number, name = 'office') =>
  `[site]\nname = "${name}"\naddress = "10.20.0.1"\n[box]\nsettings_key = "${site.publicText}"\nsettings_serial = ${serial}\n[dhcp]\nmode = "off"\n`;

const machineId = '0123456789abcdef0123456789abcdef';
const configured = { config: parseConfig(settings(3)), settings: settings(3), machineId };
const fresh = { config: parseConfig('[site]\naddress = "127.0.0.1"\n'), settings: '', machineId };

const good = settings(4, 'other name');

it('a box that nobody has configured takes good settings, signed or not', () => {
  expect(judgeOffered({ toml: good }, fresh)).toEqual({ kind: 'settings', toml: good });
  expect(judgeOffered({ toml: good, signature: 'nonsense' }, fresh)).toMatchObject({ kind: 'settings' });
});

it('wrong settings are refused with their lines', () => {
  const judged = judgeOffered({ toml: '[site]\naddress = "10.20.0.1"\nregion = "mars"\n' }, fresh);
  expect(judged).toMatchObject({
    kind: 'refused',
    words: expect.stringMatching(/^line 3: site\.region/) as string,
  });
});

it('a configured box takes what its site has signed, and newer than what it has', () => {
  expect(judgeOffered({ toml: good, signature: `${site.signed(good)}\n` }, configured)).toEqual({
    kind: 'settings',
    toml: good,
  });
  const older = settings(3, 'older');
  expect(judgeOffered({ toml: older, signature: site.signed(older) }, configured)).toMatchObject({
    kind: 'refused',
    words: expect.stringContaining('older settings') as string,
  });
});

it.each([
  ['unsigned', undefined],
  ['signed by another site', other.signed(good)],
  ['signed before it was changed', site.signed(`${good}#`)],
  ['signed for another use', site.signed(good, 'reset')],
  ['with an empty signature', ''],
  ['with a signature that is none', 'x'.repeat(500_000)],
])('a configured box refuses settings %s', (_title, signature) => {
  const judged = judgeOffered({ toml: good, ...(signature === undefined ? {} : { signature }) }, configured);
  expect(judged).toMatchObject({ kind: 'refused' });
});

it('a configured box without a key takes nothing, and is not told what is wrong with it', () => {
  const config = parseConfig('[site]\naddress = "10.20.0.1"\n');
  const judged = judgeOffered({ toml: 'broken = ' }, { ...configured, config });
  expect(judged).toMatchObject({ kind: 'refused', words: expect.stringContaining('names no key') as string });
});

it('what the box has already is nothing new', () => {
  expect(judgeOffered({ toml: settings(3) }, configured)).toEqual({ kind: 'nothing' });
  expect(judgeOffered({}, configured)).toEqual({ kind: 'nothing' });
});

it('a reset is for the one box that it names', () => {
  const reset = `${machineId}\n`;
  const signed = { reset, resetSignature: site.signed(reset, 'reset') };
  expect(judgeOffered(signed, configured)).toEqual({ kind: 'reset' });
  expect(judgeOffered(signed, { ...configured, machineId: 'f'.repeat(32) })).toMatchObject({
    kind: 'refused',
  });
  expect(judgeOffered({ reset, resetSignature: other.signed(reset, 'reset') }, configured)).toMatchObject({
    kind: 'refused',
  });
  expect(judgeOffered({ reset, resetSignature: site.signed(reset) }, configured)).toMatchObject({
    kind: 'refused',
  });
  // What the stick that has reset it meets, when it is still plugged in.
  expect(judgeOffered(signed, fresh)).toEqual({
    kind: 'refused',
    words: 'nobody has configured this box: there is nothing to reset',
  });
});
