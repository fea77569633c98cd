/** The disk that everything is kept on: how it was found when the box booted, and what room is left on it. */
import { readFileSync } from 'node:fs';
import { freeBytes } from './disk-room.ts';
import type { Trouble } from './site-status.ts';

export interface DataPartition {
  /** Other than `ok`: it is not in use, and what is written goes to memory. */
  readonly state: 'ok' | keyof typeof wrong;
  /** What was seen at boot, in the words of the program that saw it. */
  readonly said: string;
  /** What somebody can do with the disk in another machine, in plain words; absent where that is not known. */
  readonly protection?: string;
  /** For those who aren't root. */
  readonly freeBytes: number;
}

/** Written by the image's initrd (image/initrd/); on other machines it isn't there, and the administrator sees to the disk. */
const bootFile = '/run/gatehouse-data';

export function readDataPartition(stateDirectory: string, file = bootFile): DataPartition {
  return { ...foundAtBoot(file), freeBytes: freeBytesOrAny(stateDirectory) };
}

function foundAtBoot(file: string): Pick<DataPartition, 'state' | 'said' | 'protection'> {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { state: 'ok', said: '' };
  }
  const [state = '', , said = '', asWritten = ''] = text.split('\n');
  const protection = protectionWords(asWritten);
  return {
    ...(state in wrong ? { state: state as keyof typeof wrong, said } : { state: 'ok', said: '' }),
    ...(protection !== undefined && { protection }),
  };
}

function protectionWords(written: string): string | undefined {
  if (written === 'encrypted') return 'encrypted; the TPM of this machine keeps the key';
  const [, why] = /^plain: (.+)/.exec(written) ?? [];
  if (why === undefined) return undefined;
  return `not encrypted (${why}): who takes the disk reads everything on it`;
}

function freeBytesOrAny(directory: string): number {
  try {
    return freeBytes(directory);
  } catch {
    return Infinity;
  }
}

const toRepair = 'Repair the disk, reset the box, or give it another disk and restore a backup.';

/** What it is, and what to do. */
const wrong = {
  missing: ['There is no data disk', toRepair],
  broken: ['The data disk is damaged', toRepair],
  'read-only': ['The data disk takes no writes', toRepair],
  sealed: [
    'The data disk is locked',
    'Put the disk back into its machine, or TPM and Secure Boot in the firmware’s settings back to what they were; else begin anew and restore a backup.',
  ],
} as const;

/** Below this the parts begin to refuse. */
const fullBelowBytes = 32 * 2 ** 20;

export function troublesOfData({ state, said, freeBytes: free }: DataPartition): Trouble[] {
  if (state !== 'ok') {
    const [what, toDo] = wrong[state];
    const seen = said === '' ? '' : ` (${said})`;
    return [
      {
        severity: 'problem',
        text: `${what}${seen}: the box runs from memory, keeps nothing and serves no phone. ${toDo}`,
      },
    ];
  }
  if (free >= fullBelowBytes) return [];
  const left = `${Math.floor(free / 2 ** 20)} MB left`;
  return [{ severity: 'problem', text: `The disk is full (${left}): new leases and settings are refused.` }];
}
