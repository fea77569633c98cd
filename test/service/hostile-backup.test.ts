/** Backups that somebody made by hand, well sealed and with the right passphrase: nothing of them lands where it should not. */
import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { array, asyncProperty, assert, constantFrom, nat, record, string } from 'fast-check';
import { expect, it } from 'vitest';
import { entryLine, type Entry } from '../../appliance/store/backup/entries.ts';
import { putBack } from '../../appliance/store/backup/put-back.ts';
import { BackupError } from '../../appliance/store/backup/sealed-file.ts';
import { temporaryDirectory } from '../support/directory.ts';

const me = { user: 'root', group: 'root' };

interface Made {
  readonly path: string;
  readonly kind?: Entry['kind'];
  readonly mode?: number;
  readonly content?: Buffer;
  /** What it says, whatever comes. */
  readonly size?: number;
}

const folder = (path: string, mode = 0o755): Made => ({ path, kind: 'folder', mode });
const settings: Made = { path: 'settings', content: Buffer.from('the settings') };

/** A place for one box with its own settings, and what a backup that was opened consists of. */
function openBox(entries: readonly Made[]) {
  const home = temporaryDirectory();
  mkdirSync(join(home, 'state/dhcp'), { recursive: true });
  mkdirSync(join(home, 'state/box'));
  writeFileSync(join(home, 'state/box/box.db'), 'what root remembers');
  writeFileSync(join(home, 'gatehouse.toml'), 'as it was');
  const pieces = entries.flatMap(({ path, kind = 'file', mode = 0o640, content = Buffer.alloc(0), size }) => [
    entryLine({ path, kind, size: size ?? content.length, mode, ...me }),
    content,
  ]);
  const restore = () =>
    putBack(pieces, {
      settingsFile: join(home, 'gatehouse.toml'),
      readSettings: () => ({ stateDirectory: join(home, 'state'), named: [] }),
      now: 0,
    });
  return { home, restore };
}

const hostile: readonly [string, readonly Made[], RegExp][] = [
  ['settings larger than a memory', [{ path: 'settings', size: 2 ** 40 }], /settings .* larger/],
  [
    'settings of a megabyte too much',
    [{ ...settings, content: Buffer.alloc(2 ** 21) }],
    /settings .* larger/,
  ],
  ['no settings', [folder('state/dhcp')], /no settings/],
  ['settings twice', [settings, settings], /settings .* twice/],
  [
    'what root remembers of updates',
    [settings, folder('state/box'), { path: 'state/box/box.db' }],
    /state\/box .* no backup/,
  ],
  ['a folder of no part', [settings, folder('state/elsewhere')], /no backup/],
  ['a file beside the parts', [settings, { path: 'state/dhcp' }], /no backup/],
  ['a file in a folder that is not there', [settings, { path: 'state/dhcp/a/b' }], /fit/],
  [
    'a file twice',
    [settings, folder('state/dhcp'), { path: 'state/dhcp/a' }, { path: 'state/dhcp/a' }],
    /fit/,
  ],
  [
    'a file below a file',
    [settings, folder('state/dhcp'), { path: 'state/dhcp/a' }, { path: 'state/dhcp/a/b' }],
    /fit/,
  ],
  [
    'a database that is none',
    [settings, folder('state/dhcp'), { path: 'state/dhcp/dhcp.db', content: Buffer.alloc(5000, 'x') }],
    /damaged/,
  ],
  [
    'a folder in the place of a database',
    [settings, folder('state/dhcp'), folder('state/dhcp/dhcp.db')],
    /damaged/,
  ],
  [
    'more than the disk holds',
    [settings, folder('state/dhcp'), { path: 'state/dhcp/a', size: 2 ** 52 }],
    /no room/,
  ],
];

const filesIn = (home: string) => readdirSync(home, { recursive: true, encoding: 'utf8' }).toSorted();

it.each(hostile)('%s: refused with words, and all stays as it was', (_what, entries, words) => {
  const { home, restore } = openBox(entries);
  const before = filesIn(home);
  expect(restore).toThrow(BackupError);
  expect(restore).toThrow(words);
  expect(filesIn(home)).toEqual(before);
});

it('no file comes back as a program that runs as its owner or group', () => {
  const { home, restore } = openBox([
    settings,
    folder('state/web', 0o2750),
    { path: 'state/web/sh', mode: 0o6755 },
  ]);
  restore();
  expect(statSync(join(home, 'state/web/sh')).mode & 0o7777).toBe(0o755);
  expect(statSync(join(home, 'state/web')).mode & 0o7777).toBe(0o2750);
});

const segment = constantFrom(
  'state',
  'named',
  'settings',
  'dhcp',
  'box',
  'etc',
  '..',
  '.',
  '',
  'dhcp.db',
  'a',
);
const anyEntry = record({
  path: array(segment, { minLength: 1, maxLength: 5 }).map((names) => names.join('/')),
  kind: constantFrom('file' as const, 'folder' as const),
  mode: nat(0o7777),
  content: string({ maxLength: 40 }).map((text) => Buffer.from(text)),
  size: nat(60),
});

it('whatever its files are called and say of themselves, nothing lands outside of the box', async () => {
  await assert(
    asyncProperty(array(anyEntry, { maxLength: 6 }), async (entries) => {
      const { home, restore } = openBox([settings, ...entries]);
      const outside = join(home, '../etc');
      const failed = await Promise.resolve()
        .then(restore)
        .then(
          () => undefined,
          (error: unknown) => error,
        );
      expect(failed === undefined || failed instanceof BackupError).toBe(true);
      expect(existsSync(outside)).toBe(false);
      const names = readdirSync(home).filter(
        (name) => !/^(?:state|gatehouse\.toml)(?:\.before-\w+)?$/.test(name),
      );
      expect(names).toEqual([]);
    }),
    { numRuns: 300 },
  );
}, 120_000);
