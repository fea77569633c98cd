/** Programs that need a right which this process hasn't got: where another unit lends it (systemd/lend), they run there. */
import { join } from 'node:path';

const borrow = join(import.meta.dirname, '../../systemd/borrow');

/** Path of the socket at which that unit listens, by the environment; undefined where programs run with our own rights. */
export function lenderSocket(): string | undefined {
  return process.env['GATEHOUSE_LENDER'];
}

/** What to execute for this program: itself, or the one that has it run by the lender. Input, output and exit code are the same. */
export function borrowing(program: string, words: readonly string[]): [program: string, words: string[]] {
  const socket = lenderSocket();
  return socket === undefined ? [program, [...words]] : [borrow, [socket, program, ...words]];
}
