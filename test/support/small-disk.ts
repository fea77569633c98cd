/** A disk of a few megabytes that can be filled: a memory file system, mounted for one test. Needs root. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { temporaryDirectory } from './directory.ts';

export interface SmallDisk {
  readonly directory: string;
  /** To the last byte. */
  fill(): void;
  empty(): void;
}

export function openSmallDisk(megabytes: number): SmallDisk {
  const directory = temporaryDirectory();
  execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${megabytes}m,mode=755`, 'tmpfs', directory]);
  onTestFinished(() => {
    execFileSync('umount', ['-l', directory]);
  });
  const filler = join(directory, 'filler');
  const add = (bytes: number) => {
    try {
      for (;;) appendFileSync(filler, Buffer.alloc(bytes));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  };
  return {
    directory,
    fill: () => {
      add(65_536);
      add(1);
    },
    empty: () => rmSync(filler),
  };
}
