import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BackupError, sealInto, unseal } from '../../../../appliance/store/backup/sealed-file.ts';

const passphrase = 'correct horse battery staple';
const content = Buffer.alloc(150_000, 'accounts and leases ');
const directory = mkdtempSync(join(tmpdir(), 'gatehouse-test-'));
const path = join(directory, 'backup');
/** The content above, sealed. */
let whole: Buffer;

beforeAll(() => {
  whole = sealed(content, passphrase);
});

afterAll(() => {
  rmSync(directory, { recursive: true });
});

function sealed(bytes: Buffer, words: string): Buffer {
  const file = openSync(path, 'w');
  const sealing = sealInto(file, words);
  // In parts that fit no piece.
  for (let at = 0; at < bytes.length; at += 50_000) sealing.write(bytes.subarray(at, at + 50_000));
  sealing.end();
  closeSync(file);
  return readFileSync(path);
}

function opened(bytes: Buffer, words = passphrase): Buffer {
  writeFileSync(path, bytes);
  const file = openSync(path, 'r');
  try {
    return Buffer.concat([...unseal(file, words)]);
  } finally {
    closeSync(file);
  }
}

it('what was sealed comes back as it was, and can be read by nobody else', () => {
  expect(opened(whole).equals(content)).toBe(true);
  expect(whole.includes('leases')).toBe(false);
  expect(() => opened(whole, `${passphrase}r`)).toThrow('the passphrase is not the one of this file');
});

it('content that fills its pieces to the last byte comes back too', () => {
  const full = content.subarray(0, 131_072);
  expect(opened(sealed(full, passphrase)).equals(full)).toBe(true);
});

it('a passphrase is the same on every keyboard', () => {
  const empty = sealed(Buffer.alloc(0), 'Gr\u00FC\u00DFe an alle');
  expect(opened(empty, 'Gru\u0308\u00DFe an alle')).toHaveLength(0);
});

it.each([
  ['cut in the middle of a piece', () => whole.subarray(0, 100_000)],
  ['cut between two pieces', () => whole.subarray(0, head + piece)],
  ['with a bit changed', () => changed(70_000)],
  ['with a bit of its salt changed', () => changed(25)],
  ['with two pieces exchanged', exchanged],
  ['with something behind its end', () => Buffer.concat([whole, Buffer.alloc(20)])],
  ['that is empty', () => Buffer.alloc(0)],
  ['that is something else', () => Buffer.from('PK\u0003\u0004 some other archive, long enough to look at')],
])('a file %s is refused', (_what, spoilt) => {
  expect(() => opened(spoilt())).toThrow(BackupError);
});

const [head, piece] = [35, 65_552];

function changed(at: number): Buffer {
  const bytes = Buffer.from(whole);
  bytes[at] = (bytes[at] ?? 0) ^ 1;
  return bytes;
}

function exchanged(): Buffer {
  const second = head + piece;
  const third = second + piece;
  const parts = [whole.subarray(0, head), whole.subarray(second, third), whole.subarray(head, second)];
  return Buffer.concat([...parts, whole.subarray(third)]);
}
