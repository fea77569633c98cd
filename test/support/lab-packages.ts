/** Vitest's global setup of the tests that use real programs: as root they are installed, otherwise named. */
import { installLine, installPackages, missingPackages, testPrograms } from './packages.ts';

export async function setup(): Promise<void> {
  const missing = missingPackages(testPrograms);
  if (missing.length === 0) return;
  if (process.getuid?.() === 0) await installPackages((line) => console.log(line), testPrograms);
  else console.warn(`some tests will fail for want of programs; as root: ${installLine(missing)}`);
}
