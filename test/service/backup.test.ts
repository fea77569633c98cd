/** A box's facts sealed into a file while its parts write, and put back in the place of others. */
import {
  closeSync,
  mkdirSync,
  rmSync,
  existsSync,
  openSync,
  readdirSync,
  readFileSync,
  statSync,
  utimesSync,
  watch,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeBackup } from '../../appliance/store/backup/backup-file.ts';
import { putBack } from '../../appliance/store/backup/put-back.ts';
import { unseal } from '../../appliance/store/backup/sealed-file.ts';
import { takeBackup } from '../../appliance/store/backup/take.ts';
import { newCursor, readCursor, saveCursor } from '../../appliance/store/cursors.ts';
import { readLeases } from '../../appliance/store/leases.ts';
import { openReader } from '../../appliance/store/reader.ts';
import { openSecrets } from '../../appliance/store/secrets.ts';
import { systemClock } from '../../appliance/world.ts';
import { temporaryDirectory } from '../support/directory.ts';
import { openSite } from '../support/site.ts';

const passphrase = 'correct horse battery staple';

/** One box with a lease, a secret, a cursor, a certificate and a file that its settings name; the backup of it is `file`. */
async function backedUp() {
  const directory = temporaryDirectory();
  const stateDirectory = join(directory, 'state');
  const [settingsFile, token, file] = ['gatehouse.toml', 'token', 'box.backup'].map((name) =>
    join(directory, name),
  );
  if (settingsFile === undefined || token === undefined || file === undefined) throw new Error('no path');
  writeFileSync(settingsFile, 'the settings');
  writeFileSync(token, 'the token', { mode: 0o600 });
  const site = openSite(stateDirectory, systemClock);
  await site.lease('00:15:65:aa:00:01', '10.66.0.101');
  const cursor = { ...newCursor('dhcp'), seq: 7 };
  await site.write('cloud', ({ db }) => saveCursor(db, cursor, systemClock.now()));
  using secrets = openSecrets(stateDirectory, 'provisioning', systemClock);
  await secrets.write((writer) => writer.put('account', Buffer.from('its password')));
  site.report('dhcp');
  const named = [token];
  const backup = (more: readonly string[] = []) => {
    const handle = openSync(file, 'w');
    try {
      return takeBackup({ stateDirectory, settingsFile, named: [...named, ...more] }, handle, {
        passphrase,
        scratch: directory,
      });
    } finally {
      closeSync(handle);
    }
  };
  const restore = (to = directory, words = passphrase) => {
    const handle = openSync(file, 'r');
    try {
      const settings = { stateDirectory: join(to, 'state'), named };
      return putBack(unseal(handle, words), {
        settingsFile: join(to, 'gatehouse.toml'),
        readSettings: () => settings,
        now: 0,
      });
    } finally {
      closeSync(handle);
    }
  };
  return { directory, stateDirectory, settingsFile, token, file, site, cursor, named, backup, restore };
}

it('what was committed when it was taken is there on another box, and no more', async () => {
  const box = await backedUp();
  expect(box.backup().files).toBeGreaterThan(5);
  await box.site.lease('00:15:65:aa:00:02', '10.66.0.102');
  const other = temporaryDirectory();
  expect(box.restore(other).kept).toEqual([]);
  using reader = openReader(join(other, 'state'), 'dhcp');
  expect(reader && readLeases(reader.db).map(({ mac }) => mac)).toEqual(['00:15:65:aa:00:01']);
  using secrets = openSecrets(join(other, 'state'), 'provisioning', systemClock);
  expect(secrets.get('account')?.value.toString()).toBe('its password');
  expect(statSync(join(other, 'state/provisioning/provisioning.key')).mode & 0o777).toBe(0o600);
  expect(readFileSync(join(other, 'gatehouse.toml'), 'utf8')).toBe('the settings');
});

it('rows that come after a restore are not taken for those that the cloud has under their numbers', async () => {
  const box = await backedUp();
  box.backup();
  const other = temporaryDirectory();
  box.restore(other);
  using reader = openReader(join(other, 'state'), 'cloud');
  const cursor = reader && readCursor(reader.db, 'dhcp');
  expect(cursor?.seq).toBe(7);
  expect(cursor?.journal).not.toBe(box.cursor.journal);
});

it('what was there before stays beside it, and what is the same is not kept twice', async () => {
  const box = await backedUp();
  box.backup();
  writeFileSync(box.settingsFile, 'changed since');
  const { kept } = box.restore();
  const [settings, state] = kept;
  expect(kept).toHaveLength(2);
  expect(readFileSync(settings ?? '', 'utf8')).toBe('changed since');
  expect(existsSync(join(state ?? '', 'dhcp/dhcp.db'))).toBe(true);
  expect(readFileSync(box.settingsFile, 'utf8')).toBe('the settings');
});

