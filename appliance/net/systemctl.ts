/** Asks this machine's systemd. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';

/** Longer than any unit of ours may take to start. */
const timeoutMs = 320_000;

/** Rejects with what systemctl says. */
export async function systemctl(...words: readonly string[]): Promise<void> {
  try {
    await promisify(execFile)('systemctl', ['--no-ask-password', ...words], { timeout: timeoutMs });
  } catch (error) {
    const said = (error as { stderr?: string }).stderr?.trim();
    throw new Error(`systemctl ${words.join(' ')}: ${said || (error as Error).message}`, { cause: error });
  }
}

/** The image has units of its own; a package on somebody's machine leaves that machine's alone. */
export function hasUnit(name: string): boolean {
  return existsSync(`/usr/lib/systemd/system/${name}`);
}
