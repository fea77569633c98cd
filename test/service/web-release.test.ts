/** A release through the page: page and root's side are real, each with its own files. The small disk needs root. */
import { appendFileSync, readdirSync, readFileSync, renameSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openReader } from '../../appliance/store/reader.ts';
import { openStore } from '../../appliance/store/store.ts';
import { saveUpdateFacts, type UpdateFacts } from '../../appliance/store/update-facts.ts';
import { revocationsName } from '../../appliance/update/names.ts';
import type { Manifest } from '../../appliance/update/manifest.ts';
import { revoke } from '../../image/release/signing.ts';
import { askedWithoutBody, cutOff, filesIn } from '../support/desk.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ask, openNetworkPage } from '../support/page.ts';
import { changed, makeRelease, type ReleaseFiles } from '../support/payload.ts';
import {
  begin,
  factsOf,
  filesOf,
  openReleaseDesk,
  ordered,
  putIn,
  send,
  type ReleaseDesk,
} from '../support/release-desk.ts';
import { newMaker } from '../support/release.ts';
import { openSmallDisk } from '../support/small-disk.ts';

const maker = newMaker();
const announcement = 'gatehouse_amd64.release';
const kernel = 'gatehouse_0.2.0.efi';

const made = (rest: Partial<Manifest> = {}, by = maker): ReleaseFiles => makeRelease(by, rest).files;
const good = made();
const kernelBytes = good.get(kernel) ?? Buffer.alloc(0);
const payloadOf = (chosen: ReleaseFiles) => [...chosen].filter(([name]) => !name.endsWith('.release'));

async function remember({ directory, clock }: ReleaseDesk, facts: Partial<UpdateFacts>): Promise<void> {
  using store = openStore({ directory, part: 'box', clock });
  await store.write((tx) => saveUpdateFacts(tx, facts));
}

function journalOf({ directory }: ReleaseDesk): string[] {
  using reader = openReader(directory, 'box');
  const rows = (reader?.journalAfter(0, 100) ?? []).flatMap((row) => ('seq' in row ? [row] : []));
  return rows.map(({ kind, body }) => `${kind} ${body}`).filter((row) => row.startsWith('update_'));
}

describe('a release that the admin chooses', () => {
  it('lies ready as one from a stick does, and nothing of it stays with the page', async () => {
    const desk = await openReleaseDesk(maker);
    const outcome = await putIn(desk, good);
    expect(outcome).toMatchObject({
      kind: 'update.put',
      state: 'done',
      words: '0.2.0 lies ready. It is installed by itself between 02:00-05:00.',
    });
    expect(factsOf(desk).staged).toMatchObject({ version: '0.2.0', source: 'page', isForced: false });
    const ready = join(desk.directory, 'box/update');
    expect(readdirSync(ready).toSorted()).toEqual([...good.keys()].toSorted());
    for (const [name, bytes] of good) expect(readFileSync(join(ready, name)).equals(bytes)).toBe(true);
    expect(journalOf(desk)).toEqual(['update_staged {"version":"0.2.0","source":"page"}']);
    const shown = (await ask({ port: desk.port }, '/api/update', { cookie: desk.cookie })).text;
    expect(JSON.parse(shown)).toMatchObject({ staged: { version: '0.2.0', source: 'page' } });
    await desk.clock.advance(5000);
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
  });

  it('is refused when it is older, unless the admin has allowed that', async () => {
    const desk = await openReleaseDesk(maker, { runs: '0.3.0' });
    expect(await putIn(desk, good)).toMatchObject({
      kind: 'update.offer',
      state: 'refused',
      words: '0.2.0 is older than 0.3.0, which runs',
    });
    await desk.clock.advance(200_000);
    await remember(desk, { olderUntil: desk.clock.now() + 1_000_000 });
    expect((await putIn(desk, good)).words).toContain('0.2.0 lies ready');
    expect(factsOf(desk).staged?.isForced).toBe(true);
  });

  it('that is damaged is refused, and what lies ready stays', async () => {
    const desk = await openReleaseDesk(maker);
    await putIn(desk, made({ version: '0.1.5' }));
    await desk.clock.advance(5000);
    const damaged = new Map(good).set(kernel, changed(Buffer.from(kernelBytes)));
    const outcome = await putIn(desk, damaged);
    expect(outcome).toMatchObject({
      kind: 'update.put',
      state: 'refused',
      words: `${kernel} is not the file that was signed`,
    });
    expect(factsOf(desk)).toMatchObject({ staged: { version: '0.1.5' }, trouble: { words: outcome.words } });
    expect(journalOf(desk).at(-1)).toContain('"code":"wrong_file","source":"page"');
  });
});

