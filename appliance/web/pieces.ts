/** Files that come in pieces, each a request of its own: what passes is on disk and never in memory. */
import { open, type FileHandle } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Readable } from 'node:stream';
import { hasRoom } from '../store/disk-room.ts';
import { failure, type Answer } from './routes.ts';

/** A piece has to come within the time that a request has. */
const mostPieceBytes = 4 * 2 ** 20;

const reasons = {
  no_bytes: [400, 'A piece is sent as application/octet-stream.'],
  no_file: [404, 'No such file belongs to it.'],
  gone: [400, 'The piece did not come to its end.'],
  busy: [409, 'Another piece of it is just coming.'],
  wrong_offset: [409, 'The next piece begins elsewhere.'],
  too_large: [413, 'There is more of it than may be.'],
  no_room: [507, 'There is no room for this on the box.'],
} as const;

/** The file is as it was before the piece. */
export class PieceError extends Error {
  readonly reason: keyof typeof reasons;
  constructor(reason: keyof typeof reasons, { words = reasons[reason][1], cause }: Told = {}) {
    super(words, { cause });
    this.reason = reason;
  }
}

interface Told {
  readonly words?: string;
  readonly cause?: unknown;
}

export function pieceFailure(error: unknown): Answer {
  if (!(error instanceof PieceError)) throw error;
  return failure(reasons[error.reason][0], error.reason, error.message);
}

interface Place {
  readonly file: string;
  /** The file's size so far; 0 begins it anew. */
  readonly offset: number;
  /** Bytes that may still come. */
  readonly most: number;
}

/** Resolves with the file's size when the piece is on disk. Rejects with a {@link PieceError}. */
export type TakePiece = (body: unknown, place: Place) => Promise<number>;

/** One piece of a file at a time. */
export function newPieces(): TakePiece {
  const busy = new Set<string>();
  return async (body, place) => {
    const { file, offset, most } = place;
    if (most <= 0) throw new PieceError('too_large');
    if (!(body instanceof Readable)) throw new PieceError('no_bytes');
    if (busy.has(file)) throw new PieceError('busy');
    busy.add(file);
    try {
      if (!hasRoom(dirname(file), mostPieceBytes)) throw new PieceError('no_room');
      await using handle = await openAt(file, offset);
      return await write(handle, body, place);
    } finally {
      busy.delete(file);
    }
  };
}

async function openAt(file: string, offset: number): Promise<FileHandle> {
  const handle = await open(file, offset === 0 ? 'w' : 'r+', 0o600).catch((error: unknown) => {
    throw (error as NodeJS.ErrnoException).code === 'ENOENT' && offset > 0 ? elsewhere(0) : error;
  });
  const { size } = await handle.stat();
  if (size === offset) return handle;
  await handle.close();
  throw elsewhere(size);
}

function elsewhere(size: number): PieceError {
  return new PieceError('wrong_offset', { words: `The next piece begins at ${size}.` });
}

async function write(handle: FileHandle, body: Readable, { offset, most }: Place): Promise<number> {
  const end = offset + Math.min(most, mostPieceBytes);
  let at = offset;
  try {
    for await (const chunk of body.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      if (at + chunk.length > end) throw new PieceError('too_large');
      for (let from = 0; from < chunk.length;) {
        const { bytesWritten } = await handle.write(chunk, from, chunk.length - from, at);
        from += bytesWritten;
        at += bytesWritten;
      }
    }
    await handle.datasync();
    return at;
  } catch (error) {
    // Read to its end, or whoever sends it would not hear the answer.
    body.resume();
    // A hole, or a part, would not be seen by the next piece.
    await handle.truncate(offset);
    if (error instanceof PieceError) throw error;
    const isFull = (error as NodeJS.ErrnoException).code === 'ENOSPC';
    throw new PieceError(isFull ? 'no_room' : 'gone', { cause: error });
  }
}
