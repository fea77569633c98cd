/** The files of a backup, one after the other: a line of JSON about each, then its bytes. Pure. */
import { BackupError } from './sealed-file.ts';

export interface Entry {
  /** `state/dhcp/dhcp.db`, `settings`, or `named/etc/gatehouse/cloud.token` for a file that the settings name. */
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** Bytes; 0 for a folder. */
  readonly size: number;
  /** Permission bits only. */
  readonly mode: number;
  /** By name: the same user has another number on another machine. */
  readonly user: string;
  readonly group: string;
}

export interface EntryWithContent {
  readonly entry: Entry;
  readonly content: Iterable<Buffer>;
}

const mostLineBytes = 4096;
const mostEntries = 10_000;

export function entryLine(entry: Entry): Buffer {
  return Buffer.from(`${JSON.stringify(entry)}\n`);
}

/**
 * Each entry with its bytes, which must be read to the end before the next is asked for. Throws {@link BackupError} for a path that
 * leads out of its place and for more than a box has.
 */
export function* readEntries(pieces: Iterable<Buffer>): Generator<EntryWithContent> {
  const source = byteSource(pieces);
  for (let count = 0; ; count += 1) {
    const line = source.line(mostLineBytes);
    if (line === undefined) return;
    if (count === mostEntries) throw new BackupError(`it has more than ${mostEntries} files`);
    const entry = parseEntry(line);
    yield { entry, content: source.next(entry.size) };
  }
}

function parseEntry(line: string): Entry {
  const entry = parseObject(line);
  const { path, kind, size, mode, user, group } = entry;
  if (typeof path !== 'string' || !isSafe(path)) throw new BackupError(`a path in it is not safe`);
  if (
    (kind !== 'file' && kind !== 'folder') ||
    !isCount(size, Number.MAX_SAFE_INTEGER) ||
    !isCount(mode, 0o7777) ||
    typeof user !== 'string' ||
    typeof group !== 'string' ||
    (kind === 'folder' && size !== 0)
  )
    throw new BackupError(`what it says of ${path} can't be read`);
  return { path, kind, size, mode, user, group };
}

function parseObject(line: string): Partial<Record<keyof Entry, unknown>> {
  try {
    const parsed: unknown = JSON.parse(line);
    if (typeof parsed === 'object' && parsed !== null) return parsed;
  } catch {
    // Told below.
  }
  throw new BackupError('its list of files is damaged');
}

/** Whether it stays in its place: no step up, nothing that a terminal obeys, nothing longer than a name may be. */
export function isSafe(path: string): boolean {
  const isKnown = path === 'settings' || /^(?:state|named)\//.test(path);
  return (
    isKnown &&
    path
      .split('/')
      .every(
        (name) => /^[^\p{Cc}]+$/u.test(name) && !/^\.{1,2}$/.test(name) && Buffer.byteLength(name) <= 255,
      )
  );
}

function isCount(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most;
}

function byteSource(pieces: Iterable<Buffer>) {
  const iterator = pieces[Symbol.iterator]();
  let held: Buffer = Buffer.alloc(0);
  const more = (): boolean => {
    const { value, done } = iterator.next();
    if (done === true) return false;
    held = held.length === 0 ? value : Buffer.concat([held, value]);
    return true;
  };
  return {
    /** Undefined at the end. */
    line: (most: number): string | undefined => {
      let end = held.indexOf(0x0a);
      while (end === -1) {
        if (held.length > most) throw new BackupError('its list of files is damaged');
        if (!more()) {
          if (held.length > 0) throw new BackupError('it ends in the middle of a file');
          return undefined;
        }
        end = held.indexOf(0x0a);
      }
      const line = held.toString('utf8', 0, end);
      held = held.subarray(end + 1);
      return line;
    },
    next: function* (size: number): Generator<Buffer> {
      let left = size;
      while (left > 0) {
        if (held.length === 0 && !more()) throw new BackupError('it ends in the middle of a file');
        const taken = held.subarray(0, left);
        held = held.subarray(taken.length);
        left -= taken.length;
        yield taken;
      }
    },
  };
}
