/** Files on their way through the page to who puts them in: one upload at a time, and nothing is left of one that is given up. */
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { OrderArguments } from '../store/box-orders.ts';
import { hasRoom } from '../store/disk-room.ts';
import { readOutcome } from '../store/outcomes.ts';
import { repeat, type World } from '../world.ts';
import { newPieces, PieceError } from './pieces.ts';

export interface ExpectedFile {
  readonly name: string;
  /** In all. */
  readonly bytes: number;
}

export interface Upload {
  readonly id: string;
  /** Session of the admin who uploads it. */
  readonly session: string;
  readonly files: readonly ExpectedFile[];
  /** What it is, for whoever puts it in. */
  readonly words: OrderArguments;
}

/** A piece of one of its files. */
interface Piece {
  readonly name: string;
  readonly body: unknown;
  readonly offset: number;
}

export interface Uploads extends AsyncDisposable {
  /** False: another one is under way. Throws a {@link PieceError} where there is no room. */
  begin(upload: Upload): boolean;
  /** Undefined: it is over, or somebody else's. */
  of(id: string, session: string | undefined): Upload | undefined;
  /** These belong to it too. */
  expect(upload: Upload, files: readonly ExpectedFile[]): void;
  /** How much of each file is here. */
  taken(upload: Upload): readonly (ExpectedFile & { readonly taken: number })[];
  /** Resolves with how many bytes of the file are here. Rejects with a PieceError; without room the upload is over. */
  take(upload: Upload, piece: Piece): Promise<number>;
  /** It may be read by who puts it in, and is nobody's to change any more. False: not all of it is here. */
  close(upload: Upload): boolean;
  /** Kept until the order has ended, or can't be begun any more. */
  handOver(upload: Upload, given: { order: string; deadlineAt: number }): void;
  giveUp(upload: Upload): void;
}

interface Where {
  readonly stateDirectory: string;
  /** It is this function's alone. */
  readonly folder: string;
  /** Nothing came for so long: a browser that is closed says nothing. */
  readonly idleMs: number;
}

const lookEveryMs = 5000;

interface Current extends Upload {
  readonly files: ExpectedFile[];
  readonly taken: Map<string, number>;
  at: number;
  isClosed: boolean;
  given?: { readonly order: string; readonly deadlineAt: number };
}

/** The one place for an upload. */
interface Place extends Where {
  current?: Current | undefined;
}

/** What an earlier process left behind goes. */
export function openUploads(where: Where, { clock, log }: World): Uploads {
  const place: Place = { ...where };
  const takePiece = newPieces();
  const here = ({ id }: Upload) => (place.current?.id === id ? place.current : undefined);
  const onError = (error: unknown) => log.warn({ error: String(error) }, 'an upload was not removed');
  // A disk that takes no writes is what the page is there to tell.
  attempt(() => drop(place), onError);
  const work = () => sweep(place, clock.now());
  const sweeping = repeat(clock, lookEveryMs, { work, onError });
  return {
    begin: (upload) => {
      sweep(place, clock.now());
      if (place.current !== undefined) return false;
      begin(place, upload, clock.now());
      return true;
    },
    of: (id, session) => {
      const { current } = place;
      return current?.id === id && current.session === session && !current.isClosed ? current : undefined;
    },
    expect: (upload, files) => {
      const known = here(upload)?.files;
      known?.push(...files.filter(({ name }) => !known.some((file) => file.name === name)));
    },
    taken: (upload) => {
      const { files = [], taken } = here(upload) ?? {};
      return files.map((file) => ({ ...file, taken: taken?.get(file.name) ?? 0 }));
    },
    take: async (upload, { name, body, offset }) => {
      const expected = upload.files.find((file) => file.name === name);
      if (expected === undefined) throw new PieceError('no_file');
      const to = { file: join(place.folder, expected.name), offset, most: expected.bytes - offset };
      const taken = await takePiece(body, to).catch((error: unknown) => {
        if (error instanceof PieceError && error.reason === 'no_room' && here(upload)) drop(place);
        throw error;
      });
      const current = here(upload);
      current?.taken.set(name, taken);
      if (current !== undefined) current.at = clock.now();
      return taken;
    },
    close: (upload) => close(place, here(upload)),
    handOver: (upload, given) => {
      const current = here(upload);
      if (current !== undefined) current.given = given;
    },
    giveUp: (upload) => {
      if (here(upload)) drop(place);
    },
    [Symbol.asyncDispose]: async () => {
      await sweeping[Symbol.asyncDispose]();
      // What was handed over may just be read.
      if (place.current?.given === undefined) drop(place);
    },
  };
}

function attempt(work: () => void, onError: (error: unknown) => void): void {
  try {
    work();
  } catch (error) {
    onError(error);
  }
}

function begin(place: Place, upload: Upload, now: number): void {
  const { folder } = place;
  mkdirSync(folder, { recursive: true });
  // The part that puts it in is another user of our group.
  chmodSync(folder, 0o750);
  // Once here, once where it goes.
  const bytes = upload.files.reduce((sum, file) => sum + file.bytes, 0);
  if (!hasRoom(folder, 2 * bytes)) throw new PieceError('no_room');
  place.current = { ...upload, files: [...upload.files], taken: new Map(), at: now, isClosed: false };
}

function close({ folder }: Place, current: Current | undefined): boolean {
  if (current === undefined) return false;
  const { files, taken } = current;
  if (files.some(({ name, bytes }) => taken.get(name) !== bytes)) return false;
  for (const { name } of files) chmodSync(join(folder, name), 0o640);
  current.isClosed = true;
  return true;
}

function sweep(place: Place, now: number): void {
  if (place.current !== undefined && isOver(place, place.current, now)) drop(place);
}

function isOver({ stateDirectory, idleMs }: Place, { at, given }: Current, now: number): boolean {
  if (given === undefined) return Math.abs(now - at) > idleMs;
  const outcome = readOutcome(stateDirectory, given.order);
  return outcome === undefined ? now > given.deadlineAt : outcome.state !== 'running';
}

function drop(place: Place): void {
  place.current = undefined;
  rmSync(place.folder, { recursive: true, force: true });
}
