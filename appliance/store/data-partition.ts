/** The disk that everything is kept on: how it was found when the box booted, and what room is left on it. */
import { readFileSync, statfsSync } from 'node:fs';
import type { Trouble } from './site-status.ts';

export interface DataPartition {
  /** Other than `ok`: it is not in use, and what is written goes to memory. */
  readonly state: 'ok' | 'missing' | 'broken' | 'read-only';
  /** What was seen at boot, in the words of the program that saw it. */
  readonly said: string;
  /** For those who aren't root. */
  readonly freeBytes: number;
}

/** Written by the image's initrd (image/initrd/); on other machines it isn't there, and the administrator sees to the disk. */
const bootFile = '/run/gatehouse-data';

export function readDataPartition(stateDirectory: string, file = bootFile): DataPartition {
  return { ...foundAtBoot(file), freeBytes: freeBytes(stateDirectory) };
}

function foundAtBoot(file: string): Pick<DataPartition, 'state' | 'said'> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { state: 'ok', said: '' };
  }
  const [state = '', , ...said] = text.split('\n');
  return state in wrong
    ? { state: state as keyof typeof wrong, said: said.join(' ').trim() }
    : { state: 'ok', said: '' };
}

function freeBytes(directory: string): number {
  try {
    const { bavail, bsize } = statfsSync(directory);
    return bavail * bsize;
  } catch {
    return Infinity;
  }
}

const wrong = {
  missing: 'There is no data disk',
  broken: 'The data disk is damaged',
  'read-only': 'The data disk takes no writes',
} as const;

/** Below this the parts begin to refuse. */
const fullBelowBytes = 32 * 2 ** 20;

export function troublesOfData({ state, said, freeBytes: free }: DataPartition): Trouble[] {
  if (state !== 'ok') {
    const seen = said === '' ? '' : ` (${said})`;
    return [
      {
        severity: 'problem',
        text: `${wrong[state]}${seen}: the box runs from memory, keeps nothing and serves no phone. Repair the disk, reset the box, or give it another disk and restore a backup.`,
      },
    ];
  }
  if (free >= fullBelowBytes) return [];
  const left = `${Math.floor(free / 2 ** 20)} MB left`;
  return [{ severity: 'problem', text: `The disk is full (${left}): new leases and settings are refused.` }];
}