describe('before the rest of it is sent, a release is refused', () => {
  const stranger = newMaker();
  const tampered = Buffer.from(String(good.get(announcement)).replace('0.2.0', '0.9.0'));
  it.each<[string, ReleaseFiles, UpdateFacts, string]>([
    [
      'that somebody has changed',
      new Map(good).set(announcement, tampered),
      {},
      'does not fit: it was changed',
    ],
    ['that nobody knows', made({}, stranger), {}, 'root key that this image does not know'],
    ['that is no release', new Map([[announcement, Buffer.from('hello')]]), {}, 'not one of ours'],
    ['that is past its time', made({ expiresAt: '2026-11-25T12:00:00Z' }), {}, 'could be installed until'],
    [
      'that is below the floor of the image',
      made({ version: '0.0.9', securityFloor: '0.0.1' }),
      {},
      'below 0.1.0, forced or not',
    ],
    ['below the floor of this box', made(), { floor: '0.3.0' }, 'below 0.3.0, forced or not'],
    ['that runs', made({ version: '0.1.0' }), {}, '0.1.0 is what runs'],
    ['for another machine', made({ architecture: 'arm64' }), {}, `no ${announcement} is among the files`],
    [
      'whose key this very upload takes back',
      new Map(good).set(revocationsName, Buffer.from(JSON.stringify(revoke([maker.keyId], maker.root)))),
      {},
      'was taken back',
    ],
  ])('%s', async (...[, chosen, facts, words]) => {
    const desk = await openReleaseDesk(maker);
    await remember(desk, facts);
    const path = await begin(desk, chosen);
    const outcome = await ordered(desk, `${path}/offer`);
    expect(outcome).toMatchObject({ kind: 'update.offer', state: 'refused' });
    expect(outcome.words).toContain(words);
    for (const [name, bytes] of payloadOf(chosen).filter(([file]) => file !== revocationsName))
      expect((await desk.post(`${path}?name=${name}&offset=0`, bytes.subarray(0, 10))).status).toBe(404);
    expect(factsOf(desk).staged).toBeUndefined();
  });

  it('that lies ready already, or for which there is no room', async () => {
    const disk = openSmallDisk(100);
    const desk = await openReleaseDesk(maker, { directory: disk.directory });
    await putIn(desk, good);
    await desk.clock.advance(5000);
    const again = await begin(desk, good);
    expect((await ordered(desk, `${again}/offer`)).words).toBe('0.2.0 lies ready already');
    await desk.post(`${again}/give-up`, {});
    writeFileSync(join(disk.directory, 'filler'), Buffer.alloc(20_000_000));
    const path = await begin(desk, made({ version: '0.2.1' }));
    const outcome = await ordered(desk, `${path}/offer`);
    expect(outcome).toMatchObject({ state: 'refused' });
    expect(outcome.words).toMatch(/^no room for the update: 82 MB are needed on the data partition/);
    expect(factsOf(desk)).toMatchObject({ staged: { version: '0.2.0' }, trouble: { words: outcome.words } });
  });
});

