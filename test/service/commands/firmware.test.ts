import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { firmwareCommand } from '../../../appliance/commands/firmware.ts';
import { temporaryDirectory } from '../../support/directory.ts';
import { putFirmware, startFirmwareSite } from '../../support/firmware-folder.ts';

const sha256 = createHash('sha256').update('firmware').digest('hex');

/** A settings file, a file to put in, and the command. */
function desk() {
  const directory = temporaryDirectory();
  const configFile = join(directory, 'gatehouse.toml');
  writeFileSync(configFile, `[site]\naddress = "127.0.0.1"\nstate_directory = "${directory}"\n`);
  const file = join(directory, 'T46S.rom');
  writeFileSync(file, 'firmware');
  const run = async (rest: readonly string[], firmware: Record<string, string> = {}) => {
    const lines: string[] = [];
    const json = firmware['json'] !== undefined;
    const code = await firmwareCommand({ configFile, json, rest, firmware, out: (line) => lines.push(line) });
    return { code, text: lines.join('\n') };
  };
  return { directory, file, run };
}

const release = { model: 'T46S', release: '66.86.5.1' };

test('a file that was added is listed by the running box, and a phone can have it', async () => {
  const { directory, file, run } = desk();
  expect(await run(['add', file], { ...release, sha256 })).toMatchObject({ code: 0 });
  const folder = join(directory, 'provisioning/firmware/yealink/T46S/66.86.5.1');
  expect(readFileSync(join(folder, 'T46S.rom'), 'utf8')).toBe('firmware');
  expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(`${sha256}  T46S.rom\n`);
  await using _site = await startFirmwareSite({ directory });
  const { code, text } = await run([], { json: '' });
  expect(code).toBe(0);
  expect(JSON.parse(text)).toMatchObject({
    paused: false,
    releases: [
      { vendor: 'yealink', model: 'T46S', state: 'approved', files: [{ name: 'T46S.rom', size: 8, sha256 }] },
    ],
  });
  expect((await run([])).text).toContain('0 offered, 0 updated');
});

test('a model with a blank gets a folder without one', async () => {
  const { directory, file, run } = desk();
  expect((await run(['add', file], { model: 'Edge E450', release: '8.2.2.1176' })).code).toBe(0);
  await using _site = await startFirmwareSite({ directory });
  expect((await run([])).text).toMatch(/poly +Edge_E450 +8\.2\.2\.1176 +approved/);
});

const refusals: readonly {
  what: string;
  file?: string;
  content?: string;
  firmware: Record<string, string>;
  code: number;
  words: string;
}[] = [
  {
    what: 'a model that nobody listed',
    firmware: { model: 'T99X', release: '1.2.3.4' },
    code: 2,
    words: 'no such model',
  },
  {
    what: 'a release that is none',
    firmware: { model: 'T46S', release: 'latest' },
    code: 2,
    words: 'such as 66.86.5.1',
  },
  {
    what: 'a release that climbs',
    firmware: { model: 'T46S', release: '../..' },
    code: 2,
    words: 'no version',
  },
  {
    what: 'a file that is not there',
    file: '/nowhere/a.rom',
    firmware: release,
    code: 2,
    words: 'is not there',
  },
  { what: 'an empty file', content: '', firmware: release, code: 2, words: 'is empty' },
  {
    what: 'another hash',
    firmware: { ...release, sha256: 'ab'.repeat(32) },
    code: 1,
    words: 'not what its maker published',
  },
];

test.each(refusals)('$what is refused, and nothing is left in the folder', async (refusal) => {
  const { directory, file, run } = desk();
  if (refusal.content !== undefined) writeFileSync(file, refusal.content);
  expect(await run(['add', refusal.file ?? file], refusal.firmware)).toMatchObject({
    code: refusal.code,
    text: expect.stringContaining(refusal.words) as string,
  });
  expect(existsSync(join(directory, 'provisioning/firmware/yealink/T46S/66.86.5.1/T46S.rom'))).toBe(false);
});

test('a file by the name of the list of hashes does not take its place', async () => {
  const { directory, file, run } = desk();
  await run(['add', file], release);
  const sums = join(directory, 'SHA256SUMS');
  writeFileSync(sums, `${'0'.repeat(64)}  T46S.rom`);
  expect(await run(['add', sums], release)).toMatchObject({ code: 2 });
  const folder = join(directory, 'provisioning/firmware/yealink/T46S/66.86.5.1');
  expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(`${sha256}  T46S.rom\n`);
});

test('a hash is added to a list that was copied by hand and has no line end', async () => {
  const { directory, file, run } = desk();
  const folder = join(directory, 'provisioning/firmware/yealink/T46S/66.86.5.1');
  mkdirSync(folder, { recursive: true });
  const other = `${'0'.repeat(64)}  other.rom`;
  writeFileSync(join(folder, 'SHA256SUMS'), other);
  expect(await run(['add', file], release)).toMatchObject({ code: 0 });
  expect(readFileSync(join(folder, 'SHA256SUMS'), 'utf8')).toBe(`${other}\n${sha256}  T46S.rom\n`);
});

test('a release is taken out by its model and version, and no other one', async () => {
  const { directory, file, run } = desk();
  await run(['add', file], release);
  expect((await run(['remove'], { model: 'T46S', release: '66.85.0.5' })).code).toBe(1);
  expect((await run(['remove'], { model: 'T46S', release: '..' })).code).toBe(2);
  expect(existsSync(join(directory, 'provisioning/firmware/yealink/T46S/66.86.5.1/T46S.rom'))).toBe(true);
  expect(await run(['remove'], release)).toMatchObject({
    code: 0,
    text: '66.86.5.1 for T46S is out of the folder.',
  });
  expect(existsSync(join(directory, 'provisioning/firmware/yealink'))).toBe(true);
  expect(existsSync(join(directory, 'provisioning/firmware/yealink/T46S'))).toBe(false);
});

test('a file with a problem is told with it, and the exit code says so', async () => {
  const { directory, run } = desk();
  putFirmware(directory, 'yealink/T46S/66.86.5.1/T46S.rom', '');
  await using _site = await startFirmwareSite({ directory });
  const { code, text } = await run([]);
  expect(code).toBe(1);
  expect(text).toContain('is empty');
});

test('pausing and going on are files that the running box sees', async () => {
  const { directory, file, run } = desk();
  await run(['add', file], release);
  expect((await run(['pause'])).code).toBe(0);
  expect(existsSync(join(directory, 'provisioning/firmware/paused'))).toBe(true);
  expect((await run([])).text).toContain('Paused');
  expect((await run(['resume'])).code).toBe(0);
  expect(existsSync(join(directory, 'provisioning/firmware/paused'))).toBe(false);
});

test('pausing before there is any firmware works too', async () => {
  const { run } = desk();
  expect((await run(['pause'])).code).toBe(0);
});

test('anything else is wrong usage', async () => {
  const { run } = desk();
  expect(await run(['give'])).toMatchObject({ code: 2, text: expect.stringContaining('usage:') as string });
});
