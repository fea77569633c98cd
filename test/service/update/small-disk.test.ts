/** A release on a data partition with little room. Needs root. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { takeRelease } from '../../../appliance/update/take.ts';
import { workOnUpdate } from '../../../appliance/update/work.ts';
import { changed, writePayload } from '../../support/payload.ts';
import { newMaker } from '../../support/release.ts';
import { openSmallDisk } from '../../support/small-disk.ts';
import { updateBox } from '../../support/update-box.ts';

const maker = newMaker();

const damage = (file: string): void => writeFileSync(file, changed(readFileSync(file)));

/** Payloads have 9 MB, and 64 MiB must stay free. */
function openBox(megabytes: number) {
  const { directory } = openSmallDisk(megabytes);
  const box = updateBox(maker, '', directory);
  const plugIn = async (version: string, spoil: (file: string) => void = () => undefined) => {
    rmSync(box.stick, { recursive: true, force: true });
    const { files } = writePayload(box.stick, maker, { version });
    spoil(join(box.stick, files.at(-1)?.name ?? ''));
    const wish = { isByHand: true, isForced: false };
    return await takeRelease(box.needs(), { folder: box.stick, source: 'stick', wish });
  };
  return { ...box, plugIn };
}

it('where there is no room for it, a release is refused with words', async () => {
  const box = openBox(70);
  await expect(box.plugIn('0.2.0')).rejects.toMatchObject({ code: 'no_room' });
  expect(box.facts().trouble?.words).toMatch(/^no room for the update: 73 MB are needed/);
  expect(box.journal().at(-1)).toContain('"code":"no_room"');
});

it('where there is room for one only, what lies ready gives way to a release that is whole, and to no other', async () => {
  const box = openBox(80);
  await box.plugIn('0.2.0');
  await expect(box.plugIn('0.2.1', damage)).rejects.toMatchObject({ code: 'wrong_file' });
  expect(box.facts().staged?.version).toBe('0.2.0');
  await box.plugIn('0.2.2');
  expect(await workOnUpdate(box.needs(), box.machine())).toBe('the box restarts into 0.2.2');
});
