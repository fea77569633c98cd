/** A firmware file for a phone: in whole, or what it lacks of it (RFC 9110: ranges, conditions), read as it leaves. */
import { constants, fstatSync } from 'node:fs';
import { open, type FileHandle } from 'node:fs/promises';
import { parseRange, type ByteRange } from '../protocol/http-range.ts';
import type { BodyStream, HttpAnswer, HttpRequest } from '../net/http-server.ts';
import type { Header } from '../net/http-upstream.ts';
import type { FirmwareFile } from '../store/firmware-files.ts';
import { emptyAnswer } from './context.ts';
import { isUnchanged } from './firmware-folder.ts';
import { isKnown } from './conditions.ts';
import { headerValue } from './headers.ts';
import type { Pace } from './pace.ts';

/** Also what is in memory of each transfer. Larger ones cost less: a piece takes as long as the rate gives it, 2 ms. */
const pieceLimits = { least: 65_536, most: 262_144 };
const piecesPerSecond = 500;
/** More at once get 503 and come again: 256 pieces are what the pace has to hand out in turn. */
const mostTransfers = 256;
const mostPerAddress = 4;

export interface Downloads {
  /** `file` is one that was looked at and found good, at `path`. */
  answer(request: HttpRequest, file: FirmwareFile, path: string): HttpAnswer;
  /** Under way. */
  readonly running: () => number;
}

interface Needs {
  readonly pace: Pace;
  /** Of the pace. */
  readonly bytesPerSecond: number;
  readonly signal: AbortSignal;
  /** The whole of what was asked for has left, or not. */
  readonly onEnd: (file: FirmwareFile, sent: { bytes: number; isWhole: boolean; ip: string }) => void;
}

export function newDownloads({ pace, bytesPerSecond, signal, onEnd }: Needs): Downloads {
  const { least, most } = pieceLimits;
  const pieceBytes = Math.min(most, Math.max(least, Math.floor(bytesPerSecond / piecesPerSecond)));
  const running = new Map<string, number>();
  let count = 0;
  const takePlace = (ip: string): Disposable | undefined => {
    const own = running.get(ip) ?? 0;
    if (count >= mostTransfers || own >= mostPerAddress) return undefined;
    count += 1;
    running.set(ip, own + 1);
    return {
      [Symbol.dispose]: () => {
        count -= 1;
        const left = (running.get(ip) ?? 1) - 1;
        if (left === 0) running.delete(ip);
        else running.set(ip, left);
      },
    };
  };
  return {
    running: () => count,
    answer: (request, file, path) => {
      if (request.method !== 'GET' && request.method !== 'HEAD')
        return emptyAnswer(405, [['Allow', 'GET, HEAD']]);
      const tag = `"${file.sha256}"`;
      if (isKnown(headerValue(request.headers, 'if-none-match'), tag))
        return { ...emptyAnswer(304, [['ETag', tag]]), length: file.size };
      const range = wantedRange(request, file, tag);
      if (range === 'unsatisfiable') return emptyAnswer(416, [['Content-Range', `bytes */${file.size}`]]);
      const { status, headers, part } = head(file, tag, range);
      if (request.method === 'HEAD') return { status, headers, body: new Uint8Array(), length: file.size };
      const place = takePlace(request.remoteAddress);
      if (place === undefined) return emptyAnswer(503, [['Retry-After', '120']]);
      const sent = { bytes: 0, isWhole: false, ip: request.remoteAddress };
      const stream: BodyStream = {
        length: part.last - part.first + 1,
        chunks: pieces({ file, path, part, pace, pieceBytes, signal, sent }),
        [Symbol.dispose]: () => {
          place[Symbol.dispose]();
          onEnd(file, sent);
        },
      };
      return { status, headers, body: new Uint8Array(), stream };
    },
  };
}

/** A range counts only while the file is the one that the phone has the beginning of (13.1.5). */
function wantedRange({ method, headers }: HttpRequest, file: FirmwareFile, tag: string) {
  const condition = headerValue(headers, 'if-range');
  const isSame = condition === '' || condition === tag || condition === lastModified(file);
  return method === 'GET' && isSame ? parseRange(headerValue(headers, 'range'), file.size) : 'whole';
}

function head(file: FirmwareFile, tag: string, range: ByteRange | 'whole') {
  const headers: Header[] = [
    ['Content-Type', 'application/octet-stream'],
    ['Accept-Ranges', 'bytes'],
    ['ETag', tag],
    ['Last-Modified', lastModified(file)],
  ];
  if (range === 'whole') return { status: 200, headers, part: { first: 0, last: file.size - 1 } };
  headers.push(['Content-Range', `bytes ${range.first}-${range.last}/${file.size}`]);
  return { status: 206, headers, part: range };
}

function lastModified({ changedAt }: FirmwareFile): string {
  return new Date(changedAt).toUTCString();
}

interface Sending {
  readonly file: FirmwareFile;
  readonly path: string;
  readonly part: ByteRange;
  readonly pace: Pace;
  readonly pieceBytes: number;
  readonly signal: AbortSignal;
  readonly sent: { bytes: number; isWhole: boolean };
}

/** Throws, and so cuts the connection, when the file is not the one that was looked at: half of each is no firmware. */
async function* pieces({
  file,
  path,
  part,
  pace,
  pieceBytes,
  signal,
  sent,
}: Sending): AsyncGenerator<Uint8Array> {
  await using handle = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  // One for all pieces: making them cost more than sending them, and their collection stood in the way of others.
  const memory = Buffer.allocUnsafeSlow(Math.min(pieceBytes, part.last + 1 - part.first));
  while (part.first + sent.bytes <= part.last) {
    const at = part.first + sent.bytes;
    const length = Math.min(pieceBytes, part.last + 1 - at);
    await pace.turn(length, signal);
    const { bytesRead } = await handle.read(memory, 0, length, at);
    // Before the last piece leaves: whatever was written meanwhile, the phone does not get a whole file.
    if (bytesRead < length || !isStill(handle, file))
      throw new Error(`${path} was changed while it was sent`);
    yield memory.subarray(0, length);
    sent.bytes += length;
  }
  sent.isWhole = true;
}

function isStill({ fd }: FileHandle, { size, changedAt }: FirmwareFile): boolean {
  return isUnchanged(fstatSync(fd), { size, mtimeMs: changedAt });
}