describe('what belongs to no good release is not taken', () => {
  it('from who is not signed in, before a byte of it is read', async () => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    for (const order of ['/api/update/uploads', `${path}/offer`, `${path}/put`, `${path}/give-up`])
      expect([order, (await desk.post(order, {}, 'gatehouse=nobody')).status]).toEqual([order, 401]);
    expect((await ask({ port: desk.port }, path)).status).toBe(401);
    expect(await askedWithoutBody(desk, `${path}?name=${announcement}&offset=0`)).toBe('401');
  });

  it('from a page of another site', async () => {
    const { port, cookie } = await openReleaseDesk(maker);
    const body = { files: [{ name: announcement, bytes: 10 }] };
    for (const headers of [{ origin: 'https://evil.example' }, { 'content-type': 'text/plain' }])
      expect((await ask({ port, body }, '/api/update/uploads', { cookie, ...headers })).status).toBe(403);
  });

  it.each([
    ['with names that lead elsewhere', [{ name: '../../box/box.db', bytes: 10 }]],
    ['with hidden names', [{ name: '.gatehouse', bytes: 10 }]],
    ['with names of folders', [{ name: 'gatehouse/x', bytes: 10 }]],
    ['with an announcement of gigabytes', [{ name: announcement, bytes: 2 ** 31 }]],
    ['with an empty one', [{ name: announcement, bytes: 0 }]],
    ['with nothing', []],
    ['with a hundred files', Array.from({ length: 100 }, (_, at) => ({ name: `gatehouse${at}`, bytes: 1 }))],
  ])('%s', async (_title, files) => {
    const desk = await openReleaseDesk(maker);
    const { status } = await desk.post('/api/update/uploads', { files });
    expect([400, 413]).toContain(status);
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
  });

  it('out of turn, beyond what was said, or under another name', async () => {
    const desk = await openReleaseDesk(maker);
    const bytes = good.get(announcement) ?? Buffer.alloc(0);
    const files = [{ name: announcement, bytes: bytes.length }];
    const { body } = await desk.post('/api/update/uploads', { files });
    const path = `/api/update/uploads/${String(body['upload'])}`;
    const piece = async (name: string, offset: number, part: Uint8Array) =>
      (await desk.post(`${path}?name=${encodeURIComponent(name)}&offset=${offset}`, part)).status;
    expect((await desk.post(`${path}/offer`, {})).status).toBe(409);
    expect((await desk.post(`${path}/put`, {})).status).toBe(409);
    expect(await piece(kernel, 0, kernelBytes.subarray(0, 10))).toBe(404);
    await send(desk, path, { name: announcement, bytes });
    expect(await piece(announcement, bytes.length, Buffer.alloc(1))).toBe(413);
    await ordered(desk, `${path}/offer`);
    for (const name of ['gatehouse_0.2.0.efi.sh', 'gatehouse_0.2.1.efi', 'gatehouse'])
      expect([name, await piece(name, 0, Buffer.alloc(10))]).toEqual([name, 404]);
    for (const name of ['../box/update/x', 'gatehouse/../../x', '/etc/passwd', `${kernel}\0`])
      expect([name, await piece(name, 0, Buffer.alloc(10))]).toEqual([name, 400]);
    expect(await piece(kernel, 5, kernelBytes.subarray(0, 10))).toBe(409);
    expect(await piece(kernel, 0, kernelBytes.subarray(0, 2_000_000))).toBe(200);
    expect(
      await piece(kernel, 2_000_000, Buffer.concat([kernelBytes.subarray(2_000_000), Buffer.from('x')])),
    ).toBe(413);
    expect((await desk.post(`${path}/put`, {})).status).toBe(409);
    expect(filesIn(desk.directory, 'web/release').toSorted()).toEqual([kernel, announcement].toSorted());
  });

  it('while another one is under way, or by another session of the admin', async () => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    const second = await desk.post('/api/update/uploads', { files: [{ name: announcement, bytes: 10 }] });
    expect([second.status, second.body.error?.code]).toEqual([409, 'busy']);
    const other = await desk.signIn();
    for (const order of [`${path}/offer`, `${path}/put`, `${path}/give-up`])
      expect([order, (await desk.post(order, {}, other)).status]).toEqual([order, 404]);
    await desk.post(`${path}/give-up`, {});
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
    expect((await putIn(desk, good)).state).toBe('done');
  });
});

