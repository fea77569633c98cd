import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { assert, integer, nat, property } from 'fast-check';
import { expect, test } from 'vitest';
import {
  openAccountKey,
  readAccountSealer,
  type AccountName,
  type AccountOpener,
} from '../../../appliance/store/account-seal.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const name = { mac: '00:15:65:aa:bb:01', user: '1001' };
const secret = { authUser: '1001@contoso.com', password: 'correct-horse' };

function open() {
  const directory = temporaryDirectory();
  const opener = openAccountKey(directory);
  const sealer = readAccountSealer(directory);
  if (sealer === undefined) throw new Error('no sealer');
  return { directory, opener, sealer };
}

function canOpen(opener: AccountOpener, name: AccountName, sealed: Uint8Array): boolean {
  try {
    opener.open(name, sealed);
    return true;
  } catch {
    return false;
  }
}

test('what is sealed with the public half only the private half opens', () => {
  const { directory, opener, sealer } = open();
  const sealed = sealer.seal(name, secret);
  expect(Buffer.from(sealed).includes(secret.password)).toBe(false);
  expect(opener.keyId).toBe(sealer.keyId);
  expect(openAccountKey(directory).open(name, sealed)).toEqual(secret);
  expect(canOpen(openAccountKey(temporaryDirectory()), name, sealed)).toBe(false);
});

test('each record is sealed anew, and is nobody else’s', () => {
  const { opener, sealer } = open();
  const sealed = sealer.seal(name, secret);
  expect(Buffer.from(sealer.seal(name, secret)).equals(sealed)).toBe(false);
  expect(canOpen(opener, { ...name, user: '1002' }, sealed)).toBe(false);
  expect(canOpen(opener, { ...name, mac: '00:15:65:aa:bb:02' }, sealed)).toBe(false);
});

test('a record that was changed, cut or made up is refused', () => {
  const { opener, sealer } = open();
  const sealed = sealer.seal(name, secret);
  for (let end = 0; end < sealed.length; end += 1)
    expect(canOpen(opener, name, sealed.subarray(0, end))).toBe(false);
  assert(
    property(nat(sealed.length - 1), integer({ min: 1, max: 255 }), (at, change) => {
      const changed = Uint8Array.from(sealed);
      changed[at] = (changed[at] ?? 0) ^ change;
      // RFC 7748 ignores the top bit of the public key: it is bound by the key's derivation all the same.
      expect(canOpen(opener, name, changed)).toBe(false);
    }),
    { numRuns: 200 },
  );
});

test('the private half is for its owner alone, the public one for the group', () => {
  const { directory } = open();
  expect(statSync(join(directory, 'sip', 'account.key')).mode & 0o777).toBe(0o600);
  expect(statSync(join(directory, 'sip', 'account.pub')).mode & 0o777).toBe(0o640);
});

test('a damaged or lost key is made anew, and the public half follows it', () => {
  const { directory, opener } = open();
  writeFileSync(join(directory, 'sip', 'account.key'), 'half a key');
  const again = openAccountKey(directory);
  expect(again.keyId).not.toBe(opener.keyId);
  expect(readAccountSealer(directory)?.keyId).toBe(again.keyId);
  writeFileSync(join(directory, 'sip', 'account.pub'), readFileSync(join(directory, 'sip', 'account.key')));
  expect(openAccountKey(directory).keyId).toBe(again.keyId);
  expect(readAccountSealer(directory)?.keyId).toBe(again.keyId);
});

test('where sip has never run nothing can be sealed', () => {
  const directory = temporaryDirectory();
  expect(readAccountSealer(directory)).toBeUndefined();
  expect(existsSync(join(directory, 'sip'))).toBe(false);
});
