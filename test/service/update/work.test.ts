/** The steps of an update on a box, from a folder with a release to what is told of it. */
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { takeLock } from '../../../appliance/store/process-lock.ts';
import { openStore } from '../../../appliance/store/store.ts';
import { saveCall } from '../../../appliance/store/calls.ts';
import { saveUpdateFacts } from '../../../appliance/store/update-facts.ts';
import { revocationsName } from '../../../appliance/update/names.ts';
import { incomingFolder, stagingFolder } from '../../../appliance/update/needs.ts';
import { takeRelease } from '../../../appliance/update/take.ts';
import { keepRelease, workOnUpdate } from '../../../appliance/update/work.ts';
import { revoke } from '../../../image/release/signing.ts';
import { changed, writePayload } from '../../support/payload.ts';
import { newMaker } from '../../support/release.ts';
import { updateBox } from '../../support/update-box.ts';

const maker = newMaker();
const byHand = { isByHand: true, isForced: false };
const dayMs = 86_400_000;

type Box = ReturnType<typeof updateBox>;

async function plugIn(box: Box, rest = {}, wish = byHand) {
  rmSync(box.stick, { recursive: true, force: true });
  writePayload(box.stick, maker, rest);
  return await takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish });
}

const work = async (box: Box) => await workOnUpdate(box.needs(), box.machine());

it('a good update: taken, installed in the window, proved, told', async () => {
  const box = updateBox(maker);
  expect((await plugIn(box))?.version).toBe('0.2.0');
  expect(readdirSync(stagingFolder(box.needs()))).toHaveLength(4);
  box.clock.set(box.clock.now() + dayMs / 2);
  expect(await work(box)).toBe('0.2.0 lies ready: it waits for the window, 02:00-05:00');
  expect(box.done).toEqual([]);
  box.clock.set(box.clock.now() + dayMs / 2);
  expect(await work(box)).toBe('the box restarts into 0.2.0');
  expect(box.done).toEqual(['install 0.2.0', 'restart']);
  // Looked at again before the machine is down.
  await work(box);
  box.boot('0.2.0', true);
  await work(box);
  expect(box.done).toHaveLength(2);
  expect(box.facts().pending?.to).toBe('0.2.0');
  await keepRelease(box.needs());
  expect(box.facts()).toMatchObject({
    last: { from: '0.1.0', to: '0.2.0', outcome: 'good' },
    floor: '0.1.0',
  });
  expect(box.facts().pending).toBeUndefined();
  expect(readdirSync(stagingFolder(box.needs()))).toEqual([]);
  expect(await work(box)).toBe('nothing to install');
  expect(box.journal()).toEqual([
    'update_staged {"version":"0.2.0","source":"stick"}',
    'update_began {"from":"0.1.0","to":"0.2.0"}',
    'update_succeeded {"from":"0.1.0","to":"0.2.0"}',
  ]);
});

it('a release that does not prove itself is told of, and not tried again by itself', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  await work(box);
  const { pending } = box.facts();
  if (pending === undefined) throw new Error('not installed');
  await box.store.write((tx) =>
    saveUpdateFacts(tx, { pending: { ...pending, trouble: 'the part sip does not run' } }),
  );
  box.boot('0.1.0', false);
  expect(await work(box)).toBe('nothing to install');
  expect(box.facts().last).toMatchObject({ outcome: 'rolled_back', reason: 'the part sip does not run' });
  expect(box.journal().at(-1)).toBe(
    'update_rolled_back {"from":"0.1.0","to":"0.2.0","reason":"the part sip does not run"}',
  );
  // The server still announces it.
  writePayload(incomingFolder(box.needs()), maker);
  await work(box);
  expect(box.done).toEqual(['install 0.2.0', 'restart']);
  expect(box.journal().at(-1)).toContain('"code":"failed_before"');
  // Somebody wants it all the same, and then it is good: that it failed once is forgotten.
  await plugIn(box);
  await work(box);
  box.boot('0.2.0', true);
  await keepRelease(box.needs());
  expect(box.facts()).toMatchObject({ failed: [], last: { outcome: 'good' } });
});

it('a release that vanished in the boot loader is told of without a reason that nobody knows', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  await work(box);
  box.boot('0.1.0', false);
  await work(box);
  expect(box.facts().last?.reason).toBe('it did not come up');
});

