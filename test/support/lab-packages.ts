/** Vitest's global setup of the tests that use real programs: as root they are installed, otherwise named. */
import { existsSync, readFileSync } from 'node:fs';
import { installLine, installPackages, missingPackages, testPrograms } from './packages.ts';

/** A DHCP client run by a test must not leave its answers here. */
const filesOfTheMachine = ['/etc/resolv.conf', '/etc/hosts', '/etc/hostname'];

/** Its answer runs after the last test, and throws when a test changed a file of the machine that it ran on. */
export async function setup(): Promise<() => void> {
  const missing = missingPackages(testPrograms);
  if (missing.length > 0) {
    if (process.getuid?.() === 0) await installPackages((line) => console.log(line), testPrograms);
    else console.warn(`some tests will fail for want of programs; as root: ${installLine(missing)}`);
  }
  const before = filesOfTheMachine.map(textOf);
  return () => {
    const changed = filesOfTheMachine.filter((path, index) => textOf(path) !== before[index]);
    if (changed.length > 0) throw new Error(`a test changed ${changed.join(', ')} of this machine`);
  };
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
