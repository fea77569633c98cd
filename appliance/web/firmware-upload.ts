/** A firmware file on its way through the page: one at a time, and nothing is left of one that is given up. */
import { randomUUID } from 'node:crypto';
import { chmodSync, mkdirSync, rmSync } from 'node:fs';
import type { OrderArguments } from '../store/box-orders.ts';
import { readOutcome } from '../store/outcomes.ts';
import { uploadedFirmware, uploadFolder } from '../store/firmware-folder.ts';
import { repeat, type World } from '../world.ts';
import { hasRoom } from '../store/disk-room.ts';
import { newPieces, PieceError } from './pieces.ts';

export interface Uploading {
  readonly id: string;
  /** Session of the admin who uploads it. */
  readonly session: string;
  /** In all. */
  readonly bytes: number;
  /** What it is, for whoever puts it in. */
  readonly words: OrderArguments;
}

export interface FirmwareUploads extends AsyncDisposable {
  /** False: another one is under way. Throws a {@link PieceError} where there is no room. */
  begin(file: Omit<Uploading, 'id'>): Uploading | undefined;
  /** Undefined: it is over, or somebody else's. */
  of(id: string, session: string | undefined): Uploading | undefined;
  /** Resolves with how many bytes are here. Rejects with a PieceError; without room the upload is over. */
  take(upload: Uploading, body: unknown, offset: number): Promise<number>;
  /** It may be read by who puts it in, and is nobody's to change any more. False: not all of it is here. */
  close(upload: Uploading): boolean;
  /** Kept until the order has ended, or can't be begun any more. */
  handOver(upload: Uploading, given: { order: string; deadlineAt: number }): void;
  giveUp(upload: Uploading): void;
}

/** A browser that is closed says nothing. */
const idleMs = 60_000;
const lookEveryMs = 5000;

interface Current extends Uploading {
  taken: number;
  at: number;
  isClosed: boolean;
  given?: { readonly order: string; readonly deadlineAt: number };
}

/** The one place for an upload. */
interface Place {
  readonly directory: string;
  current?: Current | undefined;
}

/** What an earlier process left behind goes. */
export function openFirmwareUploads(directory: string, { clock, log }: World): FirmwareUploads {
  const place: Place = { directory };
  const takePiece = newPieces();
  const isHere = ({ id }: Uploading) => place.current?.id === id;
  const onError = (error: unknown) => log.warn({ error: String(error) }, 'an upload was not removed');
  try {
    drop(place);
  } catch (error) {
    // A disk that takes no writes is what the page is there to tell.
    onError(error);
  }
  const work = () => sweep(place, clock.now());
  const sweeping = repeat(clock, lookEveryMs, { work, onError });
  return {
    begin: (about) => {
      sweep(place, clock.now());
      return place.current === undefined ? begin(place, about, clock.now()) : undefined;
    },
    of: (id, session) => {
      const { current } = place;
      return current?.id === id && current.session === session && !current.isClosed ? current : undefined;
    },
    take: async (upload, body, offset) => {
      const { bytes, id } = upload;
      try {
        const file = uploadedFirmware(directory, id);
        const taken = await takePiece(body, { file, offset, most: bytes - offset });
        if (isHere(upload)) Object.assign(place.current ?? {}, { taken, at: clock.now() });
        return taken;
      } catch (error) {
        if (error instanceof PieceError && error.reason === 'no_room' && isHere(upload)) drop(place);
        throw error;
      }
    },
    close: (upload) => isHere(upload) && close(place),
    handOver: (upload, given) => {
      if (isHere(upload)) Object.assign(place.current ?? {}, { given });
    },
    giveUp: (upload) => {
      if (isHere(upload)) drop(place);
    },
    [Symbol.asyncDispose]: async () => {
      await sweeping[Symbol.asyncDispose]();
      // What was handed over may just be read.
      if (place.current?.given === undefined) drop(place);
    },
  };
}

function begin(place: Place, about: Omit<Uploading, 'id'>, now: number): Uploading {
  const folder = uploadFolder(place.directory);
  mkdirSync(folder, { recursive: true });
  // The part that puts it in is another user of our group.
  chmodSync(folder, 0o750);
  // Once here, once where it goes.
  if (!hasRoom(folder, 2 * about.bytes)) throw new PieceError('no_room');
  place.current = { ...about, id: randomUUID(), taken: 0, at: now, isClosed: false };
  return place.current;
}

function close({ current, directory }: Place): boolean {
  if (current === undefined || current.taken !== current.bytes) return false;
  chmodSync(uploadedFirmware(directory, current.id), 0o640);
  current.isClosed = true;
  return true;
}

function sweep(place: Place, now: number): void {
  if (place.current !== undefined && isOver(place.directory, place.current, now)) drop(place);
}

function isOver(directory: string, { at, given }: Current, now: number): boolean {
  if (given === undefined) return now - at > idleMs;
  const outcome = readOutcome(directory, given.order);
  return outcome === undefined ? now > given.deadlineAt : outcome.state !== 'running';
}

function drop(place: Place): void {
  place.current = undefined;
  rmSync(uploadFolder(place.directory), { recursive: true, force: true });
}
