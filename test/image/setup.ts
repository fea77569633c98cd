/** Vitest's global setup of the image's tests: programs, and an image of this tree. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { imagePrograms, installPackages } from '../support/packages.ts';
import { emulator, isGate } from './emulator.ts';
import { imageFile } from './image-file.ts';

export async function setup(): Promise<void> {
  await installPackages((line) => console.log(line), imagePrograms);
  emulator();
  const named = process.env['GATEHOUSE_IMAGE'];
  // The build keeps what hasn't changed, and says when there is nothing to do.
  if (named === undefined || named === '') {
    const tree = join(import.meta.dirname, '../..');
    execFileSync(
      'npm',
      ['run', '--silent', 'image', '--', '--quick', ...(isGate ? ['--current-packages'] : [])],
      {
        cwd: tree,
        stdio: 'inherit',
        timeout: 1_200_000,
      },
    );
  }
  if (!existsSync(imageFile())) throw new Error(`${imageFile()} is not there`);
}
