/**
 * What is read of a stick: files by their exact names, plain ones, no larger than they may be. Nothing is listed, no link followed, so
 * that it doesn't matter what else is there. Copies wait for whoever judges them, who never sees the stick.
 */
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSmallFile } from '../update/folder-file.ts';
import { RefusedUpdateError } from '../update/refusal.ts';
import type { Offered } from './offered.ts';
import { mostSettingsBytes } from './settings.ts';
import { settingsIn } from './user-data.ts';

const names = {
  toml: 'gatehouse.toml',
  signature: 'gatehouse.toml.sig',
  reset: 'gatehouse-reset',
  resetSignature: 'gatehouse-reset.sig',
} as const;

/** `isCloudInit`: it is the volume CIDATA, whose `user-data` may hold settings. Throws {@link RefusedUpdateError} with what is wrong. */
export async function readStick(folder: string, isCloudInit: boolean): Promise<Offered> {
  const found: Record<string, string> = {};
  for (const [key, name] of Object.entries(names)) {
    const bytes = await readSmallFile(folder, name, mostSettingsBytes);
    if (bytes !== undefined) found[key] = textIn(bytes, name);
  }
  if (!isCloudInit || found['toml'] !== undefined) return found;
  const userData = await readSmallFile(folder, 'user-data', mostSettingsBytes);
  if (userData === undefined) return found;
  const settings = settingsIn(textIn(userData, 'user-data'));
  if ('refused' in settings) throw new RefusedUpdateError('malformed', settings.refused);
  return { ...found, toml: settings.toml };
}

/** Names with signs that nobody wrote would be worse than none. */
function textIn(bytes: Uint8Array, name: string): string {
  try {
    // The mark of byte order stays: it was signed with the rest.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
    if (!text.includes('\0')) return text;
  } catch {
    // Told below.
  }
  throw new RefusedUpdateError('malformed', `${name} is no text in UTF-8: save it as that`);
}

export interface Waiting {
  /** Name of the device. */
  readonly from: string;
  readonly offered?: Offered;
  /** What was wrong with it already. */
  readonly refused?: string;
}

const folderOf = (stateDirectory: string) => join(stateDirectory, 'box/offered');

/** Nothing is written for a stick with nothing of ours on it. */
export function keepOffered(stateDirectory: string, { from, offered, refused }: Waiting): void {
  if (refused === undefined && Object.keys(offered ?? {}).length === 0) return;
  const folder = folderOf(stateDirectory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const file = join(folder, `${from}.json`);
  // Whole under its name: on a full disk, or where the power fails, a part of it would be left.
  const fresh = `${file}.new`;
  rmSync(fresh, { force: true });
  writeFileSync(fresh, JSON.stringify({ from, offered, refused }), { mode: 0o600, flush: true });
  renameSync(fresh, file);
}

/** Takes them away: each is judged once. */
export function takeOffered(stateDirectory: string): Waiting[] {
  const folder = folderOf(stateDirectory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return readdirSync(folder)
    .filter((name) => name.endsWith('.json'))
    .map((name) => {
      const text = readFileSync(join(folder, name), 'utf8');
      rmSync(join(folder, name));
      return waitingIn(text) ?? { from: name.slice(0, -'.json'.length), refused: cutShort };
    });
}

const cutShort = 'what was read of it was cut short: plug it in once more';

/** Undefined: it was not written to its end. */
function waitingIn(text: string): Waiting | undefined {
  try {
    return JSON.parse(text) as Waiting;
  } catch {
    return undefined;
  }
}
