/**
 * A disk that keeps what it was told to sync and may forget the rest:
 * `node forgetful-disk-process.ts <image> <unsynced> <disk> <pid> [lie|record]`. It serves one file by FUSE over the file <disk> in
 * the mount namespace of <pid>, on which a loop device and a file system can be put: the kernel hands each write on at once, and a
 * flush of the disk arrives as FSYNC. <image> has what was synced, <unsynced> the writes since then in order, each with its offset (u64) and length (u32)
 * before it. With "lie" syncs are answered and not done. Killed, it is a disk whose power failed; once the file <image>.cut is
 * there it kills itself after one of the next writes, so that cuts fall between a write and its sync. With "record" <image> stays as
 * it is, and <unsynced> keeps all writes, with one of length 0 for each sync.
 * Numbers and layouts are those of include/uapi/linux/fuse.h, protocol 7.31.
 */
import { spawnSync } from 'node:child_process';
import {
  existsSync,
  ftruncateSync,
  openSync,
  readFileSync,
  readSync,
  writeFileSync,
  writeSync,
} from 'node:fs';

const [image = '', unsynced = '', disk = '', holder = '', mode] = process.argv.slice(2);

const headerIn = 40;
const headerOut = 16;
const maxWrite = 128 * 1024;
const bigWrites = 1 << 5;
const regularFile = 0o100600;
const noSuchCall = 38;

const content = readFileSync(image);
const durable = openSync(image, 'r+');
writeFileSync(unsynced, '');
// Appending: after it was emptied the next write goes to its beginning.
const log = openSync(unsynced, 'a');
let writesLeft = 1 + Math.floor(Math.random() * 16);
let pending: { at: number; bytes: Buffer }[] = [];

function write(at: number, bytes: Buffer): void {
  bytes.copy(content, at);
  if (mode === undefined) pending.push({ at, bytes });
  note(at, bytes);
  if (!existsSync(`${image}.cut`)) return;
  writesLeft -= 1;
  if (writesLeft <= 0) process.kill(process.pid, 'SIGKILL');
}

function note(at: number, bytes: Buffer): void {
  const head = Buffer.alloc(12);
  head.writeBigUInt64LE(BigInt(at), 0);
  head.writeUInt32LE(bytes.length, 8);
  writeSync(log, Buffer.concat([head, bytes]));
}

function sync(): void {
  if (mode === 'record') note(0, Buffer.alloc(0));
  if (mode !== undefined) return;
  for (const { at, bytes } of pending) writeSync(durable, bytes, 0, bytes.length, at);
  pending = [];
  ftruncateSync(log, 0);
}

/** Attributes of the one file: 88 bytes. */
function attributes(): Buffer {
  const bytes = Buffer.alloc(88);
  bytes.writeBigUInt64LE(1n, 0);
  bytes.writeBigUInt64LE(BigInt(content.length), 8);
  bytes.writeBigUInt64LE(BigInt(content.length / 512), 16);
  bytes.writeUInt32LE(regularFile, 60);
  bytes.writeUInt32LE(1, 64);
  bytes.writeUInt32LE(4096, 80);
  return bytes;
}

function initialised(): Buffer {
  const bytes = Buffer.alloc(64);
  // Version, size of requests, flags, and a clock of whole nanoseconds.
  const fields = { 0: 7, 4: 31, 8: maxWrite, 12: bigWrites, 20: maxWrite, 24: 1 };
  for (const [at, value] of Object.entries(fields)) bytes.writeUInt32LE(value, Number(at));
  return bytes;
}

/** What each request is answered with; what isn't here the kernel does without. */
const answers: Readonly<Record<number, (body: Buffer) => Buffer>> = {
  /* GETATTR */ 3: () => Buffer.concat([Buffer.alloc(16), attributes()]),
  /* SETATTR */ 4: () => Buffer.concat([Buffer.alloc(16), attributes()]),
  /* OPEN */ 14: () => Buffer.alloc(16),
  /* READ */ 15: (body) => {
    const at = Number(body.readBigUInt64LE(8));
    return content.subarray(at, at + body.readUInt32LE(16));
  },
  /* WRITE */ 16: (body) => {
    const length = body.readUInt32LE(16);
    write(Number(body.readBigUInt64LE(8)), Buffer.from(body.subarray(40, 40 + length)));
    const written = Buffer.alloc(8);
    written.writeUInt32LE(length, 0);
    return written;
  },
  /* STATFS */ 17: () => Buffer.alloc(80),
  /* RELEASE */ 18: () => Buffer.alloc(0),
  /* FSYNC */ 20: () => {
    sync();
    return Buffer.alloc(0);
  },
  /* FLUSH */ 25: () => Buffer.alloc(0),
  /* INIT */ 26: initialised,
  /* DESTROY */ 38: () => Buffer.alloc(0),
};
/** FORGET and BATCH_FORGET. */
const unanswered = [2, 42];

const fuse = openSync('/dev/fuse', 'r+');
const options = `fd=3,rootmode=${regularFile.toString(8)},user_id=0,group_id=0`;
const mount = ['mount', '-i', '-t', 'fuse', '-o', options, 'forgetful-disk', disk];
// Never in there itself: the last one out of a mount namespace waits for the disk, and would be the disk.
const mounted = spawnSync('nsenter', [`--mount=/proc/${holder}/ns/mnt`, ...mount], {
  stdio: ['ignore', 'inherit', 'inherit', fuse],
});
if (mounted.status !== 0) throw new Error(`cannot mount over ${disk}`);
console.log('disk is there');

const request = Buffer.alloc(maxWrite + 4096);
for (;;) {
  const length = readSync(fuse, request);
  const code = request.readUInt32LE(4);
  if (unanswered.includes(code)) continue;
  const answer = answers[code];
  const body = answer?.(request.subarray(headerIn, length)) ?? Buffer.alloc(0);
  const head = Buffer.alloc(headerOut);
  head.writeUInt32LE(headerOut + body.length, 0);
  head.writeInt32LE(answer === undefined ? -noSuchCall : 0, 4);
  request.copy(head, 8, 8, 16);
  writeSync(fuse, Buffer.concat([head, body]));
}
