/** The program itself: words that it does not know, and what it prints going nowhere. */
import { spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';

const main = join(import.meta.dirname, '../../../appliance/main.ts');

/** `onto`: where what it prints goes. */
async function gatehouse(
  words: readonly string[],
  onto = '/dev/null',
): Promise<{ code: number; said: string }> {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n`);
  return await ended([...words, '--config', configFile], onto);
}

/** As it is called, without settings of ours. */
async function ended(words: readonly string[], onto = '/dev/null'): Promise<{ code: number; said: string }> {
  const stdout = openSync(onto, 'w');
  const child = spawn(process.execPath, [main, ...words], { stdio: ['ignore', stdout, 'pipe'] });
  closeSync(stdout);
  let said = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (said += text));
  const code = await new Promise<number>((resolve) => child.on('close', (status) => resolve(status ?? -1)));
  return { code, said };
}

test.each([
  ['status', 'extra'],
  ['phones', '00:15:65:aa:00:01'],
  ['leases', '10.0.0.1'],
  ['emergency', 'one', 'two'],
])('%s with a word that it has no use for is a mistake', async (...words) => {
  const { code, said } = await gatehouse(words);
  expect(code).toBe(2);
  expect(said).toContain(`${words[0]} knows nothing of "${words.at(-1)}"`);
});

test('a call for help that nobody knows is no mistake of usage', async () => {
  expect((await gatehouse(['emergency', 'nosuch'])).code).toBe(1);
});

test('an answer that does not fit on the disk is told, with exit code 1', async () => {
  const { code, said } = await gatehouse(['config', 'schema'], '/dev/full');
  expect(code).toBe(1);
  expect(said).toContain('standard output: ENOSPC');
});

test('whoever reads only the beginning of an answer is told nothing', async () => {
  const words = [process.execPath, main, 'config', 'schema'].join(' ');
  const shell = spawn('bash', ['-c', `${words} | head -1; echo "\${PIPESTATUS[0]}"`]);
  let printed = '';
  for (const stream of [shell.stdout, shell.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (printed += text));
  await new Promise((resolve) => shell.on('close', resolve));
  expect(printed).toBe('{\n0\n');
});

test.each([
  [['statsu'], 'no command "statsu"; did you mean "status"?'],
  [['frobnicate'], 'no command "frobnicate"'],
  [['status', '--bogus'], 'status has no option --bogus'],
  [['drill', '--minutes'], '--minutes wants a value'],
])('%j is told in one line, and where to look further', async (words, told) => {
  const { code, said } = await ended(words);
  expect(code).toBe(2);
  expect(said.trim().split('\n')).toEqual([
    expect.stringContaining(told) as string,
    expect.stringContaining('--help') as string,
  ]);
});

test.each([
  [['--version'], /^Gatehouse \d+\.\d+\.\d+\n$/],
  [['version'], /^Gatehouse \d+\.\d+\.\d+\n$/],
  [['help'], /^usage: gatehouse <command>[^]*\n  status +how the parts are\n[^]*\n  drill /],
  [['drill', '--help'], /^usage: gatehouse drill[^]*--minutes N/],
  [['help', 'drill'], /^usage: gatehouse drill(?![^]*\n  status)/],
])('%j prints what was asked for', async (words, printed) => {
  const file = join(temporaryDirectory(), 'printed');
  expect(await ended(words, file)).toEqual({ code: 0, said: '' });
  expect(readFileSync(file, 'utf8')).toMatch(printed);
});

test('settings that are not there are told with how to make some', async () => {
  const { code, said } = await ended(['status', '--config', '/nowhere/gatehouse.toml']);
  expect(code).toBe(1);
  expect(said).toBe(
    'gatehouse: /nowhere/gatehouse.toml: there is no such file; name yours with --config, or begin one: gatehouse config print > gatehouse.toml\n',
  );
});
