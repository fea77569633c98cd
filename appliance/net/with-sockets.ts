/** Runs one of our own commands with sockets that only root can make. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';

const launcher = join(import.meta.dirname, '../../systemd/with-sockets');

export interface Ended {
  /** 1 with words in `errors` when the sockets could not be made. */
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** `sockets` as `probe=eth0:udp:68`, `words` for node. Resolves however the command ends. */
export async function runWithSockets(
  sockets: readonly string[],
  words: readonly string[],
  timeoutMs: number,
): Promise<Ended> {
  const command = [...sockets, '--', process.execPath, ...words];
  return await new Promise((resolve) => {
    execFile(launcher, command, { timeout: timeoutMs, maxBuffer: 1024 * 1024 }, (error, output, errors) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1;
      resolve({
        code,
        output,
        errors: errors.trim() || (error !== null && code === 1 && output === '' ? error.message : ''),
      });
    });
  });
}
