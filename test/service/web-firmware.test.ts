/** Firmware through the page into the store: the page and the provisioning part are real, each with its own files. */
import { createHash } from 'node:crypto';
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { askedWithoutBody, ended, openDesk } from '../support/desk.ts';
import { about, begin, image, send, sha256, stored, uploadsIn } from '../support/firmware-desk.ts';
import { get, putFirmware } from '../support/firmware-folder.ts';
import { ask } from '../support/page.ts';
import { startSite } from '../support/provisioning.ts';

describe('a file that the admin uploads', () => {
  it('is in the store, listed with its hash, and given to phones, and nothing of it stays with the page', async () => {
    const desk = await openDesk();
    await using site = await startSite({ directory: desk.directory });
    const path = await begin(desk, { sha256: sha256.toUpperCase() });
    await send(desk, path);
    const outcome = await ended(desk, await desk.post(`${path}/put`, {}));
    expect(outcome).toMatchObject({ state: 'done', kind: 'firmware.add' });
    expect(outcome.words).toContain(`SHA-256 is ${sha256}: as expected`);
    const answer = await ask({ port: desk.port }, '/api/firmware', { cookie: desk.cookie });
    expect(JSON.parse(answer.text)).toMatchObject({
      paused: false,
      releases: [
        {
          vendorName: 'Yealink',
          model: 'T46S',
          state: 'approved',
          files: [{ name: 'T46S.rom', size: image.length, sha256 }],
          offered: 0,
        },
      ],
    });
    const got = await get({
      url: site.url,
      path: '/gatehouse-firmware/yealink/T46S/66.86.5.1/T46S.rom',
    });
    expect(createHash('sha256').update(got.body).digest('hex')).toBe(sha256);
    await desk.clock.advance(5000);
    expect(uploadsIn(desk.directory)).toEqual([]);
  });

  it('that is not what its maker published leaves nothing behind', async () => {
    const desk = await openDesk();
    await using _site = await startSite({ directory: desk.directory });
    const path = await begin(desk, { sha256: 'ab'.repeat(32) });
    await send(desk, path);
    const outcome = await ended(desk, await desk.post(`${path}/put`, {}));
    expect(outcome).toMatchObject({ state: 'refused' });
    expect(outcome.words).toContain(`its SHA-256 is ${sha256}, not abab`);
    expect(readdirSync(join(desk.directory, 'provisioning/firmware'))).toEqual([]);
    await desk.clock.advance(5000);
    expect(uploadsIn(desk.directory)).toEqual([]);
  });

  it('can take the place of one of the same name', async () => {
    const desk = await openDesk();
    putFirmware(desk.directory, 'yealink/T46S/66.86.5.1/T46S.rom', 'another');
    await using _site = await startSite({ directory: desk.directory });
    const path = await begin(desk);
    await send(desk, path);
    const outcome = await ended(desk, await desk.post(`${path}/put`, {}));
    expect(outcome.words).toContain('compare it');
    expect(statSync(join(desk.directory, stored, 'T46S.rom')).size).toBe(image.length);
  });

  it('can be read by the part that puts it in, and only when it is whole', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    const file = join(desk.directory, 'web/firmware', path.split('/').at(-1) ?? '');
    await desk.post(`${path}?offset=0`, image.subarray(0, 4_000_000));
    expect(statSync(file).mode & 0o777).toBe(0o600);
    await desk.post(`${path}?offset=4000000`, image.subarray(4_000_000, 8_000_000));
    await desk.post(`${path}?offset=8000000`, image.subarray(8_000_000));
    await desk.post(`${path}/put`, {});
    expect(statSync(file).mode & 0o777).toBe(0o640);
    expect(statSync(join(desk.directory, 'web/firmware')).mode & 0o777).toBe(0o750);
  });
});

describe('an upload is refused', () => {
  it.each([
    ['for a model that nobody listed', { model: 'T99X' }, 400, 'no such model'],
    ['for a version that is none', { release: 'latest' }, 400, 'such as 66.86.5.1'],
    ['for a version that climbs', { release: '../..' }, 400, 'no version'],
    ['by a name that climbs', { name: '../../../etc/passwd' }, 400, 'characters'],
    ['by a name that is hidden', { name: '.T46S.rom' }, 400, 'characters'],
    ['by the name of the list of hashes', { name: 'SHA256SUMS' }, 400, 'list of hashes'],
    ['when it is empty', { bytes: 0 }, 400, 'is empty'],
    ['when it is larger than any firmware', { bytes: 2 ** 30 + 1 }, 413, 'larger than 1073741824'],
    ['when the hash is none', { sha256: 'abc' }, 400, 'sha256'],
    ['with anything else beside it', { path: '/etc' }, 400, 'additional'],
  ])('%s', async (...[, more, status, words]) => {
    const desk = await openDesk();
    const answer = await desk.post('/api/firmware/uploads', { ...about, ...more });
    expect([answer.status, answer.body.error?.message]).toEqual([
      status,
      expect.stringContaining(words) as string,
    ]);
    expect(uploadsIn(desk.directory)).toEqual([]);
  });

  it('to who is not signed in, before a byte of it is taken', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    for (const order of ['/api/firmware/uploads', `${path}/put`, `${path}/give-up`, '/api/firmware/pause'])
      expect([order, (await desk.post(order, {}, 'gatehouse=nobody')).status]).toEqual([order, 401]);
    expect((await desk.post('/api/firmware/remove', { ...about }, '')).status).toBe(401);
    expect(await askedWithoutBody(desk, `${path}?offset=0`)).toBe('401');
  });

  it('from a page of another site, and as a form', async () => {
    const desk = await openDesk();
    const { port, cookie } = desk;
    for (const headers of [
      { 'sec-fetch-site': 'cross-site' },
      { origin: 'https://evil.example' },
      { 'content-type': 'multipart/form-data; boundary=x' },
      { 'content-type': 'text/plain' },
    ])
      expect((await ask({ port, body: about }, '/api/firmware/uploads', { cookie, ...headers })).status).toBe(
        403,
      );
  });

  it('while another one is under way, also of the same admin', async () => {
    const desk = await openDesk();
    const path = await begin(desk);
    const second = await desk.post('/api/firmware/uploads', about);
    expect([second.status, second.body.error?.code]).toEqual([409, 'busy']);
    const other = await desk.signIn();
    expect((await desk.post(`${path}?offset=0`, image.subarray(0, 10), other)).status).toBe(404);
    expect((await desk.post(`${path}/give-up`, {}, other)).status).toBe(404);
    expect((await desk.post(`${path}/give-up`, {})).status).toBe(200);
    expect(uploadsIn(desk.directory)).toEqual([]);
    await begin(desk);
  });
});