it('a step that fails in the end takes back those before it', async () => {
  const box = await backedUp();
  box.backup();
  writeFileSync(box.settingsFile, 'changed since');
  writeFileSync(box.token, 'another token');
  // Where the former token would be kept.
  mkdirSync(`${box.token}.before-19700101T000000Z/full`, { recursive: true });
  expect(() => box.restore()).toThrow(/EISDIR/);
  expect(readFileSync(box.settingsFile, 'utf8')).toBe('changed since');
  expect(readFileSync(box.token, 'utf8')).toBe('another token');
  expect(readdirSync(box.directory).filter((name) => name.includes('gatehouse.toml'))).toEqual([
    'gatehouse.toml',
  ]);
});

it('measurements, firmware, uploads and what is broken are left out', async () => {
  const box = await backedUp();
  expect(existsSync(join(box.stateDirectory, 'dhcp/dhcp.telemetry.db'))).toBe(true);
  writeFileSync(join(box.stateDirectory, 'dhcp/upload'), 'a backup that was to be put back');
  writeFileSync(join(box.stateDirectory, 'dhcp/dhcp.db.broken-1'), 'what was set aside');
  box.backup();
  const other = temporaryDirectory();
  box.restore(other);
  expect(readdirSync(join(other, 'state/dhcp'))).toEqual(['dhcp.db']);
});

it.each([
  ['a passphrase that is not its own', 'a', (): void => undefined],
  ['a file that was changed', passphrase, (file: string) => spoil(file)],
])('%s leaves the box as it was', async (_what, words, change) => {
  const box = await backedUp();
  box.backup();
  change(box.file);
  const before = readdirSync(box.directory).toSorted();
  expect(() => box.restore(box.directory, words)).toThrow(/passphrase|damaged/);
  expect(readdirSync(box.directory).toSorted()).toEqual(before);
});

it('a folder that the settings name comes back whole', async () => {
  const box = await backedUp();
  const templates = join(box.directory, 'templates');
  mkdirSync(join(templates, 'poly'), { recursive: true });
  const names = [
    'site.xml.liquid',
    'site.xml~',
    '#site.xml#',
    'Büro (alt).xml',
    'upload',
    'a.new',
    '.hidden',
  ];
  for (const name of names) writeFileSync(join(templates, 'poly', name), 'ours');
  box.named.push(templates);
  box.backup();
  rmSync(templates, { recursive: true });
  box.restore();
  expect(readdirSync(join(templates, 'poly')).toSorted()).toEqual(names.toSorted());
  expect(readFileSync(join(templates, 'poly/site.xml.liquid'), 'utf8')).toBe('ours');
});

it('a name that no restore would take is told when the backup is taken', async () => {
  const box = await backedUp();
  const templates = join(box.directory, 'templates');
  mkdirSync(templates);
  writeFileSync(join(templates, 'line\nend'), '');
  box.named.push(templates);
  expect(() => box.backup()).toThrow('rename it');
});

it('a file that its settings do not name is put nowhere', async () => {
  const box = await backedUp();
  const strange = join(box.directory, 'strange');
  writeFileSync(strange, 'x');
  box.backup([strange]);
  expect(() => box.restore()).toThrow(`${strange} is in it`);
});

it('a database that only a newer release can use is refused before anything changes', async () => {
  const box = await backedUp();
  await box.site.write('dhcp', ({ db }) => db.pragma('application_id = 99'));
  box.backup();
  const other = temporaryDirectory();
  expect(() => box.restore(other)).toThrow('dhcp.db is of a newer release');
  expect(readdirSync(other)).toEqual([]);
});

function spoil(file: string): void {
  const bytes = readFileSync(file);
  bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) ^ 1;
  writeFileSync(file, bytes);
}

it('what a backup or a restore that was killed left goes with the next one; what goes on stays', async () => {
  const box = await backedUp();
  const [abandoned, young] = ['killed', 'goes-on'].map((name) => {
    const folders = ['.gatehouse-backup-', '.state-restored-'].map((stem) =>
      join(box.directory, stem + name),
    );
    for (const folder of folders) mkdirSync(folder);
    for (const folder of folders) writeFileSync(join(folder, 'snapshot.db'), 'of a thousand phones');
    return folders;
  });
  for (const folder of abandoned ?? []) utimesSync(folder, new Date('2020-01-01'), new Date('2020-01-01'));
  box.backup();
  box.restore();
  expect(abandoned?.map((folder) => existsSync(folder))).toEqual([false, false]);
  expect(young?.map((folder) => existsSync(folder))).toEqual([true, true]);
});

it('beside a backup nothing is written that is not sealed', async () => {
  const box = await backedUp();
  const stick = join(box.directory, 'stick');
  mkdirSync(stick);
  const seen = new Set<string>();
  const watcher = watch(stick, (_event, name) => seen.add(String(name)));
  const what = { stateDirectory: box.stateDirectory, settingsFile: box.settingsFile, named: [] };
  writeBackup(what, join(stick, 'box.backup'), { passphrase });
  await expect.poll(() => [...seen].toSorted()).toEqual(['box.backup', 'box.backup.part']);
  watcher.close();
  expect(readdirSync(stick)).toEqual(['box.backup']);
  expect(readdirSync(box.stateDirectory).filter((name) => name.startsWith('.'))).toEqual([]);
});