it('installing that a power cut ended begins anew', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  const pending = { from: '0.1.0', to: '0.2.0', at: 0, bootId: 'boot 1', isInstalled: false };
  await box.store.write((tx) => saveUpdateFacts(tx, { pending }));
  box.boot('0.1.0', false);
  expect(await work(box)).toBe('the box restarts into 0.2.0');
  expect(box.facts().failed).toBeUndefined();
});

it('a release that ran well is good although a power cut kept that from being written', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  await work(box);
  box.boot('0.2.0', false);
  await work(box);
  expect(box.facts().last?.outcome).toBe('good');
});

it('where installing fails the box goes on, and says so', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  box.trouble.install = 'no space left';
  await expect(work(box)).rejects.toThrow('0.2.0 could not be installed: no space left');
  expect(box.done).toEqual(['install 0.2.0']);
  expect(box.facts().trouble?.words).toContain('no space left');
  delete box.trouble.install;
  expect(await work(box)).toBe('the box restarts into 0.2.0');
});

it('an older release goes first only when it was forced, and then the running one steps back', async () => {
  const box = updateBox(maker);
  box.boot('0.3.0', false);
  await expect(plugIn(box)).rejects.toMatchObject({ code: 'downgrade' });
  await plugIn(box, {}, { isByHand: true, isForced: true });
  await work(box);
  expect(box.done).toEqual(['install 0.2.0', 'set back 0.3.0', 'restart']);
  // The server still announces what was left, and nobody is taken there again by night.
  box.boot('0.2.0', true);
  await keepRelease(box.needs());
  writePayload(incomingFolder(box.needs()), maker, { version: '0.3.0' });
  expect(await work(box)).toBe('nothing to install');
  expect(box.facts().failed).toEqual([{ version: '0.3.0', reason: 'an administrator went back from it' }]);
});

it('a way back that has to prove itself too does not hide what failed', async () => {
  const box = updateBox(maker);
  box.boot('0.3.0', false);
  await plugIn(box, {}, { isByHand: true, isForced: true });
  await work(box);
  // The lower one has used up its tries, and the one that stepped back is counted as well.
  box.boot('0.3.0', true);
  await keepRelease(box.needs());
  await work(box);
  expect(box.facts().last).toMatchObject({ from: '0.3.0', to: '0.2.0', outcome: 'rolled_back' });
});

it('below the floor of a release that proved itself nothing is taken, forced or not', async () => {
  const box = updateBox(maker);
  await box.store.write((tx) => saveUpdateFacts(tx, { floor: '0.2.5' }));
  box.boot('0.3.0', false);
  await expect(plugIn(box, {}, { isByHand: true, isForced: true })).rejects.toMatchObject({
    code: 'below_floor',
  });
  await keepRelease(box.needs());
  expect(box.facts().floor).toBe('0.2.5');
});

it('what was changed on the disk since it was taken is not installed', async () => {
  const box = updateBox(maker);
  const manifest = await plugIn(box);
  appendFileSync(join(stagingFolder(box.needs()), manifest?.files[0]?.name ?? ''), 'x');
  expect(await work(box)).toContain('its release says');
  expect(box.done).toEqual([]);
  expect(box.facts().staged).toBeUndefined();
});

it('a key that is taken back while its release lies ready keeps it from being installed', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  writeFileSync(join(box.stick, revocationsName), JSON.stringify(revoke([maker.keyId], maker.root)));
  await expect(
    takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish: byHand }),
  ).rejects.toMatchObject({ code: 'revoked_key' });
  expect(await work(box)).toContain('was taken back');
  expect(box.done).toEqual([]);
  // And an older list does not give it back.
  rmSync(join(box.stick, revocationsName));
  await expect(plugIn(box)).rejects.toMatchObject({ code: 'revoked_key' });
});

it('a release that expired while it waited is not installed', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  box.clock.set(box.clock.now() + 90 * dayMs);
  expect(await work(box)).toContain('could be installed until');
  expect(box.done).toEqual([]);
});

it('a call is not cut off, but by somebody who says now', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  using sip = openStore({ directory: box.state, part: 'sip', clock: box.clock });
  const call = { id: 'a', direction: 'inbound', from: 'sip:1@a', to: 'sip:2@a', startedAt: 1 } as const;
  await sip.write(({ db }) => saveCall(db, call));
  expect(await work(box)).toBe('0.2.0 lies ready: a call goes on');
  await box.store.write((tx) => saveUpdateFacts(tx, { ordered: { version: '0.2.0', isNow: true, at: 1 } }));
  expect(await work(box)).toBe('the box restarts into 0.2.0');
});

