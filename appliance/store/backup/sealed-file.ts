/**
 * A file that only its passphrase opens: a head, then pieces sealed one by one, so that it is never whole in memory and can't be
 * cut, reordered or changed unnoticed (STREAM: Hoang, Reyhanitabar, Rogaway, Vizár: "Online Authenticated-Encryption", 2015).
 * The key comes from the passphrase by scrypt (RFC 7914), the pieces are sealed by AES-256-GCM.
 */
import { createCipheriv, createDecipheriv, randomBytes, scryptSync } from 'node:crypto';
import { fstatSync, readSync } from 'node:fs';
import { writeWhole } from '../write-whole.ts';

/** What is in the file can't be used; the message says why, for the person who has it. */
export class BackupError extends Error {
  override readonly name = 'BackupError';
}

const magic = Buffer.from('gatehouse backup 1\n');
const saltBytes = 16;
const pieceBytes = 65_536;
const tagBytes = 16;
/** Half a second and 128 MB a guess. Not read from the file: it could ask for any amount. */
const cost = { N: 2 ** 17, r: 8, p: 1, maxmem: 192 * 1024 * 1024 };

export interface Sealing {
  write(bytes: Uint8Array): void;
  /** Without it the file counts as cut short. */
  end(): void;
}

/** Writes to an open, empty file. Throws the file system's errors. */
export function sealInto(file: number, passphrase: string): Sealing {
  const salt = randomBytes(saltBytes);
  const key = keyFrom(passphrase, salt);
  writeWhole(file, Buffer.concat([magic, salt]));
  const pending = Buffer.alloc(pieceBytes);
  let filled = 0;
  let count = 0;
  const flush = (isLast: boolean) => {
    const cipher = createCipheriv('aes-256-gcm', key, nonce(count, isLast)).setAAD(magic);
    const sealed = Buffer.concat([
      cipher.update(pending.subarray(0, filled)),
      cipher.final(),
      cipher.getAuthTag(),
    ]);
    writeWhole(file, sealed);
    count += 1;
    filled = 0;
  };
  return {
    write: (bytes) => {
      for (let at = 0; at < bytes.length;) {
        if (filled === pieceBytes) flush(false);
        const taken = Math.min(pieceBytes - filled, bytes.length - at);
        pending.set(bytes.subarray(at, at + taken), filled);
        filled += taken;
        at += taken;
      }
    },
    end: () => {
      flush(true);
    },
  };
}

/** What was written, in pieces of any length. Throws {@link BackupError} at the first piece that isn't as it was written. */
export function* unseal(file: number, passphrase: string): Generator<Buffer> {
  const head = Buffer.alloc(magic.length + saltBytes);
  let left = fstatSync(file).size - head.length;
  if (left < tagBytes || readSync(file, head) < head.length || !head.subarray(0, magic.length).equals(magic))
    throw new BackupError('this is no backup of Gatehouse, or one of a newer release');
  const key = keyFrom(passphrase, head.subarray(magic.length));
  const sealed = Buffer.alloc(pieceBytes + tagBytes);
  for (let count = 0; left > 0; count += 1) {
    const size = Math.min(sealed.length, left);
    left -= size;
    if (readSync(file, sealed, 0, size, null) < size) throw new BackupError('the file is cut short');
    const opened = open(key, nonce(count, left === 0), sealed.subarray(0, size));
    if (opened === undefined) throw new BackupError(count === 0 ? wrongOrDamaged : damaged);
    yield opened;
  }
}

const wrongOrDamaged = 'the passphrase is not the one of this file, or the file is damaged';
const damaged = 'the file is damaged or cut short';

function open(key: Buffer, iv: Buffer, sealed: Buffer): Buffer | undefined {
  const end = sealed.length - tagBytes;
  if (end < 0) return undefined;
  const decipher = createDecipheriv('aes-256-gcm', key, iv).setAAD(magic).setAuthTag(sealed.subarray(end));
  const opened = decipher.update(sealed.subarray(0, end));
  try {
    return Buffer.concat([opened, decipher.final()]);
  } catch {
    return undefined;
  }
}

/** A key seals one file only, so that a counter is nonce enough; its last byte tells the last piece. */
function nonce(count: number, isLast: boolean): Buffer {
  const bytes = Buffer.alloc(12);
  bytes.writeUIntBE(count, 5, 6);
  bytes[11] = isLast ? 1 : 0;
  return bytes;
}

function keyFrom(passphrase: string, salt: Buffer): Buffer {
  // However the keyboard composed it.
  return scryptSync(passphrase.normalize('NFKC'), salt, 32, cost);
}
