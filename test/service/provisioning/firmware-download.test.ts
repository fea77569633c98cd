import { createHash, randomBytes } from 'node:crypto';
import { appendFileSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temporaryDirectory } from '../../support/directory.ts';
import { firmwareFilesOf, get, putFirmware, startFirmwareSite } from '../../support/firmware-folder.ts';
import type { ProvisioningSite } from '../../support/provisioning.ts';
import { until } from '../../support/command.ts';

const name = 'yealink/T46S/66.86.5.1/T46S-66.86.5.1.rom';
const path = `/gatehouse-firmware/${name}`;
const image = randomBytes(200_000);
const sha256 = createHash('sha256').update(image).digest('hex');

async function siteWithImage() {
  const directory = temporaryDirectory();
  const file = putFirmware(directory, name, image);
  return { file, site: await startFirmwareSite({ directory }) };
}

function downloads({ part }: ProvisioningSite): number | undefined {
  return part.counters()['firmware_downloads'];
}

test('a file of the folder is given out whole, named by its hash, and to a HEAD without its body', async () => {
  const { site: started } = await siteWithImage();
  await using site = started;
  const answer = await get({ url: site.url, path });
  expect(answer.status).toBe(200);
  expect(answer.body.equals(image)).toBe(true);
  expect(answer.headers['etag']).toBe(`"${sha256}"`);
  expect(answer.headers['accept-ranges']).toBe('bytes');
  const head = await get({ url: site.url, path, method: 'HEAD' });
  expect(head).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  expect(head.headers['content-length']).toBe(String(image.length));
  expect((await get({ url: site.url, path, method: 'PUT' })).status).toBe(405);
  await until('the end of the download', () => downloads(site) === 1 || undefined, { timeoutMs: 5000 });
  expect(site.part.counters()).toMatchObject({ firmware_bytes: image.length });
  expect(firmwareFilesOf(site.directory)).toMatchObject([
    { name: 'T46S-66.86.5.1.rom', sha256, size: image.length },
  ]);
});

test('a download that broke off goes on where it was, if the file is still the same', async () => {
  const { site: started } = await siteWithImage();
  await using site = started;
  const ask = async (headers: Record<string, string>) => await get({ url: site.url, path, headers });
  const rest = await ask({ range: 'bytes=150000-', 'if-range': `"${sha256}"` });
  expect(rest.status).toBe(206);
  expect(rest.headers['content-range']).toBe(`bytes 150000-199999/200000`);
  expect(rest.body.equals(image.subarray(150_000))).toBe(true);
  const dated = await ask({ range: 'bytes=-10', 'if-range': rest.headers['last-modified'] ?? '' });
  expect(dated.body.equals(image.subarray(-10))).toBe(true);
  expect((await ask({ range: 'bytes=10-', 'if-range': '"another"' })).status).toBe(200);
  expect((await ask({ range: 'bytes=0-1,5-6' })).body.length).toBe(image.length);
  const beyond = await ask({ range: 'bytes=200000-' });
  expect(beyond.status).toBe(416);
  expect(beyond.headers['content-range']).toBe('bytes */200000');
  expect((await ask({ 'if-none-match': `"${sha256}"` })).status).toBe(304);
  // RFC 9110, 13.1.2: compared weakly, and `*` is any.
  expect((await ask({ 'if-none-match': `W/"a",W/"${sha256}"` })).status).toBe(304);
  expect((await ask({ 'if-none-match': '*' })).status).toBe(304);
  expect((await ask({ 'if-none-match': `"a"${' '.repeat(8000)}, "${sha256}"` })).status).toBe(304);
});

test.each([
  '/gatehouse-firmware/',
  '/gatehouse-firmware/yealink/T46S/66.86.5.1/',
  '/gatehouse-firmware/yealink/T46S/66.86.5.1/SHA256SUMS',
  '/gatehouse-firmware/yealink/T46S/66.86.5.1/other.rom',
  '/gatehouse-firmware/paused',
  `${path}?x`,
])('%s is no file of the folder', async (other) => {
  const { site: started } = await siteWithImage();
  await using site = started;
  expect((await get({ url: site.url, path: other })).status).toBe(404);
});