describe('when the line breaks', () => {
  it('the upload goes on where it ended', async () => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    await ordered(desk, `${path}/offer`);
    const piece = async (offset: number, end?: number) =>
      await desk.post(`${path}?name=${kernel}&offset=${offset}`, kernelBytes.subarray(offset, end));
    await piece(0, 1_000_000);
    await cutOff(desk, `${path}?name=${kernel}&offset=1000000`, {
      file: join(desk.directory, 'web/release', kernel),
      bytes: kernelBytes.subarray(1_000_000, 2_500_000),
    });
    expect(await filesOf(desk, path)).toContainEqual({
      name: kernel,
      bytes: kernelBytes.length,
      taken: 1_000_000,
    });
    expect((await piece(1_000_000)).body).toEqual({ bytes: kernelBytes.length });
    for (const [name, bytes] of payloadOf(good)) if (name !== kernel) await send(desk, path, { name, bytes });
    expect((await ordered(desk, `${path}/put`)).state).toBe('done');
  });

  it('nothing is left of an upload that nobody goes on with, or that a restart of the page cut off', async () => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    await desk.clock.advance(170_000);
    expect(filesIn(desk.directory, 'web/release')).toEqual([announcement]);
    await desk.clock.advance(20_000);
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
    expect((await desk.post(`${path}/offer`, {})).status).toBe(404);
    await begin(desk, good);
    await openNetworkPage({ directory: desk.directory });
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
  });

  it('or the disk fills up, the upload is over and says why', async () => {
    const disk = openSmallDisk(100);
    const desk = await openReleaseDesk(maker, { directory: disk.directory });
    const path = await begin(desk, good);
    await ordered(desk, `${path}/offer`);
    disk.fill();
    const full = await desk.post(`${path}?name=${kernel}&offset=0`, kernelBytes);
    expect([full.status, full.body.error?.code]).toEqual([507, 'no_room']);
    expect(filesIn(desk.directory, 'web/release')).toEqual([]);
  });
});

describe('whoever has the page in his hands', () => {
  it.each([
    ['by a link', (file: string) => link(file)],
    ['by other bytes', (file: string) => writeFileSync(file, changed(readFileSync(file)))],
    ['by more bytes', (file: string) => appendFileSync(file, 'x')],
  ])('can change a file %s after it came, and root refuses it', async (_title, change) => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    await ordered(desk, `${path}/offer`);
    for (const [name, bytes] of payloadOf(good)) await send(desk, path, { name, bytes });
    change(join(desk.directory, 'web/release', kernel));
    expect(await ordered(desk, `${path}/put`)).toMatchObject({ state: 'refused' });
    expect(factsOf(desk).staged).toBeUndefined();
    expect(filesIn(desk.directory, 'box')).not.toContain('update.new');
  });

  it('can put another release in the place of the one that was offered, and root judges that one', async () => {
    const desk = await openReleaseDesk(maker);
    const path = await begin(desk, good);
    await ordered(desk, `${path}/offer`);
    for (const [name, bytes] of payloadOf(good)) await send(desk, path, { name, bytes });
    for (const [name, bytes] of made({}, newMaker()))
      writeFileSync(join(desk.directory, 'web/release', name), bytes);
    const outcome = await ordered(desk, `${path}/put`);
    expect(outcome.words).toContain('root key that this image does not know');
  });
});

function link(file: string): void {
  const elsewhere = join(temporaryDirectory(), 'elsewhere');
  renameSync(file, elsewhere);
  symlinkSync(elsewhere, file);
}
