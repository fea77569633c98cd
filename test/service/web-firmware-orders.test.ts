/** What the admin orders about firmware, and what the provisioning part makes of it. */
import { existsSync, mkdirSync, readdirSync, symlinkSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { giveBoxOrder } from '../../appliance/store/box-orders.ts';
import { readOutcome } from '../../appliance/store/outcomes.ts';
import { endSession } from '../../appliance/store/sessions.ts';
import { openStore } from '../../appliance/store/store.ts';
import { until } from '../support/command.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { ended, openDesk } from '../support/desk.ts';
import { begin, stored } from '../support/firmware-desk.ts';
import { putFirmware } from '../support/firmware-folder.ts';
import { ask } from '../support/page.ts';
import { startSite } from '../support/provisioning.ts';

describe('an order about firmware', () => {
  it('takes out a release of exactly that name', async () => {
    const desk = await openDesk();
    putFirmware(desk.directory, 'yealink/T46S/66.86.5.1/T46S.rom', 'firmware');
    putFirmware(desk.directory, 'yealink/T46S/66.85.0.5/T46S.rom', 'firmware');
    await using _site = await startSite({ directory: desk.directory });
    const remove = async (version: string) =>
      await ended(
        desk,
        await desk.post('/api/firmware/remove', { vendor: 'yealink', model: 'T46S', version }),
      );
    expect(await remove('66.86.5.2')).toMatchObject({ state: 'refused' });
    expect(await remove('..')).toMatchObject({ state: 'refused' });
    expect(await remove('66.86.5.1')).toMatchObject({ state: 'done' });
    const models = join(desk.directory, 'provisioning/firmware/yealink/T46S');
    expect(readdirSync(models)).toEqual(['66.85.0.5']);
    const view = JSON.parse(
      (await ask({ port: desk.port }, '/api/firmware', { cookie: desk.cookie })).text,
    ) as {
      releases: { version: string }[];
    };
    expect(view.releases.map(({ version }) => version)).toEqual(['66.85.0.5']);
  });

  it('pauses the offers, and goes on', async () => {
    const desk = await openDesk();
    await using _site = await startSite({ directory: desk.directory });
    const isPaused = async () =>
      (
        JSON.parse((await ask({ port: desk.port }, '/api/firmware', { cookie: desk.cookie })).text) as {
          paused: boolean;
        }
      ).paused;
    await ended(desk, await desk.post('/api/firmware/pause', {}));
    expect(await isPaused()).toBe(true);
    await ended(desk, await desk.post('/api/firmware/resume', {}));
    expect(await isPaused()).toBe(false);
    expect((await desk.post('/api/firmware/give', {})).status).toBe(400);
  });

  it('is not carried out for who was not signed in then, too late, or with words of somebody else', async () => {
    const desk = await openDesk();
    await begin(desk);
    await using _site = await startSite({ directory: desk.directory });
    const uploaded = join(desk.directory, 'web/firmware/11111111-1111-4111-8111-111111111111');
    mkdirSync(join(uploaded, '..'), { recursive: true });
    symlinkSync('/etc/hostname', uploaded);
    const web = openStore({ directory: desk.directory, part: 'web', clock: desk.clock });
    const now = desk.clock.now();
    const { id: session } = web.db.prepare('SELECT id FROM session').get() as { id: string };
    const give = async (words: Record<string, string>, more: object = {}) => {
      const order = {
        kind: 'firmware.add',
        arguments: words,
        session,
        givenAt: now,
        deadlineAt: now + 60_000,
      };
      const id = await web.write((tx) => giveBoxOrder(tx, { ...order, ...more }, 'part_order'));
      return (await ended(desk, { status: 200, body: { order: id } })).words;
    };
    const words = {
      vendor: 'yealink',
      model: 'T46S',
      version: '66.86.5.1',
      name: 'T46S.rom',
      upload: '11111111-1111-4111-8111-111111111111',
    };
    expect(await give(words)).toContain('what was uploaded is gone');
    expect(await give({ ...words, upload: '../web.db' })).toContain('no good upload');
    expect(await give({ ...words, version: '../../..' })).toContain('no good version');
    expect(await give({ ...words, vendor: '..' })).toContain('no vendor');
    expect(await give(words, { session: 'nobody' })).toContain('nobody was signed in');
    expect(await give(words, { deadlineAt: now - 1 })).toContain('too late');
    await web.write(({ db }) => endSession(db, session, now - 1));
    expect(await give(words)).toContain('nobody was signed in');
    expect(existsSync(join(desk.directory, stored))).toBe(false);
  });

  it('that a kill of the part cut off is told so, and is not begun again', async () => {
    const desk = await openDesk();
    {
      await using _first = await startSite({ directory: desk.directory });
    }
    const provisioning = openStore({ directory: desk.directory, part: 'provisioning', clock: desk.clock });
    await provisioning.write(({ db }) =>
      db
        .prepare(
          "INSERT INTO outcome VALUES ('cut', 'firmware.add', 'running', '', 1, 1, '1@' || 'another boot')",
        )
        .run(),
    );
    await using _site = await startSite({ directory: desk.directory });
    expect(readOutcome(desk.directory, 'cut')).toMatchObject({ state: 'failed' });
  });
});

it('a half that a power cut left in the folder goes when nobody writes to it any more', async () => {
  const directory = temporaryDirectory();
  const half = putFirmware(directory, 'yealink/T46S/66.86.5.1/.T46S.rom.part', 'half');
  putFirmware(directory, 'yealink/T46S/66.86.5.1/T46S.rom', 'firmware');
  utimesSync(half, new Date(Date.now() - 700_000), new Date(Date.now() - 700_000));
  const fresh = putFirmware(directory, 'yealink/T46S/66.86.5.1/.T46S2.rom.part', 'half');
  await using _site = await startSite({ directory });
  await until('the look', () => !existsSync(half) || undefined, { timeoutMs: 5000, everyMs: 10 });
  expect(existsSync(fresh)).toBe(true);
});