test.each([
  '/gatehouse-firmware/../provisioning.db',
  '/gatehouse-firmware/yealink/%2e%2e/%2e%2e/provisioning.secret.db',
  '/gatehouse-firmware/..%2f..%2fprovisioning.db',
  '/gatehouse-firmware/%252e%252e/provisioning.db',
  '/gatehouse-firmware/..\\provisioning.db',
])('%s does not climb out of the folder', async (other) => {
  const { site: started } = await siteWithImage();
  await using site = started;
  expect((await get({ url: site.url, path: other })).status).toBe(400);
});

test('what can not be given out is refused with its reason, and stops no other file', async () => {
  const directory = temporaryDirectory();
  putFirmware(directory, name, image);
  putFirmware(directory, 'yealink/T46S/66.86.0.1/empty.rom', '');
  putFirmware(directory, 'yealink/T46S/66.86.0.1/two words.rom', 'x');
  putFirmware(directory, 'yealink/T46S/66.86.0.2/wrong.rom', 'x');
  putFirmware(directory, 'yealink/T46S/66.86.0.2/SHA256SUMS', `${sha256}  wrong.rom\n`);
  putFirmware(directory, 'yealink/T99X/66.86.0.2/file.rom', 'x');
  putFirmware(directory, 'yealink/T46S/latest/file.rom', 'x');
  putFirmware(directory, 'nobody/T46S/66.86.0.2/file.rom', 'x');
  const folder = join(directory, 'provisioning/firmware/yealink');
  symlinkSync('/etc/passwd', join(folder, 'T46S/66.86.0.1/link.rom'));
  symlinkSync('/etc', join(folder, 'T42S'));
  mkdirSync(join(folder, 'T46S/66.86.0.1/folder.rom'));
  await using site = await startFirmwareSite({ directory });
  const problems = firmwareFilesOf(directory).map(
    ({ version, name: file, problem = 'good' }) => `${version}/${file}: ${problem}`,
  );
  expect(problems).toEqual([
    '66.86.0.1/empty.rom: is empty',
    '66.86.0.1/folder.rom: is no file',
    '66.86.0.1/link.rom: is a symbolic link: put the file itself here',
    '66.86.0.1/two words.rom: its name has characters that no URL has',
    expect.stringMatching(/^66\.86\.0\.2\/wrong\.rom: its SHA-256 is \w+, SHA256SUMS says/),
    '66.86.5.1/T46S-66.86.5.1.rom: good',
    'latest/file.rom: "latest" is no version as this maker writes them',
    `66.86.0.2/file.rom: "T99X" is no model of Microsoft's list`,
  ]);
  for (const file of ['66.86.0.1/empty.rom', '66.86.0.1/link.rom', '66.86.0.2/wrong.rom'])
    expect((await get({ url: site.url, path: `/gatehouse-firmware/yealink/T46S/${file}` })).status).toBe(404);
  expect((await get({ url: site.url, path })).status).toBe(200);
  expect(site.journal().filter(({ kind }) => kind === 'firmware_file_refused')).toHaveLength(7);
});

test('a file that was changed since it was looked at, or replaced, is cut off before any of it has left', async () => {
  const { site: started, file } = await siteWithImage();
  await using site = started;
  appendFileSync(file, 'more');
  await expect(get({ url: site.url, path })).rejects.toThrow(/aborted|hang up/);
  writeFileSync(`${file}.new`, image);
  renameSync(`${file}.new`, file);
  symlinkSync('/etc/passwd', `${file}.link`);
  renameSync(`${file}.link`, file);
  await expect(get({ url: site.url, path })).rejects.toThrow(/aborted|hang up/);
  expect(site.part.counters()).toMatchObject({ firmware_downloads: 0 });
});

test('a file that changes while it is sent never arrives whole', async () => {
  const directory = temporaryDirectory();
  const file = putFirmware(directory, name, image);
  await using site = await startFirmwareSite({ directory, toml: 'firmware_mbit_per_second = 1' });
  let received = 0;
  const download = get({ url: site.url, path }, (chunk) => {
    if (received === 0) appendFileSync(file, 'more');
    received += chunk.length;
  });
  await expect(download).rejects.toThrow(/aborted|hang up/);
  expect(received).toBeGreaterThan(0);
  expect(received).toBeLessThan(image.length);
});