it.each([
  ['with a changed file', (file: string) => writeFileSync(file, changed(readFileSync(file)))],
  ['with a cut file', (file: string) => truncateSync(file, 100)],
  ['that lacks a file', (file: string) => rmSync(file)],
])('a release %s is refused, and what lies ready stays and is installed', async (_title, spoil) => {
  const box = updateBox(maker);
  await plugIn(box);
  const before = readdirSync(stagingFolder(box.needs()));
  await box.store.write((tx) => saveUpdateFacts(tx, { ordered: { version: '0.2.0', isNow: true, at: 1 } }));
  rmSync(box.stick, { recursive: true });
  const { files } = writePayload(box.stick, maker, { version: '0.2.1' });
  spoil(join(box.stick, files.at(-1)?.name ?? ''));
  await expect(
    takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish: byHand }),
  ).rejects.toMatchObject({ code: 'wrong_file' });
  expect(box.facts()).toMatchObject({ staged: { version: '0.2.0' }, ordered: { version: '0.2.0' } });
  expect(readdirSync(stagingFolder(box.needs()))).toEqual(before);
  expect(readdirSync(join(box.state, 'box'))).not.toContain('update.new');
  expect(await work(box)).toBe('the box restarts into 0.2.0');
});

it('a release that is brought while another one proves itself lies ready afterwards', async () => {
  const box = updateBox(maker);
  await plugIn(box);
  await work(box);
  box.boot('0.2.0', true);
  await plugIn(box, { version: '0.2.1' });
  await keepRelease(box.needs());
  expect(box.facts()).toMatchObject({ last: { to: '0.2.0', outcome: 'good' }, staged: { version: '0.2.1' } });
});

it('a release waits for who takes or installs another one just now', async () => {
  const box = updateBox(maker);
  const other = takeLock(`${stagingFolder(box.needs())}.lock`);
  const taking = plugIn(box);
  const stagedSoon = async () => {
    await new Promise((resolve) => setImmediate(resolve));
    await box.clock.advance(1000);
    return box.facts().staged?.version;
  };
  for (let seconds = 0; seconds < 100; seconds += 1) expect(await stagedSoon()).toBeUndefined();
  other?.[Symbol.dispose]();
  await expect.poll(stagedSoon).toBe('0.2.0');
  await taking;
});

it('what a power cut left of a release that was being taken is gone with the next one', async () => {
  const box = updateBox(maker);
  const left = join(box.state, 'box/update.new/gatehouse_0.1.9.efi.part');
  mkdirSync(dirname(left), { recursive: true });
  writeFileSync(left, 'half');
  await plugIn(box);
  expect(readdirSync(stagingFolder(box.needs()))).toHaveLength(4);
  expect(existsSync(dirname(left))).toBe(false);
});

it('without automatic updates somebody has to say so', async () => {
  const box = updateBox(maker, '[update]\nautomatic = false\n');
  await plugIn(box);
  expect(await work(box)).toBe('0.2.0 waits until somebody says so');
  await box.store.write((tx) => saveUpdateFacts(tx, { ordered: { version: '0.2.0', isNow: false, at: 1 } }));
  expect(await work(box)).toBe('the box restarts into 0.2.0');
});

it('an order is for the release that lay ready when it was given', async () => {
  const box = updateBox(maker, '[update]\nautomatic = false\n');
  await plugIn(box);
  await box.store.write((tx) => saveUpdateFacts(tx, { ordered: { version: '0.2.0', isNow: true, at: 1 } }));
  await plugIn(box, { version: '0.2.1' });
  expect(await work(box)).toBe('0.2.1 waits until somebody says so');
});

it('a stick without a release changes nothing', async () => {
  const box = updateBox(maker);
  writePayload(box.stick, newMaker());
  await expect(
    takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish: byHand }),
  ).rejects.toMatchObject({ code: 'unknown_key' });
  expect(existsSync(stagingFolder(box.needs()))).toBe(false);
  expect(box.facts().staged).toBeUndefined();
  rmSync(box.stick, { recursive: true });
  expect(
    await takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish: byHand }),
  ).toBeUndefined();
});
