/** A right that another unit lends: real programs, run by `systemd/lend` for whoever connects, as systemd starts it. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test, onTestFinished } from 'vitest';
import { until } from '../../support/command.ts';
import { temporaryDirectory } from '../../support/directory.ts';

const scripts = join(import.meta.dirname, '../../../systemd');

/** As a socket unit with Accept=yes: a process a connection, which is its input and output. */
async function lender(...commands: string[]): Promise<string> {
  const path = join(temporaryDirectory(), 'lend.sock');
  const server = createServer({ pauseOnConnect: true }, (socket) => {
    const child = spawn(join(scripts, 'lend'), commands, { stdio: [socket, socket, 'inherit'] });
    child.once('spawn', () => socket.destroy());
  });
  server.listen(path);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  return path;
}

interface Ended {
  readonly code: number | null;
  readonly output: string;
  readonly complaints: string;
}

async function borrow(path: string, command: readonly string[], input = ''): Promise<Ended> {
  const child = spawn(join(scripts, 'borrow'), [path, ...command]);
  let [output, complaints] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (complaints += text));
  child.stdin.end(input);
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, output, complaints };
}

test('a borrowed program has our input, and we its output, complaints and exit code', async () => {
  const script = 'read line; echo "said $line"; echo "but" >&2; exit 7';
  const path = await lender(`sh -c ${script}`);
  expect(await borrow(path, ['sh', '-c', script], 'hello\n')).toEqual({
    code: 7,
    output: 'said hello\n',
    complaints: 'but\n',
  });
});

test('megabytes in and out at once neither stand still nor change', async () => {
  const path = await lender('cat');
  const input = 'a line of forty characters, and one more\n'.repeat(100_000);
  const { code, output } = await borrow(path, ['cat'], input);
  expect(code).toBe(0);
  expect(output === input).toBe(true);
});

test('whoever borrowed a program takes it with him, also when he is killed', async () => {
  const path = await lender('sleep *');
  const seconds = String(100_000 + process.pid);
  const isRunning = () => spawnSync('pgrep', ['-fx', `sleep ${seconds}`]).status === 0;
  const child = spawn(join(scripts, 'borrow'), [path, 'sleep', seconds], { stdio: 'ignore' });
  await until('the program to run', () => isRunning() || undefined, { timeoutMs: 10_000 });
  child.kill('SIGKILL');
  const isGone = () => !isRunning() || undefined;
  expect(await until('the program to end', isGone, { timeoutMs: 10_000 })).toBe(true);
});

test('only what the lender has a list of is run, with names in place of names and nothing else', async () => {
  const path = await lender('echo -i * end', 'echo /a/*/b', 'echo with empty ');
  const ended = async (words: string) => (await borrow(path, words.split(' '))).output;
  expect(await ended('echo -i eth0.100 end')).toBe('-i eth0.100 end\n');
  expect(await ended('echo /a/x/b')).toBe('/a/x/b\n');
  expect(await ended('echo with empty ')).toBe('with empty \n');
  for (const words of [
    'id',
    'echo -i eth0',
    'echo -i -z end',
    'echo -i a b end',
    'echo -i a/b end',
    'echo -i eth0 end more',
    'echo /a/../b',
    'echo /a/x/b /a/x/b',
    'echo with empty',
  ]) {
    const refused = await borrow(path, words.split(' '));
    expect({ words, ...refused }).toEqual({
      words,
      code: 126,
      output: '',
      complaints: 'not among what is run here\n',
    });
  }
  expect((await borrow(path, ['echo', '-i', 'eth0\n', 'end'])).code).toBe(126);
});

test('without a lender it says where it looked', async () => {
  expect(await borrow('/nowhere/lend.sock', ['id'])).toEqual({
    code: 125,
    output: '',
    complaints: 'borrow: /nowhere/lend.sock: No such file or directory\n',
  });
});
