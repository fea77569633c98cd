/**
 * A stop after which the parts start again at once (other settings, a newer package): calls that are up need not end, since the next
 * process takes them over as after a crash. Written by root's side right before, and good for a minute: longer than a restart
 * takes, and too short to be there still when the machine is turned off another day.
 */
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { makeDirectory } from './database.ts';

const goodForMs = 60_000;

const announcement = (stateDirectory: string) => join(stateDirectory, 'box/restarting');

/** `now`: ms since 1970. */
export function announceRestart(stateDirectory: string, now: number): void {
  const file = announcement(stateDirectory);
  makeDirectory(dirname(file));
  writeFileSync(file, String(now));
  // Whatever the unit's mask is; sip reads it as a member of the folder's group.
  chmodSync(file, 0o640);
}

export function isRestartAnnounced(stateDirectory: string, now: number): boolean {
  try {
    return Math.abs(now - Number(readFileSync(announcement(stateDirectory), 'utf8') || NaN)) < goodForMs;
  } catch {
    // Not there, or not to be read: an ordinary stop.
    return false;
  }
}
